"""pinch init."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinchtune.cli.common import HERE, AsJson, show

if TYPE_CHECKING:
    from pinchtune.stages.init_from import Begun


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("init")(command)


def command(
    folder: Annotated[Path, typer.Argument(help="Folder to make a project.")] = HERE,
    empty: Annotated[bool, typer.Option("--empty", help="Without the starter set.")] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="CONFIG.yaml",
            help="Begin with a configuration of LLaMA-Factory or axolotl.",
        ),
    ] = None,
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
    if source:
        from pinchtune.stages.init_from import init_from

        begun = init_from(folder, source, starter=not empty)
        value = {**begun._asdict(), "config": str(begun.config)}
        show(value, _tell(begun), as_json)
        return
    path = init(folder, starter=not empty)
    show({"config": str(path)}, f"{path} is ready; next: pinch run -p {folder}", as_json)


def _tell(begun: Begun) -> str:
    lines = [f"{begun.config} is made from a configuration of {begun.title}", "taken over:"]
    lines += [f"  {name} = {value}" for name, value in begun.taken.items()]
    if begun.left:
        lines.append("not taken over:")
        lines += [f"  {name}" + (f" ({why})" if why else "") for name, why in begun.left.items()]
    return "\n".join(lines)
