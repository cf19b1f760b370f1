"""The plan and what came of it: when it was made, what deviates, and what it could show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pinchtune.reporting.inputs import Json, ReportData
from pinchtune.reporting.protocol import Facts, as_text
from pinchtune.reporting.safety import clip
from pinchtune.reporting.tables import Cell, Grid, Line
from pinchtune.reporting.wording import Wording
from pinchtune.stats import NEUTRAL

DATE_CHARACTERS = 40


class PlanView(NamedTuple):
    """The section on the plan."""

    text: str
    warnings: list[str]
    deviations: Facts
    powers: Grid
    note: str
    """How to read the table; empty if there is none."""


def build_plan(data: ReportData, words: Wording) -> PlanView:
    """Return the section in a locale; a sentence where there was no plan."""
    plan = data.plan
    if plan is None:
        margin = f"{data.scores['english']['margin']:g}"
        nothing = Facts("", [], []), Grid("", [], [])
        return PlanView(words("plan.none", margin=margin), [], *nothing, "")
    made = clip(str(plan["made"]), DATE_CHARACTERS, 1).text
    text = words("plan.deviates" if plan["deviations"] else "plan.kept", made=made)
    return PlanView(
        text,
        list(_warnings(plan, words)),
        _deviations(plan, words),
        _powers(data, plan, words),
        _note(plan, words),
    )


def _warnings(plan: Json, words: Wording) -> Iterator[str]:
    if plan["is_late"]:
        yield words("plan.late")
    if plan["replaced"]:
        yield words("plan.replaced", n=plan["replaced"])


def _deviations(plan: Json, words: Wording) -> Facts:
    header = [words(f"plan.{name}") for name in ("option", "planned", "now")]
    keys = ("key", "planned", "now")
    rows = [[as_text(row[key]) for key in keys] for row in plan["deviations"]]
    return Facts(words("plan.deviations"), header, rows)


def _powers(data: ReportData, plan: Json, words: Wording) -> Grid:
    names = ("prompts", "power", "smallest", "result")
    header = [words("page.group"), *(words(f"plan.{name}") for name in names)]
    tests = plan.get("tests", {})
    lines = [_power(data, group, tests[group], words) for group in data.sequence if group in tests]
    return Grid(words("plan.powers"), header, lines)


def _power(data: ReportData, group: str, test: Json, words: Wording) -> Line:
    smallest, rate, limit = test["smallest_effect"], data.win_rate(group), data.limit(group)
    power = words.number(100 * test["power_with_all_before"])
    times = f"{test['languages']} × " if test["languages"] > 1 else ""  # noqa: RUF001 - a sign
    step = data.step(group)
    word = words("claims.shown" if step["shown"] else "claims.not_shown") if step else ""
    cells = [
        Cell(f"{times}{words.number(test['prompts'])}"),
        Cell(words("page.percent", value=power)),
        Cell(words("plan.nothing") if smallest is None else words.number(NEUTRAL + smallest, 1)),
        Cell(words.score(rate["value"], limit), words.score_bracket(rate, limit), word),
    ]
    return Line(words(f"group.{group}"), False, cells)


def _note(plan: Json, words: Wording) -> str:
    if not plan.get("tests"):
        return ""
    assumed = plan["assumed"]
    effect = f"{NEUTRAL + assumed['effect']:g}"
    note = words("plan.note", effect=effect, ties=words.number(100 * assumed["ties"]))
    if assumed["seeds"] == 1:
        return note
    seeds = words("plan.note_seeds", n=assumed["seeds"], spread=f"{assumed['seed_spread']:g}")
    return words("page.space").join([note, seeds])
