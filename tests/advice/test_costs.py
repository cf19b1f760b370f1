"""Costs and return: counted and assumed apart, prices of the user, no money that nobody gave."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pinchtune.advice.costs import count_costs
from pinchtune.advice.ledger import Facts, Work, price_of
from pinchtune.advice.worth import Range, share_out, weigh
from pinchtune.config import CostsConfig
from pinchtune.stats import ClusteredScores, Resamples

GROUPS = {"en": "english", "es": "seen", "ja": "seen", "ar": "unseen", "fi": "unseen"}
EFFECTS = {"en": 0.0, "es": 10.0, "ja": 20.0, "ar": 40.0, "fi": 30.0}


def estimate(value, half=8.0, n=40):
    return {"value": value, "low": value - half, "high": value + half, "n": n}


def make_scores(effects=EFFECTS, half=8.0):
    groups = {}
    for name in ("english", "seen", "unseen"):
        values = [v for code, v in effects.items() if GROUPS[code] == name]
        groups[name] = estimate(sum(values) / len(values), half / len(values) ** 0.5)
    control = {code: estimate(50.0) for code in effects}
    return {
        "languages": [{"code": c, "group": GROUPS[c], "prompts": 40} for c in effects],
        "measures": {
            "right_language": {
                "arms": {"english": {"languages": control, "groups": dict.fromkeys(
                    ("english", "seen", "unseen"), estimate(50.0))}},
                "difference": {
                    "languages": {c: estimate(v, half) for c, v in effects.items()},
                    "groups": groups,
                },
            }
        },
    }  # fmt: skip


def make_facts(**changes):
    work = (Work("es", 10, 4, 0.5, 10, 8, 0.2), Work("ja", 10, 0, 0.0, 10, 0, 0.0))
    facts = Facts(make_scores(), {"es": 10, "ja": 10}, work, 0.5, 0, 0.0, None)
    return facts._replace(**changes)


PRICES = {"hourly_rate": 30.0, "machine_rate": 2.0}


def rows_of(costs):
    return {(line.name, line.basis): line for line in costs.lines}


def test_measured_and_assumed_hours_never_share_a_line():
    costs = count_costs(make_facts(), CostsConfig(**PRICES))
    rows = rows_of(costs)
    assert rows["writing", "measured"][1:] == (0.5, "hours", "measured", 4, 15.0)
    assert rows["writing", "assumed"].amount == pytest.approx(16 * 10 / 60)
    assert rows["writing", "assumed"].about == 16
    assert rows["approving", "measured"].amount == 0.2
    assert rows["approving", "assumed"].amount == pytest.approx(12 * 2 / 60)
    assert rows["computing", "measured"].money == 1.0
    hours = 0.5 + 0.2 + 16 / 6 + 0.4
    assert costs.total.hours == pytest.approx(hours)
    assert costs.total.money == pytest.approx(hours * 30 + 1)


def test_without_prices_there_is_no_money_but_hours():
    costs = count_costs(make_facts(), CostsConfig())
    assert {line.money for line in costs.lines} == {None}
    assert costs.total.money is None and costs.per_point is None
    assert costs.hours_per_point.value == pytest.approx(costs.total.hours / 25)
    one = count_costs(make_facts(), CostsConfig(hourly_rate=30.0))
    assert one.total.money is None, "computing has no price, so there is no sum"
    free = count_costs(make_facts(), CostsConfig(hourly_rate=30.0, machine_rate=0.0))
    assert free.total.money == pytest.approx(free.total.hours * 30)


def test_bought_translations_are_paid_and_not_written():
    config = CostsConfig(**PRICES, translation={"ja": 9.0, "ar": 5.0}, translated=("ja",))
    rows = rows_of(count_costs(make_facts(), config))
    assert rows["translating", "measured"][1:] == (10, "examples", "measured", 10, 90.0)
    assert rows["writing", "assumed"].about == 6, "those in Spanish alone"
    assert rows["approving", "assumed"].about == 12, "translations are approved, too"
    assert (price_of("ja", config), price_of("fi", config)) == (9.0, 7.0)


def test_a_judge_is_paid_for():
    line = rows_of(count_costs(make_facts(requests=800, judging=1.25), CostsConfig()))
    assert line["judging", "measured"][1:] == (800, "requests", "measured", 0, 1.25)


@pytest.mark.parametrize(
    ("options", "mined", "source", "points"),
    [
        ({}, None, "alike", 25.0),
        ({}, {"en": 50, "ar": 50}, "mined", 20.0),
        ({"shares": {"ja": 3.0, "fi": 1.0}}, {"en": 50}, "given", 22.5),
        ({}, {"de": 1, "ja": 1}, "mined", 10.0),
    ],
)
def test_effects_are_weighed_by_enquiries(options, mined, source, points):
    config = CostsConfig(**options)
    shares = share_out(config, mined, list(EFFECTS))
    worth = weigh(make_scores(), shares)
    assert (shares.source, worth.points.value) == (source, pytest.approx(points))
    assert worth.covered == pytest.approx(0.5 if mined and "de" in mined else 1.0)
    assert sum(row.adds for row in worth.languages) == pytest.approx(points)


def test_nothing_measured_is_no_effect():
    scores = make_scores()
    for row in scores["measures"]["right_language"]["difference"]["languages"].values():
        row |= {"value": None, "low": None, "high": None, "n": 0}
    costs = count_costs(make_facts(scores=scores), CostsConfig(**PRICES, minutes_saved=3.0))
    assert costs.worth.points is None and costs.per_point is None and costs.back is None
    assert costs.worth.languages == () and costs.what_if == ()


def test_the_interval_is_that_of_a_bootstrap_over_prompts():
    """The prompts of all languages are drawn together; only groups and languages are stored."""
    rng, codes = np.random.default_rng(3), [c for c in GROUPS if c != "en"]
    clusters, languages, before, after = [], [], [], []
    for prompt in range(120):
        shared = rng.normal(0, 20)
        for code in codes:
            clusters.append(str(prompt))
            languages.append(code)
            before.append(50.0)
            after.append(50 + EFFECTS[code] + shared + rng.normal(0, 30))
    resamples = Resamples(clusters, 2000, 0)
    first, second = (ClusteredScores(resamples, v, clusters, languages) for v in (before, after))
    scores = make_scores({c: EFFECTS[c] for c in GROUPS})
    table = scores["measures"]["right_language"]["difference"]
    for code in codes:
        table["languages"][code] = second.difference(first, [code]).to_json()
    for group in ("seen", "unseen"):
        members = [c for c in codes if GROUPS[c] == group]
        table["groups"][group] = second.difference(first, members).to_json()
    shares = {"es": 0.4, "ja": 0.3, "ar": 0.2, "fi": 0.1}
    found = weigh(scores, share_out(CostsConfig(shares=shares), None, codes)).points
    weights = np.array([shares[c] for c in codes])
    whole = np.array([second.bootstrap_difference(first, [c]).drawn for c in codes])
    low, high = np.percentile(weights @ whole, [2.5, 97.5])
    assert found.high - found.low == pytest.approx(high - low, rel=0.12)
    assert found.value == pytest.approx((low + high) / 2, abs=1.5)


def test_a_return_is_claimed_only_where_enquiries_and_minutes_are_given():
    for options in ({}, {"enquiries_a_month": 600.0}, {"minutes_saved": 3.0}):
        costs = count_costs(make_facts(), CostsConfig(**PRICES, **options))
        assert costs.back is None and costs.months is None
        assert all(row.back is None for row in costs.what_if)
    config = CostsConfig(**PRICES, enquiries_a_month=600.0, minutes_saved=3.0)
    costs = count_costs(make_facts(), config)
    assert costs.back.answers.value == pytest.approx(150)
    assert costs.back.hours.value == pytest.approx(7.5)
    assert costs.back.money.value == pytest.approx(225)
    assert costs.months.value == pytest.approx(costs.total.money / 225)
    assert costs.months.low < costs.months.value < costs.months.high


def test_what_may_bring_nothing_has_no_upper_bound():
    assert Range(2.0, -1.0, 5.0).divide(10) == Range(5.0, 2.0, None)
    assert Range(0.0, -1.0, 5.0).divide(10) is None
    assert Range(-2.0, -3.0, -1.0).divide(10) is None


def test_what_if_prices_the_next_steps():
    config = CostsConfig(**PRICES, translation={"es": 6.0, "ja": 8.0})
    costs = count_costs(make_facts(), config)
    twice, languages, translated = costs.what_if
    assert [row.name for row in costs.what_if] == ["twice", "languages", "translated"]
    assert (set(twice.codes), twice.examples) == ({"es", "ja"}, 20)
    assert (set(languages.codes), languages.examples) == ({"ar", "fi"}, 20)
    minutes = costs.minutes
    assert minutes["writing"] == (pytest.approx(7.5), "measured")
    assert minutes["approving"] == (pytest.approx(1.5), "measured")
    assert twice.cost.hours == pytest.approx(20 * 9 / 60)
    assert twice.cost.money == pytest.approx(20 * 9 / 60 * 30 + 1)
    assert translated.cost.hours == pytest.approx(20 * 1.5 / 60)
    assert translated.cost.money == pytest.approx(10 * 6 + 10 * 8 + 15 + 1)
    assert translated.points == costs.worth.points
    assert twice.points.low < twice.points.value < twice.points.high


def test_without_two_groups_nothing_is_said_of_steps():
    scores = make_scores({c: EFFECTS[c] for c in ("en", "es", "ja")} | {"ar": 1.0})
    del scores["measures"]["right_language"]["difference"]["languages"]["ar"]
    scores["languages"] = [row for row in scores["languages"] if row["code"] != "ar"]
    costs = count_costs(make_facts(scores=scores), CostsConfig(**PRICES))
    assert [(row.name, row.points) for row in costs.what_if] == [("twice", None)]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(0, 9)), max_size=5),
    st.floats(0, 200),
    st.booleans(),
)
def test_the_sum_is_the_sum_of_the_lines(work, rate, bought):
    rows = tuple(
        Work(code, n, n // 2, hours, n, n // 3, hours)
        for code, (n, hours) in zip(("es", "ja", "ar", "fi", "en"), work, strict=False)
    )
    config = CostsConfig(
        hourly_rate=rate, machine_rate=1.0, translation={"es": 2.0},
        translated=("es",) if bought else (),
    )  # fmt: skip
    costs = count_costs(make_facts(work=rows), config)
    assert costs.total.money == pytest.approx(sum(line.money for line in costs.lines))
    people = [line for line in costs.lines if line.name in ("writing", "approving")]
    assert costs.total.hours == pytest.approx(sum(line.amount for line in people))
    assert json.loads(json.dumps(costs.to_json()))["total"]["hours"] >= 0


@pytest.mark.parametrize(
    "options",
    [{"translated": ["es"]}, {"shares": {"es": 0.0}}, {"hourly_rate": -1.0}, {"pause_minutes": 0}],
)
def test_senseless_options_are_refused(options):
    with pytest.raises(ValidationError):
        CostsConfig(**options)
