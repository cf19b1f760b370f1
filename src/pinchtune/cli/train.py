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
from pinchtune.training.processes import process_number

VERB = "train"
"""The one verb that several processes may do together."""


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command(VERB)(command)


def command(
    arms: Arms = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tune the arms of the mixture; a killed run goes on from its last checkpoint.

    `accelerate launch` and torchrun may start several of it for one arm: see docs/distributed.md.
    """
    from pinchtune.stages.train import train

    runs = train(open_project(folder, overrides), arms or (), pick_progress(quiet))
    if process_number():
        return
    text = "\n".join(f"{arm}: {run.path}" for arm, run in runs.items())
    show({arm: run.manifest() for arm, run in runs.items()}, text, as_json)
