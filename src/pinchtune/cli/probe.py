"""pinch probe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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

Interventions = Annotated[
    bool,
    typer.Option(
        "--interventions", help="Also tune the last layers alone, patch layers, steer; and answer."
    ),
]
Last = Annotated[
    int, typer.Option("--last", min=0, help="How many layers are the last ones; 0: a quarter.")
]
Strength = Annotated[
    float | None,
    typer.Option(
        "--strength", help="What the language vector is multiplied by.", show_default=False
    ),
]
Parallel = Annotated[
    Path | None,
    typer.Option(
        "--parallel", help="File of parallel texts (language, parallel_id); default: the shipped."
    ),
]
Stored = Annotated[
    Path | None,
    typer.Option(
        "--stored",
        help="Only draw the page of this probe.json again, beside it: no model, no data.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("probe")(command)


def command(
    arms: Arms = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    interventions: Interventions = False,
    last: Last = 0,
    strength: Strength = None,
    parallel: Parallel = None,
    stored: Stored = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Look inside the arms, layer by layer: what did the pinch change? What is done is kept."""
    if stored:
        from pinchtune.probing.page import redraw

        return _show(redraw(stored).parent, as_json)
    from pinchtune.probing.run import probe

    run = probe(
        open_project(folder, overrides),
        arms or (),
        pick_progress(quiet),
        interventions=interventions,
        last=last,
        strength=strength,
        parallel=parallel,
    )
    _show(run.path, as_json)


def _show(results: Path, as_json: bool) -> None:
    from pinchtune.files import read_json, read_text

    text = f"{read_text(results / 'summary.md')}\n{results / 'page.html'}"
    show(read_json(results / "probe.json"), text, as_json)
