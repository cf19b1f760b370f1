"""How the pinch was chosen: how much it covers, why each example, what is left open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.mixed import Bar
from pinchtune.reporting.safety import clip
from pinchtune.reporting.samples import TextView, view_text
from pinchtune.reporting.wording import Wording
from pinchtune.selection.outcome import Open, Outcome, Pick

CHARACTERS, REASON_CHARACTERS = 200, 400
SHOWN = 10
"""Examples that are shown at once; the others are folded away."""


class PickView(NamedTuple):
    """One chosen example."""

    language: str
    instruction: TextView
    reason: str


class GapView(NamedTuple):
    """What is covered least."""

    text: TextView
    share: str


class ChosenView(NamedTuple):
    """The section on the choice."""

    lead: str
    notes: list[str]
    bars: list[Bar]
    picks: list[PickView]
    folded: list[PickView]
    gaps: list[GapView]


def build_chosen(data: ReportData, words: Wording) -> ChosenView | None:
    """Return the section in a locale; None if nothing was chosen."""
    outcome = data.outcome
    if outcome is None:
        return None
    picks = [_pick(pick, words) for pick in outcome.picks]
    ground = "selection.mined" if outcome.mined else "selection.pool"
    counts = {"chosen": len(outcome.picks), "candidates": outcome.candidates}
    counts["texts"] = outcome.different
    return ChosenView(
        words(ground, **{name: words.number(n) for name, n in counts.items()}),
        list(_notes(data, outcome, words)),
        list(_bars(outcome, words)),
        picks[:SHOWN],
        picks[SHOWN:],
        [_gap(gap, words) for gap in outcome.gaps],
    )


def _notes(data: ReportData, outcome: Outcome, words: Wording) -> Iterator[str]:
    if {row["id"] for row in data.mixture.get("pinch", [])} != {p.id for p in outcome.picks}:
        yield words("selection.other")
    if outcome.gain >= 0.01:
        yield words("selection.gain", share=words.number(100 * outcome.gain))


def _bars(outcome: Outcome, words: Wording) -> Iterator[Bar]:
    """Yield what each way covers, the choice first and the whole pool last."""
    covers = outcome.coverage
    top = max(1e-9, *covers.values())
    order = ("chosen", "random", "random_most", *outcome.ways, "whole_pool")
    for way in order:
        name = words(f"way.{way}", draws=outcome.draws)
        width = round(100 * max(0.0, covers[way]) / top, 1)
        yield Bar(name, words.number(covers[way], 3), width)


def _pick(pick: Pick, words: Wording) -> PickView:
    instruction = view_text(pick.instruction, CHARACTERS, pick.language, words)
    reason = clip(pick.why(words.locale)[0], REASON_CHARACTERS, 2).text
    return PickView(words.language(pick.language), instruction._replace(note=""), reason)


def _gap(gap: Open, words: Wording) -> GapView:
    share = words("page.percent", value=words.number(100 * gap.share))
    text = view_text(gap.text, CHARACTERS, gap.language, words)
    return GapView(text._replace(note=""), share)
