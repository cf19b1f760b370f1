"""pinch benchmark."""

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

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Tasks or groups (default: all of --tasks-path).", show_default=False),
]
TasksPath = Annotated[
    Path | None, typer.Option("--tasks-path", help="Folder of own task files with their data.")
]
Limit = Annotated[int, typer.Option("--limit", min=0, help="First rows of each task; 0 = all.")]
Chat = Annotated[
    bool, typer.Option("--chat-template", help="Ask through the model's chat template.")
]


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("benchmark")(command)


def command(
    names: Names = None,
    tasks_path: TasksPath = None,
    limit: Limit = 0,
    chat: Chat = False,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Public benchmarks on the arms, by lm-eval; shown in report and decision, deciding nothing."""
    from pinchtune.stages.benchmark import benchmark

    project, progress = open_project(folder, overrides), pick_progress(quiet)
    found = benchmark(project, names or (), tasks_path, limit, chat, progress)
    show(found, "\n".join(benchmark_lines(found)), as_json)


def benchmark_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return a line for each figure: what each arm got, and the difference."""
    return [" ".join(_words(row)) for row in rows]


def _words(row: dict[str, Any]) -> list[str]:
    words = [f"{row['task']}, {row['metric']}" + f" (seed {row['seed']})" * bool(row["seed"]) + ":"]
    arms = [
        f"{arm} {of['value']:.3f}" + (f" ± {of['error']:.3f}" if of["error"] else "")
        for arm, of in row["arms"].items()
    ]
    words.append(", ".join(arms))
    if (difference := row["difference"]) and difference["low"] is not None:
        value, low, high = (difference[key] for key in ("value", "low", "high"))
        words.append(f"→ {value:+.3f} [{low:+.3f} to {high:+.3f}]")
    return words
