"""pinch decide."""

from __future__ import annotations

from textwrap import fill
from typing import Annotated, Any

import typer

from pinchtune.cli.benchmark import benchmark_lines
from pinchtune.cli.common import (
    HERE,
    AsJson,
    Folder,
    Overrides,
    exit_code,
    open_project,
    show,
)

Words = Annotated[str, typer.Option("--language", help="Language of the answer: en or ja.")]
WIDTH = 88


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("decide")(command)


def command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    language: Words = "en",
    as_json: AsJson = False,
) -> None:
    """Say go, no-go or unclear, why, and what to do next. Exits with 0 if go, with 3 if not."""
    from pinchtune.stages.decide import decide

    found = decide(open_project(folder, overrides), language)
    show(found, describe(found, language), as_json)
    raise typer.Exit(exit_code(found, gate=True))


def describe(found: dict[str, Any], language: str) -> str:
    """Return a decision as text: the verdict, why, its plan, the next step."""
    from pinchtune.evaluation.decision import benchmarks_text

    step, wrap = found["next"], fill if language == "en" else _as_it_is
    parts = [wrap(found[name], WIDTH) for name in ("warning", "text") if name in found]
    if plan := found.get("plan"):
        parts.append("\n".join(_plan(plan)))
    if rows := found.get("benchmarks"):
        head = benchmarks_text(language)
        parts.append("\n".join([head, *(f"  {line}" for line in benchmark_lines(rows))]))
    parts.append(f"→ {step['title']}\n{wrap(step['why'], WIDTH)}")
    return f"{found['verdict'].upper()}\n" + "\n\n".join(parts)


def _as_it_is(text: str, _: int) -> str:
    # Japanese has no spaces to break at: the terminal does it.
    return text


def _plan(plan: dict[str, Any]) -> list[str]:
    lines = [f"plan {plan['id']} of {plan['made']}"]
    return lines + [f"  {d['key']}: {d['planned']} → {d['now']}" for d in plan["deviations"]]
