"""Cross-entropy of target tokens: the output layer is applied to nothing else."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from pinchtune.errors import UsageError
from pinchtune.model.attention import NAME, only_attends
from pinchtune.model.fused import Losses
from pinchtune.model.head import Blocks, pack_head, plain_logits, token_losses, token_nats
from pinchtune.model.layers import softcap

JOINED_DISTANCE = 0.02
"""Relative distance of states up to which joined rows are taken for rows apart: roundings in
bfloat16 are a tenth of it, and a row that sees another is far beyond."""
LOGITS_DISTANCE = 0.02
"""Relative distance of logits up to which they are taken for the same: roundings in bfloat16 are
a fifth of it, however large the logits are."""


class TargetLoss(nn.Module):
    """A causal language model seen as one function: tokens in, losses of target tokens out."""

    def __init__(self, model: Any, packed: bool = False, losses: Losses | None = None) -> None:
        super().__init__()
        self.model = model
        inner: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._decoder: Any = inner.get_decoder()
        self._head: Any = inner.get_output_embeddings()
        config = inner.config.get_text_config()
        self._softcap = softcap(inner)
        if getattr(self._head, "bias", None) is not None or not hasattr(self._head, "weight"):
            raise UsageError("models whose output layer has a bias are not supported yet")
        self._losses: Losses = losses or token_losses
        # For weights that stay as they are: the blocks are a copy, laid out for the product.
        self._blocks: Blocks = pack_head(self._head.weight) if packed else ()
        self.joins = (
            config._attn_implementation == NAME and only_attends(inner) and self._can_join()
        )
        """True if rows of unlike length are joined instead of padded."""

    def hidden(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the last hidden states [B, T, D] of token ids [B, T]."""
        states: Tensor = self._decoder(
            input_ids=ids, attention_mask=mask, use_cache=False
        ).last_hidden_state
        return states

    def joined(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the last hidden states of the tokens alone, row after row [N, D]."""
        kept, lengths = mask.bool(), mask.sum(1)
        positions = (mask.cumsum(1) - 1)[kept]
        states: Tensor = self._decoder(
            input_ids=ids[kept][None],
            position_ids=positions[None],
            use_cache=False,
            row_lengths=lengths.tolist(),
        ).last_hidden_state
        return states[0]

    @torch.no_grad()
    def _can_join(self) -> bool:
        """Return True if rows that are joined do not see each other in this model."""
        ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 0]], device=self._head.weight.device)
        apart, mask = self.hidden(ids[1:, :3], torch.ones_like(ids[1:, :3]))[0], (ids > 0).long()
        distance = (self.joined(ids, mask)[4:] - apart).norm() / apart.norm()
        return bool(distance < JOINED_DISTANCE)

    def _predicting(self, ids: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the states [N, D] that the target tokens are predicted from."""
        if not self.joins or bool(mask.all()):
            return self.hidden(ids, mask)[:, :-1][targets[:, 1:]]
        ahead = nn.functional.pad(targets[:, 1:], (0, 1))
        return self.joined(ids, mask)[ahead[mask.bool()]]

    def forward(self, ids: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the loss in nats of each target token, row by row, float32 [N].

        ids, mask and targets are [B, T]; targets marks the tokens to predict.
        """
        states = self._predicting(ids, mask, targets)
        return self._losses(states, self._head.weight, ids[:, 1:][targets[:, 1:]], self._softcap)

    @torch.no_grad()
    def nats(self, ids: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the summed loss of each row in nats, float64 [B], without a gradient."""
        states = self._predicting(ids, mask, targets)
        wanted, rows = ids[:, 1:][targets[:, 1:]], targets[:, 1:].nonzero()[:, 0]
        losses = token_nats(states, self._head.weight, wanted, self._softcap, self._blocks)
        sums = torch.zeros(len(ids), dtype=torch.float64)
        return sums.index_add_(0, rows.cpu(), losses.cpu().double())

    @torch.no_grad()
    def logits(self, ids: Tensor) -> Tensor:
        """Return the logits [T, V] that our losses of ids [1, T] come from, all at once."""
        states = self.hidden(ids, torch.ones_like(ids))[0]
        return plain_logits(states, self._head.weight, self._softcap)

    @torch.no_grad()
    def own_logits(self, ids: Tensor) -> Tensor:
        """Return the model's own logits [T, V] of ids [1, T]."""
        mask = torch.ones_like(ids)
        logits: Tensor = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        return logits[0]


class HeadMismatch(NamedTuple):
    """Relative distance between our logits and the model's own on a probe."""

    distance: float
    allowed: float


def check_head(loss: TargetLoss, ids: Tensor) -> HeadMismatch:
    """Compare our logits with the model's own on ids [1, T]; UsageError if they differ.

    Models that scale or shift their logits in a way that we do not know would be tuned on
    the wrong loss; this stops before the first step. Logits, not losses: the loss of a few tokens
    with logits near 30 moves by a tenth with their rounding in bfloat16.
    """
    ours, theirs = loss.logits(ids).float(), loss.own_logits(ids).float()
    found = HeadMismatch(float((ours - theirs).norm() / theirs.norm()), LOGITS_DISTANCE)
    if not found.distance <= found.allowed:
        raise UsageError(
            f"this model changes its logits in a way that pinchtune does not know (they lie "
            f"{100 * found.distance:.1f} % from the output layer's); choose another base model"
        )
    return found
