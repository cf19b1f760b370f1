"""Which trainers there are, and what each cannot do as pinchtune does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pinchtune.errors import UsageError
from pinchtune.trainers import axolotl, llamafactory, ms_swift, trl
from pinchtune.trainers.origin import Name
from pinchtune.trainers.recipe import CONVERSATIONS, TOKENIZER, TOKENS, Kit

WARM_UP = (
    "**The warm-up begins at 0.** Each step of it has the learning rate that pinchtune gives to "
    "the step before, so the first step moves nothing. Behind the warm-up the rates are the same."
)
START = (
    "**The adapter's random start.** The trainer draws it from the same seed at another moment of "
    "its own, so that the weights differ; the loss of the first steps hardly does."
)
DECAY = (
    "**Weight decay of full tuning** leaves out norms and biases; pinchtune leaves out nothing. "
    "Without weight decay, or with an adapter, it is the same."
)


class Trainer(NamedTuple):
    """A trainer that an arm can be exported to."""

    title: str
    """What it calls itself."""
    version: str
    """The version whose options are written."""
    install: str
    """What pip is told to install it."""
    command: str
    """What is run in the exported folder."""
    write: Callable[[Path, Kit], None]
    """Writes what the trainer needs beside the files that all get."""
    settings: tuple[str, ...]
    """Files that hold settings, which may be changed on the other machine."""
    rows: str
    """A sentence on what it is given to tune on."""
    differs: tuple[str, ...]
    """What it cannot do as pinchtune does, and why."""
    keeps_steps: bool = False
    """True if steps of unlike size stay as they are."""


AS_TOKENS = (
    f"It is given `{TOKENS}`, the very tokens and targets; `{CONVERSATIONS}` is there to be read."
)
QUIET = "DO_NOT_TRACK=1 HF_HUB_DISABLE_TELEMETRY=1"

TRAINERS: dict[Name, Trainer] = {
    "trl": Trainer(
        "TRL",
        "1.16",
        "trl peft",
        "python tune.py",
        trl.write,
        (trl.CONFIG, trl.SCRIPT),
        AS_TOKENS,
        (DECAY,),
        keeps_steps=True,
    ),
    "axolotl": Trainer(
        "axolotl",
        "0.19",
        "axolotl",
        f"{QUIET} AXOLOTL_DO_NOT_TRACK=1 axolotl train {axolotl.CONFIG}",
        axolotl.write,
        (axolotl.CONFIG,),
        AS_TOKENS,
        (WARM_UP, "A warm-up of one step becomes one of two.", START, DECAY),
    ),
    "llamafactory": Trainer(
        "LLaMA-Factory",
        "0.9.5",
        "llamafactory",
        f"{QUIET} llamafactory-cli train {llamafactory.CONFIG}",
        llamafactory.write,
        (llamafactory.CONFIG, llamafactory.INFO),
        f"It is given the folder `{llamafactory.TOKENS}`, the very tokens and targets, because it "
        "knows chat templates by the names in its own code alone. Take the line `tokenized_path` "
        f"out and it reads `{CONVERSATIONS}` by `{llamafactory.INFO}`, in the template that you "
        "name then: that is another arm.",
        (
            WARM_UP,
            START,
            DECAY,
            "**The chat template that it saves** beside the arm is its own (`empty`), and wrong "
            f"for this arm. The right one lies in `{TOKENIZER}`; `pinch arm add` puts it there.",
            "**float32**: without `bf16` and `fp16` it computes in the number format that the base "
            "model's files are in.",
        ),
    ),
    "ms-swift": Trainer(
        "ms-swift",
        "4.6",
        "ms-swift",
        f"{QUIET} swift sft {ms_swift.CONFIG}",
        ms_swift.write,
        (ms_swift.CONFIG, ms_swift.PLUGIN, ms_swift.TEMPLATE),
        f"It takes no tokens, so it makes them itself from `{CONVERSATIONS}`, with the chat "
        f"template that `{ms_swift.PLUGIN}` tells it; `{TOKENS}` is there to compare.",
        (
            WARM_UP,
            START,
            DECAY,
            "**Where the arm lies**: in `arm/checkpoint-N`; `pinch arm add` finds it.",
        ),
    ),
}


def find_trainer(name: str) -> tuple[Name, Trainer]:
    """Return a trainer by its name; UsageError lists the names."""
    for known, trainer in TRAINERS.items():
        if known == name:
            return known, trainer
    raise UsageError(f"--to {name}: is not known; use one of: {', '.join(TRAINERS)}")
