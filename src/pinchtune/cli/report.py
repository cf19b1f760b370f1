"""pinch report."""

from __future__ import annotations

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
    app.command("report")(command)


def command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the report: one HTML page in English and Japanese, and a summary."""
    from pinchtune.stages.report import report

    page = report(open_project(folder, overrides), pick_progress(quiet)).path / "report.html"
    show({"report": str(page)}, str(page), as_json)
