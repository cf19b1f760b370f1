"""What the first page says to do next: the recommendation, among the usual advice."""

from __future__ import annotations

import pytest
from made_up_runs import make_data

from pinchtune.evaluation.decision import decide
from pinchtune.evaluation.next_stage import TABLE, Step
from pinchtune.reporting import build_report, build_summary
from pinchtune.reporting.headline import PLACE, build_headline
from pinchtune.reporting.wording import Wording


def recommended(name: str = "prompts", **changes):
    step = Step(name, {"seen": 66}, ["ar"], 3)
    return make_data(advice={locale: step.text(locale) for locale in ("en", "ja")}, **changes)


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_the_recommendation_takes_the_place_of_the_usual_one(data, locale):
    words = Wording(locale)
    usual, own = (build_headline(d, words).next for d in (data, recommended()))
    place = PLACE[decide(data.scores).verdict]
    assert "66" in own[place] and len(own) == len(usual) == 3
    assert [a == b for a, b in zip(own, usual, strict=True)] == [i != place for i in range(3)]


def test_it_is_on_the_page_and_in_the_summary():
    for row in TABLE:
        found = recommended(row.step)
        title = Step(row.step, {}, [], 3).text()["title"]
        assert title in build_report(found) and title in build_summary(found)


def test_a_report_without_one_has_the_usual_advice(data):
    assert data.advice is None
    words = Wording("en")
    verdict = decide(data.scores).verdict
    assert build_headline(data, words).next == words.lines(f"headline.{verdict}_next")
