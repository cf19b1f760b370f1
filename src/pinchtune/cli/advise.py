"""pinch advise: languages, next."""

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

app = typer.Typer(
    help="What to collect: which languages to begin with, and what next.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("languages")
def languages_command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Rank sets of two to four languages to collect in, with the reasons."""
    from pinchtune.files import read_json
    from pinchtune.stages.advise import advise_languages

    run = advise_languages(open_project(folder, overrides), pick_progress(quiet))
    found = read_json(run.path / "advice.json")
    show(found, found["text"]["en"], as_json)


@app.command("next")
def next_command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """After an evaluation: what to collect next, with the gain to expect and how sure it is."""
    from pinchtune.files import read_json
    from pinchtune.stages.advise import advise_next

    run = advise_next(open_project(folder, overrides), pick_progress(quiet))
    found = read_json(run.path / "advice.json")
    show(found, found["text"]["en"], as_json)
