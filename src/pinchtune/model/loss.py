"""Cross-entropy of target tokens that never holds the logits of anything else.

With a vocabulary of 262,000 words the output layer is most of the work and of the memory.
So it is applied to target tokens alone, a few hundred at a time, and the gradient of each
chunk is formed while its probabilities are at hand: logits are computed once and never kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from pinchtune.errors import UsageError

CHUNK = 512
"""Target tokens whose logits exist at one time."""


class _TokenLoss(torch.autograd.Function):
    """Loss of each target token; the gradients are computed in the forward pass."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, softcap: float
    ) -> Tensor:
        """Return the losses in nats, float32 [N], of hidden [N, D] and weight [V, D]."""
        head = weight.to(hidden.dtype)
        losses = torch.empty(len(targets), dtype=torch.float32, device=hidden.device)
        d_hidden = torch.empty_like(hidden)
        d_weight = torch.zeros_like(weight) if ctx.needs_input_grad[1] else None
        for start in range(0, len(targets), CHUNK):
            part = slice(start, start + CHUNK)
            d_logits, losses[part] = _chunk(hidden[part], head, targets[part], softcap)
            d_hidden[part] = d_logits @ head
            if d_weight is not None:
                d_weight += d_logits.T @ hidden[part]
        ctx.save_for_backward(d_hidden, d_weight)
        return losses

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        """Scale the stored gradients; the loss must weigh all its tokens alike."""
        d_hidden, d_weight = ctx.saved_tensors
        scale = grads[0]
        d_weight = None if d_weight is None else d_weight * scale[0].to(d_weight.dtype)
        return d_hidden * scale[:, None].to(d_hidden.dtype), d_weight, None, None


def _chunk(hidden: Tensor, head: Tensor, targets: Tensor, softcap: float) -> tuple[Tensor, Tensor]:
    """Return d loss / d logits [n, V] and the losses [n]; one [n, V] buffer is reused."""
    logits = hidden @ head.T
    if softcap:
        logits = softcap * torch.tanh(logits / softcap)
    slope = 1 - (logits / softcap) ** 2 if softcap else None
    logits -= logits.amax(-1, keepdim=True)
    at_target = logits.gather(1, targets[:, None]).squeeze(1).float()
    total = logits.exp_().sum(-1, dtype=torch.float32)
    probabilities = logits.mul_((1 / total)[:, None].to(logits.dtype))
    probabilities[torch.arange(len(targets), device=targets.device), targets] -= 1
    d_logits = probabilities if slope is None else probabilities.mul_(slope)
    return d_logits, total.log() - at_target


class TargetLoss(nn.Module):
    """A causal language model seen as one function: tokens in, losses of target tokens out."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        inner: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._decoder: Any = inner.get_decoder()
        self._head: Any = inner.get_output_embeddings()
        config = inner.config.get_text_config()
        self._softcap = float(getattr(config, "final_logit_softcapping", None) or 0.0)
        if getattr(self._head, "bias", None) is not None or not hasattr(self._head, "weight"):
            raise UsageError("models whose output layer has a bias are not supported yet")

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
        wanted = ids[:, 1:][targets[:, 1:]]
        apply: Callable[..., Tensor] = _TokenLoss.apply
        return apply(states, self._head.weight, wanted, self._softcap)

    @torch.no_grad()
    def nats(self, ids: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """Return the summed loss of each row in nats, float64 [B], with float32 logits."""
        states, rows = (
            self.hidden(ids, mask)[:, :-1][targets[:, 1:]],
            targets[:, 1:].nonzero()[:, 0],
        )
        wanted = ids[:, 1:][targets[:, 1:]]
        sums = torch.zeros(len(ids), dtype=torch.float64)
        head = self._head.weight.to(states.dtype)
        for start in range(0, len(wanted), CHUNK):
            part = slice(start, start + CHUNK)
            logits = (states[part] @ head.T).float()
            if self._softcap:
                logits = self._softcap * torch.tanh(logits / self._softcap)
            at_target = logits.gather(1, wanted[part, None]).squeeze(1)
            losses = (logits.logsumexp(-1) - at_target).double().cpu()
            sums.index_add_(0, rows[part].cpu(), losses)
        return sums


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
