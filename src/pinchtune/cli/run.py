"""pinch run."""

from __future__ import annotations

from textwrap import fill

import typer

from pinchtune.cli.common import (
    HERE,
    AsJson,
    Folder,
    Gate,
    Overrides,
    Quiet,
    Unapproved,
    exit_code,
    open_project,
    pick_progress,
    show,
)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("run")(command)


def command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    gate: Gate = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    unapproved: Unapproved = False,
) -> None:
    """Do every stage that is stale: mix, train, generate, evaluate, report."""
    from pinchtune.stages.run import run

    found = run(open_project(folder, overrides), pick_progress(quiet), unapproved)
    said = [fill(found[name], 88) for name in ("warning", "text") if name in found]
    text = "\n\n".join([*said, f"report: {found['report']}"])
    show(found, f"{found['verdict'].upper()}\n{text}", as_json)
    raise typer.Exit(exit_code(found, gate))
