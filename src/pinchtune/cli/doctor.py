"""pinch doctor."""

from __future__ import annotations

import typer

from pinchtune.cli.common import HERE, AsJson, Folder, show


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("doctor")(command)


def command(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """Say what this machine and the project have, and what will be slow."""
    from pinchtune.stages.doctor import doctor

    facts = doctor(folder)
    width = max(len(fact.name) for fact in facts)
    lines = [
        f"{fact.name:<{width}}  {fact.value}" + (f"  -> {fact.advice}" if fact.advice else "")
        for fact in facts
    ]
    show([fact._asdict() for fact in facts], "\n".join(lines), as_json)
