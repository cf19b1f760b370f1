"""pinch select."""

from __future__ import annotations

from typing import Any

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
    app.command("select")(command)


def command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    unapproved: Unapproved = False,
) -> None:
    """Choose the pinch from the pool: which examples, and why."""
    from pinchtune.files import read_json, read_jsonl
    from pinchtune.stages.select import select

    run = select(open_project(folder, overrides), pick_progress(quiet), unapproved)
    facts: dict[str, Any] = {**(run.manifest() or {})}
    facts["selection"] = [row for _, row in read_jsonl(run.path / "selection.jsonl")]
    facts["gaps"] = read_json(run.path / "gaps.json")
    show(facts, _text(facts), as_json)


def _text(facts: dict[str, Any]) -> str:
    from pinchtune.selection.reasons import shorten

    coverage = facts["coverage"]
    lines = [
        f"{row['rank']:>3}  {row['language']:<4} {shorten(row['instruction'], 70)}\n"
        f"          {row['reason']['en']}"
        for row in facts["selection"]
    ]
    lines += [
        "",
        f"coverage: {coverage['chosen']:.3f} ({facts['method']}); a random draw "
        f"{coverage['random']:.3f}, the best of {facts['random_draws']} "
        f"{coverage['random_most']:.3f}; the whole pool {coverage['whole_pool']:.3f}",
        "least covered: " + "; ".join(f"“{gap['text']}” ({gap['size']})" for gap in facts["gaps"]),
    ]
    return "\n".join(lines)
