"""The section on public benchmarks: there when some were run, and harmless."""

from __future__ import annotations

import pytest
from made_up_runs import make_data
from test_report_page import check

from pinchtune.reporting import build_report
from pinchtune.reporting.benchmarks import build_benchmarks
from pinchtune.reporting.wording import Wording

ROW = {
    "task": "belebele_<b>jpn</b>",
    "metric": "acc",
    "filter": "none",
    "better": "higher",
    "version": "1.0",
    "rows": 900,
    "shots": 0,
    "arms": {
        "english": {"value": 0.31, "error": 0.015},
        "pinch": {"value": 0.35, "error": None},
    },
    "difference": {"value": 0.04, "low": 0.01, "high": 0.07, "n": 900},
    "seed": 0,
    "limit": 0,
    "chat": False,
}


def test_without_benchmarks_there_is_no_section(data):
    assert build_benchmarks(data, Wording("en")) is None
    assert 'id="en-benchmarks"' not in build_report(data)


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_values_errors_and_the_difference(locale):
    view = build_benchmarks(make_data(benchmarks=[ROW]), Wording(locale))
    [line] = view.rows.lines
    rows, english, pinch, difference = line.cells
    assert (rows.value, english.value, english.interval) == ("900", "0.310", "± 0.015")
    assert (pinch.value, pinch.interval) == ("0.350", "")
    assert (difference.value, difference.mark) == ("+0.040", "better")
    assert "+0.010" in difference.interval and "+0.070" in difference.interval


def test_a_lower_value_can_be_the_better_one():
    row = {**ROW, "better": "lower"}
    view = build_benchmarks(make_data(benchmarks=[row]), Wording("en"))
    assert view.rows.lines[0].cells[-1].mark == "worse"


def test_no_difference_no_mark_and_later_seeds_by_name():
    rows = [{**ROW, "difference": None}, {**ROW, "seed": 1, "limit": 5, "filter": "strict"}]
    view = build_benchmarks(make_data(benchmarks=rows), Wording("en"))
    assert view.rows.lines[0].cells[-1].value == "–"
    assert view.rows.lines[1].name.endswith("acc, strict, Time 2")
    assert "first rows only" in view.lead


def test_a_name_is_escaped_on_a_whole_page():
    page = build_report(make_data(benchmarks=[ROW]))
    assert "<b>jpn" not in page and "belebele_&lt;b&gt;jpn" in page
    check(page)
