"""pinch costs."""

from __future__ import annotations

from typing import Annotated

import typer

from pinchtune.cli.common import HERE, AsJson, Folder, Overrides, open_project, show

Language = Annotated[str, typer.Option("--language", help="Language of the text: en or ja.")]


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("costs")(command)


def command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """After an evaluation: what the pinch cost, what it brings, and what another step would."""
    from pinchtune.reporting.costs import build_costs, costs_text
    from pinchtune.reporting.wording import Wording
    from pinchtune.stages.costs import costs

    words, project = Wording(language), open_project(folder, overrides)
    found = costs(project)
    view = build_costs(found, project.config, words)
    show(found.to_json(), costs_text(view, words), as_json)
