"""The kernels of other libraries that a GPU can use, taken where they are installed.

On a CPU there are none: attention.py, head.py and the others are the quick ways there.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

from torch import Tensor

from pinchtune.model.head import cast_states

Losses = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""hidden [N, D], weight [V, D], targets [N], softcap -> losses in nats [N]."""

ATTENTION = ("flash_attn", "flash_attention_2")
"""The module of FlashAttention, and what transformers calls it."""
LOSS = "cut_cross_entropy"
HALF = ("bfloat16", "float16")


class Fused(NamedTuple):
    """What is taken from other libraries; None is transformers' own or pinchtune's own."""

    attention: str | None = None
    losses: Losses | None = None
    note: str = ""
    """One line on what is missing; empty if nothing is."""


def _is_installed(module: str) -> bool:
    return find_spec(module) is not None


def pick_fused(
    device: str, dtype: str, kernels: str, has: Callable[[str], bool] = _is_installed
) -> Fused:
    """Return the kernels for a device and number format: `auto` on CUDA takes what is there."""
    if device != "cuda" or kernels != "auto":
        return Fused()
    if dtype not in HALF:
        return Fused(note=f"fused kernels need bfloat16 or float16, and the model is in {dtype}")
    missing = [module for module in (ATTENTION[0], LOSS) if not has(module)]
    note = f"not installed: {', '.join(missing)}; slower ways are used" if missing else ""
    attention = None if ATTENTION[0] in missing else ATTENTION[1]
    return Fused(attention, None if LOSS in missing else cut_losses, note)


def cut_losses(hidden: Tensor, weight: Tensor, targets: Tensor, softcap: float) -> Tensor:
    """Return the losses by Cut Cross-Entropy (Wijmans et al. 2025, arXiv:2411.09009)."""
    from cut_cross_entropy import linear_cross_entropy

    # Its kernels refuse float32, which the last norm of a fully tuned model returns.
    states = cast_states(hidden)
    losses: Tensor = linear_cross_entropy(
        states,
        weight.to(states.dtype),
        targets,
        softcap=softcap or None,
        reduction="none",
    )
    return losses.float()
