"""pinch train."""

from __future__ import annotations

import typer

from pinchtune.cli.common import HERE, Arms, AsJson, Folder, Overrides, Quiet
from pinchtune.cli.common import open_project, pick_progress, show


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
    show({arm: run.manifest() for arm, run in runs.items()}, _text(runs), as_json)


def _text(runs: dict[str, object]) -> str:
    return "\n".join(f"{arm}: {getattr(run, 'path', '')}" for arm, run in runs.items())
