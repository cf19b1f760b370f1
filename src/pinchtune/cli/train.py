"""pinch train."""

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
    app.command("train")(command)


def command(
    arms: Arms = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tune the arms of the mixture; a killed run goes on from its last checkpoint."""
    from pinchtune.stages.train import train

    runs = train(open_project(folder, overrides), arms or (), pick_progress(quiet))
    text = "\n".join(f"{arm}: {run.path}" for arm, run in runs.items())
    show({arm: run.manifest() for arm, run in runs.items()}, text, as_json)
