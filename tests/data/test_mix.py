from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.config import MixConfig
from pinchtune.data.mix import draw_pinch, hash_examples, make_mixture, spread
from pinchtune.errors import UsageError
from pinchtune.records import Example

LANGUAGES = ("es", "ja", "ru", "ar")


def english(count=40):
    return [Example(f"Question {i}", f"Answer {i}", "en") for i in range(count)]


def pool(count=20, languages=LANGUAGES):
    return [
        Example(f"{code} {i}", f"{code} answer {i}", code, parallel_id=f"p-{i}")
        for code in languages
        for i in range(count)
    ]


def mix(**settings):
    parts = {"base": english(), "pool": pool(), "evaluation": [], "languages": LANGUAGES}
    parts |= {k: settings.pop(k) for k in list(settings) if k in parts}
    return make_mixture(**parts, config=MixConfig(**{"dose": 10, **settings}))


@given(st.integers(0, 40), st.integers(0, 5))
def test_replacing_keeps_the_budget_and_the_rest(dose, seed):
    made = mix(dose=dose, seed=seed)
    assert len(made.pinch) == len(made.english) == 40
    rest = [e for e in made.pinch if e.language == "en"]
    assert {e.id for e in rest} <= {e.id for e in made.english}
    assert made.facts["untouched"] == {"examples": 40 - dose, "sha256_16": hash_examples(rest)}
    assert len(made.facts["replaced"]) == dose
    shares = Counter(e.language for e in made.pinch)
    assert sum(shares[code] for code in LANGUAGES) == dose
    assert max(shares[c] for c in LANGUAGES) - min(shares[c] for c in LANGUAGES) <= 1


def test_adding_keeps_every_english_example():
    made = mix(mode="add", dose=12)
    assert len(made.english) == 40
    assert len(made.pinch) == 52
    assert made.facts["replaced"] == []
    assert made.facts["untouched"]["sha256_16"] == hash_examples(made.english)


def test_percent_of_the_budget():
    assert sum(e.language != "en" for e in mix(percent=10, budget=20).pinch) == 2


def test_same_seed_same_rows_other_seed_other_rows():
    assert mix(seed=3) == mix(seed=3)
    assert mix(seed=3).pinch != mix(seed=4).pinch


def test_no_instruction_twice_while_the_pool_lasts():
    drawn = draw_pinch(pool(20), LANGUAGES, 20, seed=0)
    assert len({e.parallel_id for e in drawn}) == 20
    more = draw_pinch(pool(5), LANGUAGES, 20, seed=0)
    assert len(more) == len({e.id for e in more}) == 20


@given(st.integers(0, 30), st.integers(0, 30))
def test_spread_is_even_and_keeps_order(rest, pinch):
    rows = spread(english(rest), pool(pinch, ("es",)))
    assert [e for e in rows if e.language == "en"] == english(rest)
    places = [i for i, e in enumerate(rows) if e.language == "es"]
    gaps = [b - a for a, b in pairwise(places)]
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_only_approved_examples_with_a_response_are_used():
    rows = [Example("a", "b", "en", status="draft"), Example("c", None, "en"), *english(12)]
    made = mix(base=rows)
    assert len(made.english) == 12
    assert made.facts["not_used"] == {"base": 2, "pinch": 0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dose": 41}, "41 examples cannot replace 40 English ones; lower the dose"),
        ({"dose": 100, "mode": "add"}, "25 examples in es asked for, but the pinch pool has 20"),
        ({"budget": 41}, "mix.budget: 41 examples asked for, but the base set has 40"),
        ({"base": pool()}, "holds no approved English example"),
        ({"pool": pool(20, ("es", "ja", "ru"))}, "in ar asked for, but the pinch pool has 0"),
        ({"evaluation": [Example("x", "y", "fr", parallel_id="p-3")]}, "parallel twin 'p-3'"),
        ({"evaluation": [Example("QUESTION  3", "y", "en")]}, "the same prompt (en)"),
    ],
)
def test_what_cannot_be_mixed_says_why(settings, message):
    with pytest.raises(UsageError) as caught:
        mix(**settings)
    assert message in str(caught.value)
