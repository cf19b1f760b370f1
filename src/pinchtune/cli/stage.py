"""pinch stage: list, start, finish."""

from __future__ import annotations

from textwrap import fill
from typing import Annotated, Any

import typer

from pinchtune.cli.common import HERE, AsJson, Folder, exit_code, open_project, show
from pinchtune.cli.decide import WIDTH

app = typer.Typer(
    help="Climb from few languages to all, each stage by a rule fixed before it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="Name of the stage (`pinch stage list`), or next.")]
Override = Annotated[
    str,
    typer.Option("--override", help="Why it begins without a go before it; stays on record."),
]
DASH = "–"  # noqa: RUF001 - stands for nothing


@app.command("list")
def list_command(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """Show the ladder: what each stage is, its state, its decision, its date and its plan."""
    from pinchtune.stages.stage import list_stages

    rows = list_stages(open_project(folder, None))
    show(rows, "\n".join(_table(rows)), as_json)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    cells = [("stage", "tuned", "state", "decision", "began", "ended", "plan")]
    notes = []
    for row in rows:
        for entry in row["tries"] or [None]:
            cells.append((row["name"], ", ".join(row["tuned"]), row["state"], *_facts(entry)))
            if entry and entry["override"]:
                against = entry["override"]["against"]
                notes.append(f"{row['name']} began against “{against}”: {entry['override']['why']}")
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells]
    return [line.rstrip() for line in lines] + notes


def _facts(entry: dict[str, Any] | None) -> tuple[str, str, str, str]:
    if entry is None:
        return (DASH,) * 4
    verdict = entry["decision"]["verdict"] if entry["decision"] else DASH
    return verdict, entry["started"], entry["ended"] or DASH, entry["plan"]


@app.command("start")
def start_command(
    name: Name = "next",
    folder: Folder = HERE,
    override: Override = "",
    as_json: AsJson = False,
) -> None:
    """Begin a stage: fix its plan, and let it set languages and dose from now on."""
    from pinchtune.stages.stage import start_stage

    entry = start_stage(open_project(folder, None), name, override)
    text = (
        f"stage {entry['stage']} has begun, with plan {entry['plan']}: "
        f"{entry['dose']} examples in {', '.join(entry['tuned'])}; "
        f"not tuned: {', '.join(entry['unseen']) or DASH}\n"
        "Every command works on it from now on. Next: pinch run, then pinch stage finish."
    )
    show(entry, text, as_json)


@app.command("finish")
def finish_command(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """End the stage that runs: its decision goes on record. Exits with 0 if go, with 3 if not."""
    from pinchtune.stages.stage import finish_stage

    entry = finish_stage(open_project(folder, None))
    decision = entry["decision"]
    step = decision["next"]
    text = (
        f"stage {entry['stage']}: {decision['verdict'].upper()}, kept in {entry['kept']}/\n"
        f"→ {step['title']}\n{fill(step['why'], WIDTH)}"
    )
    show(entry, text, as_json)
    raise typer.Exit(exit_code(decision, gate=True))
