"""pinch generate."""

from __future__ import annotations

import typer

from pinchtune.cli.common import (
    HERE,
    Arms,
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
    app.command("generate")(command)


def command(
    arms: Arms = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Let the arms answer the evaluation prompts; a killed run keeps what it had answered."""
    from pinchtune.stages.generate import generate

    runs = generate(open_project(folder, overrides), arms or (), pick_progress(quiet))
    text = "\n".join(f"{arm}: {run.path / 'answers.jsonl'}" for arm, run in runs.items())
    show({arm: run.manifest() for arm, run in runs.items()}, text, as_json)
