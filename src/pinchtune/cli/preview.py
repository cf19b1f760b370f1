"""pinch preview."""

from __future__ import annotations

from typing import Annotated

import typer

from pinchtune.cli.common import HERE, AsJson, Folder, Overrides, open_project, show


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("preview")(command)


def command(
    arm: Annotated[str, typer.Argument(help="Arm whose mixture is shown.")] = "pinch",
    row: Annotated[
        int | None,
        typer.Option(help="Row of the mixture, from 1 (default: the first of the pinch)."),
    ] = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show one example as the model sees it; the tokens it learns from are marked."""
    from pinchtune.stages.preview import preview

    pieces = preview(open_project(folder, overrides), arm, row)
    lines = [
        f"[{'target' if p.is_target else 'prompt'}: {p.tokens} tokens]\n{p.text}" for p in pieces
    ]
    show([p._asdict() for p in pieces], "\n".join(lines), as_json)
