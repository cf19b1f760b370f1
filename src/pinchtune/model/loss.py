"""Cross-entropy of target tokens: the output layer is applied to nothing else."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from pinchtune.errors import UsageError
from pinchtune.model.fused import Losses
from pinchtune.model.head import Blocks, pack_head, token_losses, token_nats


class TargetLoss(nn.Module):
    """A causal language model seen as one function: tokens in, losses of target tokens out."""

    def __init__(self, model: Any, packed: bool = False, losses: Losses | None = None) -> None:
        super().__init__()
        self.model = model
        inner: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._decoder: Any = inner.get_decoder()
        self._head: Any = inner.get_output_embeddings()
        config = inner.config.get_text_config()
        self._softcap = float(getattr(config, "final_logit_softcapping", None) or 0.0)
        if getattr(self._head, "bias", None) is not None or not hasattr(self._head, "weight"):
            raise UsageError("models whose output layer has a bias are not supported yet")
        self._losses: Losses = losses or token_losses
        # For weights that stay as they are: the blocks are a copy, laid out for the product.
        self._blocks: Blocks = pack_head(self._head.weight) if packed else ()

    def hidden(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the last hidden states [B, T, D] of token ids [B, T]."""
        states: Tensor = self._decoder(
            input_ids=ids, attention_mask=mask, use_cache=False
        ).last_hidden_state
        return states

    def forward(self, ids: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the loss in nats of each target token, row by row, float32 [N].

        ids, mask and targets are [B, T]; targets marks the tokens to predict.
        """
        states = self.hidden(ids, mask)[:, :-1][targets[:, 1:]]
        return self._losses(states, self._head.weight, ids[:, 1:][targets[:, 1:]], self._softcap)

    @torch.no_grad()
    def nats(self, ids: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the summed loss of each row in nats, float64 [B], without a gradient."""
        states = self.hidden(ids, mask)[:, :-1][targets[:, 1:]]
        wanted, rows = ids[:, 1:][targets[:, 1:]], targets[:, 1:].nonzero()[:, 0]
        losses = token_nats(states, self._head.weight, wanted, self._softcap, self._blocks)
        sums = torch.zeros(len(ids), dtype=torch.float64)
        return sums.index_add_(0, rows.cpu(), losses.cpu().double())


class HeadMismatch(NamedTuple):
    """Largest distance between our losses and the model's own on a probe."""

    distance: float
    allowed: float


def check_head(loss: TargetLoss, ids: Tensor) -> HeadMismatch:
    """Compare our losses with the model's own logits on ids [1, T]; UsageError if they differ.

    Models that scale or shift their logits in a way that we do not know would be tuned on
    the wrong loss; this stops before the first step.
    """
    mask = torch.ones_like(ids)
    targets = mask.bool()
    ours = float(loss.nats(ids, mask, targets)[0])
    with torch.no_grad():
        logits = loss.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    theirs = float(nn.functional.cross_entropy(logits[0, :-1].float(), ids[0, 1:], reduction="sum"))
    found = HeadMismatch(abs(ours - theirs), 0.02 * abs(theirs) + 1e-3)
    if found.distance > found.allowed:
        raise UsageError(
            f"this model changes its logits in a way that pinchtune does not know "
            f"(loss {ours:.4f}, the model's own {theirs:.4f}); choose another base model"
        )
    return found
