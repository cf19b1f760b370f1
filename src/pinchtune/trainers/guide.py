"""README.md of an exported folder: how to run it, what is the same, what is not, and why."""

from __future__ import annotations

from collections.abc import Iterator

from pinchtune.data.markdown import plain
from pinchtune.trainers.origin import NAME
from pinchtune.trainers.recipe import BETAS, CONVERSATIONS, TOKENIZER, TOKENS, Kit, Recipe
from pinchtune.trainers.table import Trainer

TEXT = """\
# The arm `{arm}` of {project}, for {title}

pinchtune wrote this folder so that {title} tunes the arm as pinchtune would. The options are those
of {title} {version}.

## Run it

```
pip install {install}
{command}
```

Run it in this folder. The base model is {base}, as named in `{config}`: if it lies elsewhere on
your machine, change it there. It has to be the same weights.
{checkpoints}
Then, where the project is:

```
pinch arm add THIS_FOLDER --as {arm}
```

## What lies here

| | |
| --- | --- |
{files}

{rows}

## The same as in pinchtune

{same}

## Not the same

{differs}
"""


def write_guide(kit: Kit, trainer: Trainer, project: str, arm: str) -> str:
    """Return the text of README.md."""
    recipe = kit.recipe
    return TEXT.format(
        arm=arm,
        project=plain(project),
        title=trainer.title,
        version=trainer.version,
        install=trainer.install,
        command=trainer.command,
        base=plain(recipe.base),
        config=trainer.settings[0],
        checkpoints=(
            "\nNothing is saved before the end. For a long run set `save_strategy` to `steps`.\n"
            if trainer.title != "ms-swift"
            else ""
        ),
        files="\n".join(f"| `{name}` | {about} |" for name, about in _files(trainer)),
        rows=trainer.rows,
        same="\n".join(f"- {line}" for line in _same(recipe)),
        differs="\n".join(f"- {line}" for line in (*trainer.differs, *_differs(recipe, trainer))),
    )


def _files(trainer: Trainer) -> Iterator[tuple[str, str]]:
    yield CONVERSATIONS, "the rows as conversations, in the order of the steps"
    yield TOKENS, "the same rows as token ids; a label of -100 is not counted by the loss"
    yield TOKENIZER, "the tokenizer with the chat template, and a padding token"
    for name in trainer.settings:
        yield name, f"for {trainer.title}"
    yield NAME, "what `pinch arm add` checks; leave it where it is"


def _same(recipe: Recipe) -> Iterator[str]:
    train = recipe.train
    yield (
        f"**Rows, template, masks**: {recipe.rows} rows of at most {train.max_length} tokens; the "
        "loss counts responses and their end token, nothing else."
    )
    yield (
        f"**Order**: rows stand in the order of pinchtune's steps, so nothing is shuffled. "
        f"The file holds {_times(train.epochs)}, so it is one epoch for the trainer."
    )
    yield (
        f"**Steps**: {train.batch_size} examples each, as {recipe.accumulation} times "
        f"{recipe.micro_batch} on one device; the loss is divided by the targets of the whole "
        "step. With more devices divide the accumulation by their number."
    )
    if recipe.is_lora:
        yield f"**LoRA**: rank {train.rank}, alpha {recipe.alpha}, all linear layers, no dropout."
    else:
        yield "**All weights** are tuned."
    yield (
        f"**AdamW**: betas {BETAS[0]} and {BETAS[1]}, weight decay {train.weight_decay:g}, "
        f"gradient norm at most {train.clip:g}."
    )
    yield (
        f"**Learning rate**: {train.learning_rate:g} at its peak, {recipe.warmup} steps of "
        "warm-up, then a cosine to 0."
    )
    yield f"**Number format**: {recipe.dtype}. **Seed**: {train.seed}."


def _times(epochs: int) -> str:
    return "each row once" if epochs == 1 else f"{epochs} passes, each in an order of its own"


def _differs(recipe: Recipe, trainer: Trainer) -> Iterator[str]:
    if recipe.rows % recipe.train.batch_size and not trainer.keeps_steps:
        yield (
            f"**Sizes of steps**: {recipe.rows} rows are no multiple of "
            f"{recipe.train.batch_size}. pinchtune makes {recipe.steps} steps of nearly the same "
            f"size; the trainer makes {recipe.their_steps}, all full but the last, so that other "
            "rows meet."
        )
    yield "**Rounding**: other kernels add in another order. It shows in the last digits."
