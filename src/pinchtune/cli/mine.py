"""pinch mine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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

SHOWN = 15
"""Clusters that are printed."""
Logs = Annotated[list[Path], typer.Argument(help="Log files, or folders of them.")]


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("mine")(command)


def command(
    logs: Logs,
    folder: Folder = HERE,
    engine: Annotated[
        str, typer.Option(help="Where the work is done: one (this process) or ray.")
    ] = "one",
    address: Annotated[
        str, typer.Option(help="Ray cluster to use, as HOST:PORT; empty starts workers here.")
    ] = "",
    workers: Annotated[
        int, typer.Option(min=0, help="Workers of Ray; 0 takes as many as there are cores.")
    ] = 0,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Mine logs: what people ask, in which language, how often; personal data is hidden."""
    from pinchtune.files import read_jsonl
    from pinchtune.mining.engine import open_engine
    from pinchtune.stages.mine import mine

    project = open_project(folder, overrides)
    with open_engine(engine, address, workers) as chosen:
        run = mine(project, logs, pick_progress(quiet), chosen)
    facts: dict[str, Any] = {**(run.manifest() or {})}
    clusters = [row for _, row in read_jsonl(run.path / "clusters.jsonl")]
    show({**facts, "map": clusters}, _text(facts, clusters), as_json)


def _text(facts: dict[str, Any], clusters: list[dict[str, Any]]) -> str:
    counts = {name: ", ".join(f"{k} {n}" for k, n in facts[name].items()) for name in LISTS}
    lines = [
        f"{facts['enquiries']} enquiries, {facts['candidates']} different ones "
        f"(dropped: {counts['dropped'] or 'none'})",
        *_unread(facts),
        f"languages: {counts['languages']}",
        f"hidden personal data: {counts['personal'] or 'none'}; look at personal-sample.jsonl",
        f"answered in another language: {facts['wrong_language']}; mixed: {facts['mixed']}",
        "",
    ]
    lines += [
        f"{c['enquiries']:>6}  {', '.join(c['terms'][:4])}: “{' '.join(c['example'].split())[:70]}”"
        for c in clusters[:SHOWN]
    ]
    return "\n".join(lines)


LISTS = ("dropped", "languages", "personal")


def _unread(facts: dict[str, Any]) -> list[str]:
    """Return the line about rows that could not be read; none if all could."""
    first = facts["unread_first"][:1]
    return (
        [f"rows that could not be read: {facts['unread']}; the first: {first[0]}"] if first else []
    )
