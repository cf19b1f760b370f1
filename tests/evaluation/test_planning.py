from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.config import Config, LanguagesConfig
from pinchtune.errors import UsageError
from pinchtune.evaluation.planning import (
    Guess,
    count_prompts,
    deviations,
    find_powers,
    plan_id,
    planned_tests,
    promise,
)
from pinchtune.records import Example

CONFIG = Config(languages=LanguagesConfig(tuned=("es", "ja"), unseen=("ar",)))
PROMPTS = {"en": 60, "es": 24, "ja": 20, "ar": 24}
PROMISES = st.fixed_dictionaries(
    {"a": st.integers(0, 2), "b": st.fixed_dictionaries({"c": st.integers(0, 2), "d": st.text()})}
)


def promised(**changed):
    return promise(CONFIG.model_copy(update=changed), PROMPTS, {"kind": "reference"})


def test_what_is_judged_is_counted():
    rows = [Example("a", "b", "es"), Example("a", None, "es-MX"), Example("a", "b", "en")]
    assert count_prompts(rows, False, ("en", "es", "ja")) == {"en": 1, "es": 1, "ja": 0}
    assert count_prompts(rows, True, ("en", "es", "ja")) == {"en": 1, "es": 2, "ja": 0}


def test_the_headline_is_tested_in_its_order_and_at_its_limits():
    tests = planned_tests(promised(), Guess(effect=6))
    assert [(t.name, t.prompts, t.limit) for t in tests] == [
        ("english", 60, 40),
        ("seen", 20, 50),
        ("unseen", 24, 50),
    ]
    assert [t.assumptions.effect for t in tests] == [0, 6, 6]
    assert [t.assumptions.languages for t in tests] == [1, 2, 1]


def test_a_language_without_prompts_is_not_planned_with():
    facts = {**promised(), "prompts": {**PROMPTS, "ar": 0}}
    assert [t.name for t in planned_tests(facts, Guess())] == ["english", "seen"]


def test_more_prompts_show_more():
    few = find_powers(planned_tests(promised(), Guess()))
    more = {**promised(), "prompts": {code: 10 * n for code, n in PROMPTS.items()}}
    many = find_powers(planned_tests(more, Guess()))
    for name, facts in few.items():
        assert many[name]["power_with_all_before"] > facts["power_with_all_before"]
        assert many[name]["smallest_effect"] < facts["smallest_effect"]
        assert many[name]["prompts_needed"] == facts["prompts_needed"]


def test_the_id_is_that_of_the_promise():
    assert plan_id(promised()) == plan_id(promised())
    assert plan_id(promised()) != plan_id(promised(languages=LanguagesConfig()))


def test_deviations_name_the_option():
    changed = CONFIG.evaluate.model_copy(update={"english_margin": 20.0})
    assert deviations(promised(), promised(evaluate=changed)) == [
        {"key": "english_margin", "planned": 10.0, "now": 20.0}
    ]
    mix = CONFIG.mix.model_copy(update={"dose": 80})
    assert [d["key"] for d in deviations(promised(), promised(mix=mix))] == ["mix.dose"]


@given(PROMISES, PROMISES)
def test_nothing_deviates_from_itself_and_all_else_does(first, second):
    assert deviations(first, first) == []
    expected = [key for key in ("a",) if first[key] != second[key]]
    expected += [f"b.{key}" for key in ("c", "d") if first["b"][key] != second["b"][key]]
    assert [d["key"] for d in deviations(first, second)] == expected


def test_a_guess_that_no_verdicts_could_be_is_refused():
    with pytest.raises(UsageError, match="ties must be"):
        planned_tests(promised(), Guess(ties=2))
