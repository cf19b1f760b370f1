"""pinch init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pinchtune.cli.common import HERE, AsJson, show


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("init")(command)


def command(
    folder: Annotated[Path, typer.Argument(help="Folder to make a project.")] = HERE,
    empty: Annotated[bool, typer.Option("--empty", help="Without the starter set.")] = False,
    options: Annotated[
        bool, typer.Option("--options", help="Only print every option with its default.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a project: pinch.toml and, unless --empty, the starter set."""
    from pinchtune.stages.init import init, list_options

    if options:
        found = list_options()
        show(
            found,
            "\n".join(f"{k} = {v['default']}  # {v['about']}" for k, v in found.items()),
            as_json,
        )
        return
    path = init(folder, starter=not empty)
    show({"config": str(path)}, f"{path} is ready; next: pinch run -p {folder}", as_json)
