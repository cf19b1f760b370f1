"""pinch mix."""

from __future__ import annotations

import typer

from pinchtune.cli.common import (
    HERE,
    AsJson,
    Folder,
    Overrides,
    Quiet,
    Unapproved,
    open_project,
    pick_progress,
    show,
)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("mix")(command)


def command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    unapproved: Unapproved = False,
) -> None:
    """Make the mixture of both arms: English only, and English with the pinch."""
    from pinchtune.stages.mix import mix

    project = open_project(folder, overrides)
    run = mix(project, pick_progress(quiet), unapproved)
    facts = run.manifest() or {}
    counts = ", ".join(f"{code} {n}" for code, n in facts["examples"]["pinch"].items())
    text = (
        f"{run.path}: pinch arm {counts}; {facts['untouched']['examples']} English rows untouched"
    )
    others = [str(seed.path("mixture")) for seed in project.seeds[1:]]
    show(facts, "\n".join([text, *others]), as_json)
