"""What tuning takes by arithmetic, before any machine is rented: bytes of a process, and seconds.

Each formula follows what the loop does: the output layer on target tokens alone, rows without
padding, AdamW with float32 moments. docs/scale.md has them with their sources, and what they
foretell beside what was measured. No torch here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from pinchtune.errors import UsageError

HALF, WHOLE, MOMENTS = 2, 4, 8
"""Bytes of a number in bfloat16, in float32, and of the two moments that AdamW keeps of it."""
TARGETS = 0.85
"""Share of the tokens that are targets: 9,139 of 10,673 in the benchmark of docs/performance.md."""
EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts")
"""What configurations call the number of experts of a layer."""
Method = Literal["lora", "full"]


@cache
def _tables() -> dict[str, Any]:
    text = (files("pinchtune.training") / "hardware.toml").read_text("utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True)
class Shape:
    """A decoder, as far as bytes and operations hang on it."""

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_width: int
    words: int
    tied: bool
    norms: int = 2
    """Norms over the hidden states in a layer."""
    head_norms: bool = False
    """True if queries and keys are normed too."""

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> Shape:
        """Return the shape that a config.json describes; UsageError if it is of another kind."""
        config = config.get("text_config") or config
        experts = max(config.get(name) or 0 for name in EXPERTS)
        if experts > 1:
            raise UsageError(
                f"config.json: is a mixture of {experts} experts; the arithmetic is of dense "
                "decoders like Llama and Gemma"
            )
        try:
            hidden, heads = config["hidden_size"], config["num_attention_heads"]
            return cls(
                config["num_hidden_layers"],
                hidden,
                config["intermediate_size"],
                heads,
                config.get("num_key_value_heads") or heads,
                config.get("head_dim") or hidden // heads,
                config["vocab_size"],
                bool(config.get("tie_word_embeddings", True)),
                **_tables()["styles"].get(config.get("model_type"), {}),
            )
        except KeyError as error:
            raise UsageError(
                f"config.json: has no {error}; the arithmetic is of decoders like Llama and Gemma"
            ) from error

    @property
    def products(self) -> list[tuple[int, int]]:
        """Inputs and outputs of the linear layers of one layer."""
        wide, narrow = self.heads * self.head_width, self.kv_heads * self.head_width
        attention = [(self.hidden, wide), *[(self.hidden, narrow)] * 2, (wide, self.hidden)]
        return [*attention, *[(self.hidden, self.inner)] * 2, (self.inner, self.hidden)]

    @property
    def layer(self) -> int:
        """Weights of one layer; norms are left out, they are a ten-thousandth."""
        return sum(a * b for a, b in self.products)

    @property
    def linear(self) -> int:
        """Weights that multiply each token."""
        return self.layers * self.layer

    @property
    def head(self) -> int:
        """Weights of the output layer."""
        return self.words * self.hidden

    @property
    def outer(self) -> int:
        """Weights of embedding and output layer, which may be the same."""
        return self.head if self.tied else 2 * self.head

    @property
    def parameters(self) -> int:
        """All weights."""
        return self.linear + self.outer

    def adapters(self, rank: int) -> int:
        """Return the weights of LoRA on all linear layers."""
        return self.layers * rank * sum(a + b for a, b in self.products)


@dataclass(frozen=True)
class Device:
    """One GPU, or a machine without; hardware.toml says what each number is."""

    flops: float
    memory: float
    read: float
    link: float
    across: float
    utilisation: float
    process: float
    about: str = ""
    scores: bool = False
    """True if attention keeps its scores: short rows on a processor."""
    beside: float = 1.0
    """How much quicker LoRA is where the halves of a step are computed beside each other."""
    freed: float = 0.0
    """Share of what is needed that freed memory may take besides."""


@dataclass(frozen=True)
class Run:
    """How a model is tuned."""

    method: Method = "lora"
    rank: int = 16
    tokens: int = 2048
    """Tokens of a micro-batch: train.device_tokens at most."""
    row: int = 256
    """Tokens of one example."""
    processes: int = 1
    machines: int = 1
    split: bool = False
    """Weights split over the processes by FSDP."""
    checkpointing: bool = False
    """Activations made again on the way back; pinchtune does not do it."""


class Memory(NamedTuple):
    """Bytes that one process holds at the worst moment."""

    process: float
    weights: float
    gradients: float
    moments: float
    activations: float
    passing: float
    """Of the moment: layers that are whole, casts, a gradient before it is added."""
    freed: float = 0.0
    """Freed, and kept by the process for the next step."""

    @property
    def total(self) -> float:
        """All together."""
        return sum(self)


def kept(shape: Shape, device: Device, run: Run) -> float:
    """Return the bytes that a token leaves in each layer for the way back."""
    wide, narrow = shape.heads * shape.head_width, shape.kv_heads * shape.head_width
    normed = wide + narrow if shape.head_norms else 0
    scores = shape.heads * run.row if device.scores else 0
    numbers = normed + (wide + 2 * narrow) + scores + wide + 4 * shape.inner
    return float(HALF * numbers + shape.hidden * _states(shape, run))


def _states(shape: Shape, run: Run) -> int:
    """Return the bytes a hidden number: what norms and linear layers keep of their inputs."""
    if run.method == "lora" or run.split:
        return HALF * (shape.norms + 2)
    # Under autocast each of five linear layers keeps a cast of its own.
    return HALF * 5 + WHOLE * 2 + HALF * (shape.norms - 2)


def memory(shape: Shape, device: Device, run: Run) -> Memory:
    """Return what one process holds."""
    share = run.processes if run.split else 1
    full = run.method == "full"
    tuned = shape.parameters if full else shape.adapters(run.rank)
    weights = WHOLE * tuned + (0 if full else HALF * shape.parameters)
    needed = Memory(
        device.process,
        weights / share,
        WHOLE * tuned / share,
        MOMENTS * tuned / share,
        _activations(shape, device, run),
        _passing(shape, run),
    )
    return needed._replace(freed=device.freed * needed.total)


def _activations(shape: Shape, device: Device, run: Run) -> float:
    layers, each = shape.layers, kept(shape, device, run)
    # Hidden states and their gradient, of the target tokens.
    last = 2 * HALF * shape.hidden * TARGETS
    if run.checkpointing:
        return run.tokens * (layers * HALF * shape.hidden + each + last)
    return run.tokens * (layers * each + last)


def _passing(shape: Shape, run: Run) -> float:
    full = run.method == "full"
    if run.split:
        # Two layers, the one at work and the next, and what is outside of layers.
        whole = HALF * (2 * shape.layer + shape.outer)
        return whole + (HALF + WHOLE) * shape.outer * full
    if not full:
        return 0.0
    casts = HALF * (shape.linear + shape.head)
    # A tied embedding has two gradients before they are one.
    return casts + WHOLE * shape.head * (2 if shape.tied else 1)


def plain_logits(shape: Shape, run: Run) -> float:
    """Return the bytes of what is avoided: logits of all tokens, their float32 copy, a gradient."""
    return float(run.tokens * shape.words * (HALF + WHOLE + WHOLE))


def operations(shape: Shape, run: Run, tokens: float, targets: float) -> float:
    """Return the operations of tuning on so many tokens.

    Forward and input gradient take 2 a weight each, a weight gradient 2 more: of the adapters for
    LoRA, of everything for full tuning.
    """
    body = 2.0 * shape.linear * tokens + 2.0 * shape.head * targets
    scores = 4.0 * shape.heads * shape.head_width * run.row * shape.layers * tokens
    again = body if run.checkpointing else 0.0
    if run.method == "full":
        return 3 * (body + scores) + again
    return 2 * body + 3 * scores + 6.0 * shape.adapters(run.rank) * tokens + again


def sent(shape: Shape, run: Run) -> float:
    """Return the bytes that a process receives for each micro-batch when weights are split.

    Gathered on the way there and on the way back, and the gradients of what is tuned.
    """
    if not run.split:
        return 0.0
    tuned = shape.parameters if run.method == "full" else shape.adapters(run.rank)
    others = (run.processes - 1) / run.processes
    return others * (2 * HALF * shape.parameters + WHOLE * tuned)


def seconds(shape: Shape, device: Device, run: Run, tokens: float) -> float:
    """Return how long all processes together take for so many tokens.

    What is sent is sent while something else is computed; the longer of both counts.
    """
    work = operations(shape, run, run.tokens, TARGETS * run.tokens)
    link = device.across if run.machines > 1 else device.link
    beside = device.beside if run.method == "lora" and not run.split else 1.0
    batch = max(work / (device.flops * device.utilisation * beside), sent(shape, run) / link)
    return tokens / (run.tokens * run.processes) * batch


def find_shape(name: str) -> Shape:
    """Return the shape of a model of the table; UsageError for one that is not in it."""
    models = _tables()["models"]
    if name not in models:
        known = ", ".join(models)
        raise UsageError(f"unknown model {name!r}; use one of {known}, or a folder of a model")
    return Shape.of_config(models[name])


def find_device(name: str) -> Device:
    """Return a device of the table; UsageError for one that is not in it."""
    devices = _tables()["devices"]
    if name not in devices:
        raise UsageError(f"unknown device {name!r}; use one of: {', '.join(devices)}")
    return Device(**devices[name])
