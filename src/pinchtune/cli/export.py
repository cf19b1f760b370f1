"""pinch export, and pinch export trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pinchtune.cli.common import (
    HERE,
    AsJson,
    Folder,
    Overrides,
    Quiet,
    open_project,
    pick_progress,
    show,
)

MODEL = "model"
"""The verb that is meant where none is named."""


class _ModelByDefault(TyperGroup):
    """`pinch export NAME FOLDER` is `pinch export model NAME FOLDER`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the verb in front, unless one stands there or help is asked for."""
        helps = ctx.help_option_names
        verb = [] if not args or args[0] in (*self.commands, *helps) else [MODEL]
        return super().parse_args(ctx, [*verb, *args])


app = typer.Typer(
    help="Write a tuned model for other engines, or an arm for another trainer.",
    cls=_ModelByDefault,
    no_args_is_help=True,
    rich_markup_mode=None,
)
Target = Annotated[Path, typer.Argument(metavar="FOLDER", help="New folder.")]


@app.command(MODEL)
def model_command(
    name: Annotated[str, typer.Argument(help="Version or arm.")],
    target: Target,
    to: Annotated[str, typer.Option(help="merged, adapter or gguf.")] = "merged",
    prompts: Annotated[int, typer.Option(help="Prompts a language to compare on.")] = 2,
    dtype: Annotated[
        str,
        typer.Option(
            help="Number format: auto (as computed), float32, bfloat16, float16; GGUF also q8_0."
        ),
    ] = "auto",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a model for other engines, with its card, once it says what the tuned one says.

    This is what `pinch export NAME FOLDER` does.
    """
    from pinchtune.stages.export import export_model

    project, progress = open_project(folder, overrides), pick_progress(quiet)
    done = export_model(project, name, target, to, prompts, dtype, progress)
    value = {"folder": str(done.folder), "dtype": done.dtype, **done.parity.to_json()}
    show(value, f"{done.folder}: {to}, {done.dtype}; {done.parity.text()}", as_json)


@app.command("trainer")
def trainer_command(
    arm: Annotated[str, typer.Argument(help="Arm of the mixture.")],
    target: Target,
    to: Annotated[str, typer.Option(help="trl, axolotl, llamafactory or ms-swift.")] = "trl",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the mixture and the settings of an arm, for another trainer to tune it."""
    from pinchtune.stages.trainer import export_trainer

    project = open_project(folder, overrides)
    done = export_trainer(project, arm, target, to, pick_progress(quiet))
    show({"folder": str(done), "to": to}, f"{done}: for {to}; next: see its README.md", as_json)
