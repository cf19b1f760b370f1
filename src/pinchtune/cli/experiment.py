"""pinch experiment: list, run, status, figure, fit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from pinchtune.errors import DONE, RUN_FAILED, UsageError

if TYPE_CHECKING:
    from pinchtune.experiments.cost import Speed

app = typer.Typer(
    help="Many arms from one recipe: the paper's experiments, and your own.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Names = Annotated[
    list[str], typer.Argument(help="Recipes: shipped ones by name, your own as a .toml file.")
]
SpeedOption = Annotated[
    str,
    typer.Option(
        "--speed",
        metavar="TUNING,ANSWERING",
        help="Tokens a second of this machine, for the estimate; default: what was timed here.",
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", min=0, help="Arms at a time; 0: one, or one a GPU.")
]
Threads = Annotated[
    int, typer.Option("--threads", min=0, help="Cores a worker; 0 shares all of them out.")
]
Seconds = Annotated[
    float, typer.Option("--seconds", min=0, help="Start no arm after so many seconds.")
]
EngineName = Annotated[str, typer.Option("--engine", help="Where arms are tuned: one or ray.")]
Address = Annotated[str, typer.Option("--address", help="Ray cluster; empty starts one here.")]
Keep = Annotated[
    bool, typer.Option("--keep-weights", help="Keep the weights of every arm in experiments/arms.")
]
Scores = Annotated[
    Path | None, typer.Option("--scores", help="Folder of score files; default: the project's.")
]
Out = Annotated[
    Path | None, typer.Option("--out", help="Where to write; default: experiments/results/NAME.")
]


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """Show the recipes that come with pinchtune."""
    from pinchtune.experiments.run import list_recipes

    rows = list_recipes()
    width = max(len(row["name"]) for row in rows)
    show(rows, "\n".join(f"{row['name']:{width}}  {row['title']}" for row in rows), as_json)


@app.command("run")
def run_command(
    names: Names,
    folder: Folder = HERE,
    overrides: Overrides = None,
    workers: Workers = 0,
    threads: Threads = 0,
    seconds: Seconds = math.inf,
    engine: EngineName = "one",
    address: Address = "",
    keep_weights: Keep = False,
    speed: SpeedOption = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tune, answer and score every arm that is not there yet; the cost is said first."""
    from pinchtune.experiments.run import run_experiments

    found = run_experiments(
        open_project(folder, overrides),
        names,
        overrides or (),
        pick_progress(quiet),
        workers=workers,
        threads=threads,
        seconds=seconds,
        engine=engine,
        address=address,
        keep_weights=keep_weights,
        speed=_speed(speed),
    )
    show(found, _done_text(found), as_json)
    raise typer.Exit(RUN_FAILED if found["failed"] else DONE)


def _done_text(found: dict[str, Any]) -> str:
    lines = [f"{found['done']} tunings done, {len(found['failed'])} failed, {found['left']} left"]
    for note in found["failed"]:
        lines += [f"failed: {arm['label']}: {note['error']}" for arm in note["arms"]]
    lines += found["missing"]
    if found["left"] or found["failed"]:
        lines.append("run the command again to go on")
    return "\n".join(lines)


@app.command("status")
def status_command(
    names: Names,
    folder: Folder = HERE,
    overrides: Overrides = None,
    speed: SpeedOption = "",
    as_json: AsJson = False,
) -> None:
    """Show how far recipes are, and what the rest costs; nothing is started."""
    from pinchtune.experiments.run import experiment_status

    found = experiment_status(
        open_project(folder, overrides), names, overrides or (), _speed(speed)
    )
    lines = [f"{r['name']}: {r['done']} of {r['arms']} arms" for r in found["recipes"]]
    lines += [f"failed: {note['error']}" for note in found["failed"]]
    show(found, "\n".join([*lines, "left:", found["text"]]), as_json)


def _speed(text: str) -> Speed | None:
    from pinchtune.experiments.cost import Speed

    if not text:
        return None
    try:
        tuning, answering = (float(part) for part in text.split(","))
    except ValueError:
        tuning = answering = math.nan
    if not (tuning > 0 and answering > 0):
        raise UsageError(f"--speed {text}: expected two numbers above 0, such as 270,360")
    return Speed(tuning, answering)


@app.command("figure")
def figure_command(
    names: Names,
    folder: Folder = HERE,
    overrides: Overrides = None,
    scores: Scores = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Write page, tables and figures from the scores that are there; no model is needed."""
    from pinchtune.experiments.draw import draw_experiment

    if out and len(names) > 1:
        raise UsageError("--out takes one recipe; name one, or leave --out away")
    project = open_project(folder, overrides)
    paths = [
        path
        for name in names
        for path in draw_experiment(
            project, name, overrides or (), scores, out, pick_progress(False)
        )
    ]
    show([str(path) for path in paths], "\n".join(map(str, paths)), as_json)


@app.command("fit")
def fit_command(
    name: Annotated[str, typer.Argument(help="Recipe with a dose curve.")],
    folder: Folder = HERE,
    overrides: Overrides = None,
    scores: Scores = None,
    measure: Annotated[
        str, typer.Option("--measure", help="What is fitted, by its name in the scores.")
    ] = "right_language",
    facts: Annotated[
        Path | None,
        typer.Option(
            "--facts", help="A facts.json of `pinch advise languages`, for the predictor."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say from which dose on a curve is flat, and whether a language's gain can be foretold."""
    from pinchtune.experiments.draw import fit_experiment, fit_text

    project = open_project(folder, overrides)
    progress = pick_progress(False)
    found = fit_experiment(project, name, overrides or (), scores, measure, facts, progress)
    show(found, fit_text(found), as_json)
