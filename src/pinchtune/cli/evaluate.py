"""pinch evaluate."""

from __future__ import annotations

from typing import Annotated

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

Estimate = Annotated[
    bool, typer.Option("--estimate", help="Say what the judge would cost, and ask nobody.")
]


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("evaluate")(command)


def command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    gate: Gate = False,
    estimate: Estimate = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Judge the stored answers and decide; no weights are needed."""
    from pinchtune.stages.evaluate import evaluate
    from pinchtune.stages.judging import estimate_judging
    from pinchtune.stages.run import outcome

    project = open_project(folder, overrides)
    if estimate:
        bill = estimate_judging(project)
        show(bill.to_json(), bill.text(), as_json)
        return
    evaluate(project, pick_progress(quiet))
    found = outcome(project)
    said = " ".join(found[name] for name in ("warning", "text") if name in found)
    show(found, f"{found['verdict']}: {said}", as_json)
    raise typer.Exit(exit_code(found, gate))
