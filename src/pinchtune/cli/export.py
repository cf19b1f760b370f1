"""pinch export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("export")(command)


def command(
    name: Annotated[str, typer.Argument(help="Version or arm.")],
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="New folder.")],
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
    """Write a model for other engines, with its card, once it says what the tuned one says."""
    from pinchtune.stages.export import export_model

    project, progress = open_project(folder, overrides), pick_progress(quiet)
    done = export_model(project, name, target, to, prompts, dtype, progress)
    value = {"folder": str(done.folder), "dtype": done.dtype, **done.parity.to_json()}
    show(value, f"{done.folder}: {to}, {done.dtype}; {done.parity.text()}", as_json)
