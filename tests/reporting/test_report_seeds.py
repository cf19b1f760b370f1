"""The section on the seeds: what each gave, beside what they say together."""

from __future__ import annotations

import pytest
from made_up_runs import estimate, make_data

from pinchtune.reporting import build_report, build_summary
from pinchtune.reporting.seeds import build_seeds, seeds_markdown
from pinchtune.reporting.wording import Wording

GROUPS = ("english", "seen", "unseen")


def repeated(data, count):
    table = {"languages": {}, "groups": {g: estimate(61.0) for g in GROUPS}}
    spread = {"seeds": 3.25, "prompts": 21.0, "rest": 30.0, "these_seeds": estimate(61.0)}
    seeds = {"count": count, "win_rate": [table] * count, "spread": dict.fromkeys(GROUPS, spread)}
    return make_data({**data.scores, "seeds": seeds})


def test_with_one_seed_there_is_no_section(data):
    assert build_seeds(data, Wording("en")) is None and seeds_markdown(data, Wording("en")) == ""
    assert "Would it come out the same again" not in build_report(data)


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_each_seed_has_a_column(data, locale):
    view = build_seeds(repeated(data, 3), Wording(locale))
    assert view is not None and view.warning == ""
    assert len(view.rates.header) == 7 and len(view.rates.lines) == 3
    cells = view.rates.lines[0].cells
    assert [c.value for c in cells[1:]] == ["61", "61", "61", "3.2", "21.0"]


def test_two_seeds_come_with_a_warning(data):
    two = repeated(data, 2)
    assert "tell little" in build_seeds(two, Wording("en")).warning
    for locale in ("en", "ja"):
        assert Wording(locale)("seeds.few", n=2) in build_summary(two, locale)
    page = build_report(two)
    assert 'id="en-seeds"' in page and 'href="#ja-seeds"' in page


def test_a_spread_that_is_not_known_is_a_dash(data):
    found = repeated(data, 2)
    found.scores["seeds"]["spread"] = dict.fromkeys(
        GROUPS, dict.fromkeys(("seeds", "prompts", "rest", "these_seeds"))
    )
    assert build_seeds(found, Wording("en")).rates.lines[0].cells[-1].value == "–"
