"""pinch evaluate."""

from __future__ import annotations

import typer

from pinchtune.cli.common import (
    HERE,
    AsJson,
    Folder,
    Gate,
    Overrides,
    Quiet,
    exit_code,
    open_project,
    pick_progress,
    show,
)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("evaluate")(command)


def command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    gate: Gate = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Judge the stored answers and decide; no weights are needed."""
    from pinchtune.stages.evaluate import evaluate
    from pinchtune.stages.run import outcome

    project = open_project(folder, overrides)
    evaluate(project, pick_progress(quiet))
    found = outcome(project)
    said = " ".join(found[name] for name in ("warning", "text") if name in found)
    show(found, f"{found['verdict']}: {said}", as_json)
    raise typer.Exit(exit_code(found, gate))
