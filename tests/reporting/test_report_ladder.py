"""The section on the stages: the decision of each, this test's own, and what is ahead."""

from __future__ import annotations

import pytest
from made_up_runs import make_data

from pinchtune.reporting import build_report
from pinchtune.reporting.ladder import build_ladder
from pinchtune.reporting.wording import Wording

OPEN = {"started": None, "ended": None, "decision": None}
FIRST = {
    "stage": "40-in-2",
    "tuned": ["es", "ja"],
    "dose": 40,
    "started": "2026-03-02",
    "ended": "2026-03-03",
    "decision": {"verdict": "no-go"},
    "state": "done",
}
WHY = "the board <b>wants</b> it"
SECOND = {
    **FIRST,
    **OPEN,
    "stage": "40-in-4",
    "started": "2026-03-04",
    "state": "now",
    "override": {"why": WHY, "against": "no go"},
}
AHEAD = {**FIRST, **OPEN, "stage": "40-in-12", "state": "ahead"}


@pytest.fixture
def climbing():
    return make_data(stages=[FIRST, SECOND, AHEAD])


def test_without_a_stage_there_is_no_section(data):
    assert build_ladder(data, Wording("en")) is None
    assert 'id="en-ladder"' not in build_report(data)


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_this_test_has_the_decision_of_the_report(climbing, locale):
    words = Wording(locale)
    lines = build_ladder(climbing, words).rows.lines
    decisions = [line.cells[3].value for line in lines]
    own = words(f"headline.{climbing.decision['verdict']}")
    assert decisions == [words("headline.no-go"), own, words("page.unknown")]
    assert [line.is_group for line in lines] == [False, True, False]


def test_a_reason_against_the_rule_is_told_and_escaped(climbing):
    page = build_report(climbing)
    assert 'id="en-ladder"' in page and 'href="#ja-ladder"' in page
    assert "the board &lt;b&gt;wants&lt;/b&gt; it" in page and "<b>wants</b>" not in page
