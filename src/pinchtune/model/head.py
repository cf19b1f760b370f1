"""The output layer and its cross-entropy, a block of words at a time.

With a vocabulary of 262,000 words the output layer is most of the work of a small model. Its
logits are never held: a block of them is made, used for the running sum of the softmax and for
the gradient, and overwritten by the next, all within the processor's cache. `plain_losses` is
the slow twin that tests compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from pinchtune.model.packed import MANY, Product, can_pack, pack

WORDS = 4096
"""Words of the vocabulary in a block."""
TOKENS = 1024
"""Target tokens in a block."""
IMPOSSIBLE = 1e-6
"""Probability below which, after every state of a block, a word is left out of the gradient in
bfloat16; the others stand for it. In float32 nothing is left out."""


class _Softmax(NamedTuple):
    """What one pass over the vocabulary leaves of n target tokens."""

    lse: Tensor
    """Logarithm of the summed exponentials of the logits, float32 [n]."""
    mean: Tensor
    """Weights of the words, averaged by their probability, float32 [n, D]; empty if unwanted."""


Blocks = Sequence[Product]
"""The products with each block of words, laid out beforehand; empty: as the weights lie."""


def pack_head(weight: Tensor) -> Blocks:
    """Return the blocks of frozen weights [V, D] as packed products; none where they cannot be."""
    if not can_pack(weight):
        return ()
    return [pack(words.contiguous(), rows=MANY) for words in torch.split(weight, WORDS)]


def token_losses(hidden: Tensor, weight: Tensor, targets: Tensor, softcap: float = 0.0) -> Tensor:
    """Return the loss in nats, float32 [N], of hidden [N, D] with weight [V, D].

    Differentiable in hidden and weight; the gradient of hidden is made in the same pass as the
    loss, that of weight, which is seldom asked for, on the way back.
    """
    apply: Callable[..., Tensor] = _TokenLosses.apply
    return apply(cast_states(hidden), weight, targets, softcap)


def cast_states(hidden: Tensor) -> Tensor:
    """Return the states in the number format that autocast would multiply them in."""
    device = hidden.device.type
    is_cast = torch.is_autocast_enabled(device)
    return hidden.to(torch.get_autocast_dtype(device)) if is_cast else hidden


def plain_losses(hidden: Tensor, weight: Tensor, targets: Tensor, softcap: float = 0.0) -> Tensor:
    """Return what `token_losses` returns, from all logits at once."""
    logits = plain_logits(hidden, weight, softcap).float()
    return nn.functional.cross_entropy(logits, targets, reduction="none")


def plain_logits(hidden: Tensor, weight: Tensor, softcap: float = 0.0) -> Tensor:
    """Return all logits [N, V] of hidden [N, D] with weight [V, D]."""
    logits = hidden @ weight.T.to(hidden.dtype)
    return softcap * torch.tanh(logits / softcap) if softcap else logits


@torch.no_grad()
def token_nats(
    hidden: Tensor, weight: Tensor, targets: Tensor, softcap: float = 0.0, blocks: Blocks = ()
) -> Tensor:
    """Return the losses as `token_losses` does, without the gradient."""
    hidden = cast_states(hidden)
    head = weight.to(hidden.dtype)
    losses = torch.empty(len(targets), dtype=torch.float32, device=hidden.device)
    for part in _parts(len(targets)):
        found = _sweep(hidden[part], head, softcap, wants_mean=False, blocks=blocks)
        losses[part] = found.lse - _dot(hidden[part], head[targets[part]], softcap)
    return losses


class _TokenLosses(torch.autograd.Function):
    """Loss of each target token; the gradient of hidden is computed in the forward pass."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, softcap: float
    ) -> Tensor:
        """Return the losses; keep the gradient of hidden, each for a loss of weight one."""
        head = weight.to(hidden.dtype)
        losses = torch.empty(len(targets), dtype=torch.float32, device=hidden.device)
        lse = torch.empty_like(losses)
        d_hidden = torch.empty_like(hidden)
        for part in _parts(len(targets)):
            states, own = hidden[part], head[targets[part]]
            found, at_target = _sweep(states, head, softcap), _dot(states, own, softcap)
            lse[part], losses[part] = found.lse, found.lse - at_target
            slope = _slope(at_target, softcap)[:, None]
            d_hidden[part] = (found.mean - own.float() * slope).to(hidden.dtype)
        kept = (hidden, head, targets, lse) if ctx.needs_input_grad[1] else ()
        ctx.save_for_backward(d_hidden, *kept)
        ctx.softcap, ctx.dtype = softcap, weight.dtype
        return losses

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        """Scale the stored gradient of hidden; make that of weight, if it is wanted."""
        d_hidden, *kept = ctx.saved_tensors
        d_weight: Tensor | None = None
        if kept:
            states, head, targets, lse = kept
            whole = states, head, targets, lse, grads[0]
            d_weight = _weight_gradient(*whole, ctx.softcap, ctx.dtype)
        return d_hidden * grads[0][:, None].to(d_hidden.dtype), d_weight, None, None


