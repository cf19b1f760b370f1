"""The stages from few languages to all: what was decided in each, and what is still ahead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pinchtune.reporting.inputs import Json, ReportData
from pinchtune.reporting.safety import clip
from pinchtune.reporting.tables import Cell, Grid, Line
from pinchtune.reporting.wording import Wording

NOW = "now"
REASON_CHARACTERS = 200


class LadderView(NamedTuple):
    """The section on the stages."""

    rows: Grid
    overrides: list[str]
    """Which stage was begun against the rule, and why."""


def build_ladder(data: ReportData, words: Wording) -> LadderView | None:
    """Return the section in a locale; None where no stage was begun."""
    if not data.stages:
        return None
    columns = ("languages", "examples", "state", "decision", "started", "ended")
    header = [words("ladder.stage"), *(words(f"ladder.{name}") for name in columns)]
    lines = [
        Line(stage["stage"], stage["state"] == NOW, _cells(data, stage, words))
        for stage in data.stages
    ]
    return LadderView(Grid(words("ladder.rows"), header, lines), list(_overrides(data, words)))


def _cells(data: ReportData, stage: Json, words: Wording) -> list[Cell]:
    names = words.join(words.language(code) for code in stage["tuned"])
    decision = data.decision if stage["state"] == NOW else stage["decision"]
    verdict = words(f"headline.{decision['verdict']}") if decision else words("page.unknown")
    dates = (stage[name] or words("page.unknown") for name in ("started", "ended"))
    texts = (names, words.number(stage["dose"]), words(f"ladder.{stage['state']}"), verdict, *dates)
    return [Cell(text) for text in texts]


def _overrides(data: ReportData, words: Wording) -> Iterator[str]:
    for stage in data.stages:
        if override := stage.get("override"):
            why = clip(override["why"], REASON_CHARACTERS, 2).text
            yield words("ladder.override", stage=stage["stage"], why=why)
