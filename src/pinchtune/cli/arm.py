"""pinch arm: add, list, remove."""

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

app = typer.Typer(
    help="Arms that another trainer has tuned: take them in, list them, give them up.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("add")
def add_command(
    source: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Exported folder, or the weights in it.")
    ],
    name: Annotated[str, typer.Option("--as", help="The arm that it is.")] = "pinch",
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of an arm that stands there.")
    ] = False,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Take in what another trainer has tuned, once it fits the base model and the mixture."""
    from pinchtune.stages.arm import add_arm

    project = open_project(folder, overrides)
    run = add_arm(project, source, name, replace, pick_progress(quiet))
    show(run.manifest(), f"{name}: {run.path}; next: pinch run", as_json)


@app.command("list")
def list_command(
    folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """List the arms: ready, stale or missing, and which trainer tuned them."""
    from pinchtune.stages.arm import list_arms

    rows = list_arms(open_project(folder, overrides))
    text = "\n".join(f"{row['arm']}  {row['state']}  {row['trainer']}" for row in rows)
    show(rows, text, as_json)


@app.command("remove")
def remove_command(
    name: Annotated[str, typer.Argument(help="Arm that came from elsewhere.")],
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Give up an arm that came from elsewhere; `pinch train` then tunes it here."""
    from pinchtune.stages.arm import remove_arm

    remove_arm(open_project(folder, overrides), name)
    show({"arm": name}, f"{name}: removed", as_json)