def _parts(count: int) -> Iterator[slice]:
    """Yield slices of about equal size, at most TOKENS long."""
    size = -(-count // max(1, -(-count // TOKENS)))
    return (slice(start, start + size) for start in range(0, count, max(1, size)))


def _cap(logits: Tensor, softcap: float) -> Tensor:
    return softcap * torch.tanh(logits / softcap) if softcap else logits


def _slope(logits: Tensor, softcap: float) -> Tensor:
    """Return d capped / d raw of capped logits; 1 without a cap."""
    return 1 - (logits / softcap) ** 2 if softcap else torch.ones_like(logits)


def _sweep(
    states: Tensor, head: Tensor, softcap: float, wants_mean: bool = True, blocks: Blocks = ()
) -> _Softmax:
    """Return the softmax of n states [n, D] over all words, kept normalised block by block.

    The softmax of a stream, as in Milakov and Gimelshein (2018), arXiv:1805.02867. The mean is
    that of the words that are not all but impossible, as in Wijmans et al. (2025),
    arXiv:2411.09009, divided by the share that they have.
    """
    lse = torch.full((len(states),), float("-inf"), device=states.device)
    mean = torch.zeros(states.shape if wants_mean else (0,), device=states.device)
    share = torch.zeros_like(lse)
    # A word is a row: leaving some out copies whole rows.
    turned = states.T
    for k, words in enumerate(torch.split(head, WORDS)):
        logits = _cap(blocks[k](states).T if blocks else words @ turned, softcap)
        slope = _slope(logits, softcap) if softcap and wants_mean else None
        shift = torch.maximum(lse.to(logits.dtype), logits.amax(0))
        rises = logits.sub_(shift).exp_()
        before = (lse - shift).exp_()
        total = before + rises.sum(0, dtype=torch.float32)
        if wants_mean:
            added, kept = _weigh(rises, slope, words)
            mean.mul_((before / total)[:, None]).add_(added / total[:, None])
            share = (share * before + kept) / total
        lse = shift.float() + total.log()
    return _Softmax(lse, mean.div_(share[:, None]) if wants_mean else mean)


def _weigh(rises: Tensor, slope: Tensor | None, words: Tensor) -> tuple[Tensor, Tensor]:
    """Return (rises [W, n] times slope) turned times words [W, D], and the sum of rises [n].

    Both without the impossible words; the sum is float32.
    """
    if rises.dtype != torch.float32:
        likely = (rises.amax(1) > IMPOSSIBLE).nonzero()[:, 0]
        rises, words = rises.index_select(0, likely), words.index_select(0, likely)
        slope = None if slope is None else slope.index_select(0, likely)
    kept = rises.sum(0, dtype=torch.float32)
    return (rises if slope is None else rises * slope).T @ words, kept


def _dot(states: Tensor, own: Tensor, softcap: float) -> Tensor:
    """Return the logit of each state [n, D] for its own target's weights [n, D], float32.

    It is rounded as the others are: their errors cancel in the loss of a token that is sure.
    """
    logits = (states.float() * own.float()).sum(-1).to(states.dtype)
    return _cap(logits, softcap).float()


def _weight_gradient(
    states: Tensor,
    head: Tensor,
    targets: Tensor,
    lse: Tensor,
    scale: Tensor,
    softcap: float,
    dtype: torch.dtype,
) -> Tensor:
    """Return d (scale [n] . losses) / d weight [V, D]; the logits are made again.

    Nothing is left out: Adam gives a word whose gradient is tiny as long a step as any other.
    """
    shift = lse.to(head.dtype)
    scaled = states * ((shift - lse).exp_() * scale)[:, None].to(states.dtype)
    gradient = torch.empty(head.shape, dtype=dtype, device=head.device)
    for words, part in zip(torch.split(head, WORDS), torch.split(gradient, WORDS), strict=True):
        logits = _cap(states @ words.T, softcap)
        slope = _slope(logits, softcap) if softcap else None
        rises = logits.sub_(shift[:, None]).exp_()
        part.copy_((rises if slope is None else rises * slope).T @ scaled)
    own = _slope(_dot(states, head[targets], softcap), softcap) * scale
    gradient.index_add_(0, targets, (states * -own[:, None]).to(dtype))
    return gradient
