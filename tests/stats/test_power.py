"""Power: against statsmodels' t test, against the intervals that are used, by its properties."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

from pinchtune.stats import (
    Assumptions,
    ClusteredScores,
    PlannedTest,
    Resamples,
    Shape,
    draw_by_language,
    find_headline_power,
    find_power,
    find_prompts,
    find_smallest_effect,
)
from pinchtune.stats.power import MOST_PROMPTS


def seen(effect=10.0, prompts=24, **values):
    given_ = {"ties": 0.3, "languages": 4, "correlation": 0.3, **values}
    return PlannedTest("seen", Assumptions(effect, **given_), prompts)


def analytic(effect, ties, prompts):
    """Power of a one-sided t test on verdicts in one language."""
    spread = math.sqrt(2500 * (1 - ties) - effect**2)
    return TTestPower().power(effect / spread, prompts, 0.025, alternative="larger")


@pytest.mark.parametrize("effect, ties, prompts", [(10, 0.3, 24), (10, 0.3, 100), (15, 0.5, 40)])
def test_power_is_that_of_statsmodels(effect, ties, prompts):
    found = find_power(PlannedTest("x", Assumptions(effect, ties), prompts), studies=8000)
    assert found.value == pytest.approx(analytic(effect, ties, prompts), abs=0.03)
    assert found.error == pytest.approx(math.sqrt(found.value * (1 - found.value) / 8000))


def test_english_within_the_margin_is_a_shifted_test():
    english = PlannedTest("english", Assumptions(0, 0.3), 100, limit=40)
    assert find_power(english, studies=8000).value == pytest.approx(
        TTestPower().power(10 / math.sqrt(2500 * 0.7), 100, 0.025, alternative="larger"), abs=0.03
    )


def test_power_is_how_often_the_interval_of_scores_lies_above_50():
    """The planned test is Student's t; scores.json uses resamples. They decide alike."""
    plan, count = seen(), 400
    verdicts = list(
        draw_by_language(plan.assumptions, Shape(count, 1, 24), np.random.default_rng(5))
    )
    names, codes = [f"{i:02}" for i in range(24)] * 4, [c for c in "abcd" for _ in range(24)]
    resamples = Resamples(names, 500)
    shown = 0
    for study in range(count):
        values = np.concatenate([scores[study, 0] for scores in verdicts])
        shown += ClusteredScores(resamples, values, names, codes).bootstrap().estimate().low > 50
    expected = find_power(plan)
    error = math.hypot(expected.error, math.sqrt(0.25 / count))
    assert shown / count == pytest.approx(expected.value, abs=3 * error)


def test_without_an_effect_it_succeeds_as_often_as_it_may_err():
    for seeds, spread in ((1, 0.0), (3, 0.0), (3, 5.0), (5, 5.0)):
        found = find_power(seen(0.0, 40, seed_correlation=0.5, seed_spread=spread), seeds)
        assert found.value < 0.025 + 3 * math.sqrt(0.025 / 2000)


@settings(max_examples=15)
@given(
    st.floats(-10, 20),
    st.floats(0, 0.5),
    st.integers(2, 60),
    st.integers(1, 4),
    st.integers(0, 9),
)
def test_properties(effect, ties, prompts, seeds, seed):
    plan = seen(effect, prompts, ties=ties, seed_correlation=0.6, seed_spread=2.0)
    options = {"studies": 300, "seed": seed}
    found = find_power(plan, seeds, **options)
    assert found == find_power(plan, seeds, **options)
    assert 0 <= found.value <= 1
    stronger = plan._replace(assumptions=replace(plan.assumptions, effect=effect + 5))
    assert find_power(stronger, seeds, **options).value >= found.value - 0.05
    easier = plan._replace(limit=40)
    assert find_power(easier, seeds, **options).value >= found.value


def test_more_prompts_and_less_in_common_show_more():
    few, many = (find_power(seen(prompts=n)).value for n in (24, 100))
    alone = find_power(seen(correlation=0.0)).value
    assert few < alone < many


def test_the_headline_is_no_easier_than_its_steps():
    english = PlannedTest("english", Assumptions(0, 0.4), 100, limit=40)
    unseen = seen(8.0)._replace(name="unseen")
    tests = (english, seen(), unseen)
    found = find_headline_power(tests)
    assert list(found) == ["english", "seen", "unseen"]
    values = [power.value for power in found.values()]
    assert values == sorted(values, reverse=True)
    alone = [find_power(test).value for test in tests]
    assert values == pytest.approx(np.cumprod(alone), abs=0.04)


def test_prompts_that_are_needed():
    found = find_prompts(seen(10.0))
    assert 40 < found.prompts < 120
    assert found.power.value >= 0.8
    fewer = find_power(seen(10.0, found.prompts - 5)).value
    assert fewer < 0.8 + 2 * found.power.error
    one = find_prompts(PlannedTest("x", Assumptions(20, 0.3), 1))
    solved = TTestPower().solve_power(20 / math.sqrt(1350), None, 0.025, 0.8, alternative="larger")
    assert one.prompts == pytest.approx(solved, abs=4)


def test_no_number_of_prompts_makes_up_for_too_few_seeds():
    plan = seen(8.0, seed_correlation=0.5, seed_spread=8.0)
    found = find_prompts(plan, seeds=3, studies=300)
    assert found.prompts is None and found.power.value < 0.8
    assert found.power == find_power(plan._replace(prompts=MOST_PROMPTS), 3, studies=300)


def test_smallest_effect_and_power_agree():
    found = find_smallest_effect(seen(prompts=40))
    assert found.power == find_power(seen(found.effect, 40))
    assert found.power.value >= 0.8 > find_power(seen(found.effect - 1, 40)).value
    assert find_smallest_effect(seen(prompts=100)).effect < found.effect
    assert find_smallest_effect(seen(prompts=40, correlation=0.0)).effect < found.effect


def test_smallest_effect_of_english_may_be_a_loss():
    english = PlannedTest("english", Assumptions(0, 0.4), 1000, limit=40)
    assert -10 < find_smallest_effect(english, studies=500).effect < -3


def test_nothing_can_be_shown_with_two_prompts_and_many_ties():
    found = find_smallest_effect(PlannedTest("x", Assumptions(0, 0.9), 2))
    assert found.effect is None and found.power.value < 0.8
    assert find_power(PlannedTest("x", Assumptions(0, 0.3), 1)).value == 0
