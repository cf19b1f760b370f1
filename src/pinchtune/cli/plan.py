"""pinch plan."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pinchtune.cli.common import HERE, AsJson, Folder, Overrides, open_project, show

Effect = Annotated[
    float | None,
    typer.Option("--effect", help="Smallest effect worth having, in points of win rate above 50."),
]
Ties = Annotated[float | None, typer.Option("--ties", help="Share of ties to expect, 0 to 1.")]
Correlation = Annotated[
    float | None,
    typer.Option("--correlation", help="Of the verdicts on one prompt in two languages, 0 to 1."),
]
Spread = Annotated[
    float | None,
    typer.Option(
        "--seed-spread", help="Standard deviation of the win rate between seeds, in points."
    ),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Make another plan; that there was one stays on record.")
]


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("plan")(command)


def command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    effect: Effect = None,
    ties: Ties = None,
    correlation: Correlation = None,
    seed_spread: Spread = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Write down what will be compared, before anything is tuned, and what it can show."""
    from pinchtune.evaluation.planning import Guess
    from pinchtune.files import read_json
    from pinchtune.stages.plan import plan

    given = {
        "effect": effect,
        "ties": ties,
        "correlation": correlation,
        "seed_spread": seed_spread,
    }
    guess = Guess(**{name: value for name, value in given.items() if value is not None})
    path = plan(open_project(folder, overrides), guess, replace)
    facts = read_json(path)
    show(facts, _text(facts, str(path)), as_json)


def _seeds(assumed: dict[str, Any]) -> str:
    if assumed["seeds"] == 1:
        return "one seed of tuning"
    return f"{assumed['seeds']} seeds that differ by {assumed['seed_spread']:g} points"


def _text(facts: dict[str, Any], path: str) -> str:
    from pinchtune.evaluation.decision import FEW_SEEDS

    assumed = facts["assumed"]
    lines = [
        f"plan {facts['id']} of {facts['made']}: {path}",
        f"assumed: {assumed['ties']:.0%} ties; in languages other than English the win rate is "
        f"{50 + assumed['effect']:g}, in English 50; {_seeds(assumed)}",
        "",
        f"{'':8}  {'languages':>9}  {'prompts':>7}  {'to be above':>11}  {'power':>5}  "
        f"{'prompts for 80 %':>16}  {'win rate shown with 80 %':>24}",
    ]
    for name, test in facts["tests"].items():
        smallest, needed = test["smallest_effect"], test["prompts_needed"]
        lines.append(
            f"{name:8}  {test['languages']:>9}  {test['prompts']:>7}  {test['limit']:>11g}  "
            f"{test['power_with_all_before']:>5.0%}  "
            f"{needed if needed is not None else 'over 1000':>16}  "
            f"{f'{50 + smallest:.1f}' if smallest is not None else 'none':>24}"
        )
    lines += ["", "power: of showing this and all lines above it. Prompts are those in a language."]
    if assumed["seeds"] == FEW_SEEDS:
        lines.append("two seeds tell little of how far a third would differ; take three or more")
    if facts["is_late"]:
        lines.append("warning: answers are there already; a decision will say so")
    return "\n".join(lines)
