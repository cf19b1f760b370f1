from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from pinchtune.advice import choice
from pinchtune.advice.choice import Closeness, best_set, likeness, likenesses, rank_sets
from pinchtune.advice.facts import LanguageFacts
from pinchtune.config import AdviseConfig
from pinchtune.errors import UsageError

CODES = ("ar", "cs", "es", "fi", "he", "it", "ja", "ru", "zh")
CONFIG = AdviseConfig()


def make_closeness(seed=0):
    values = np.random.default_rng(seed).uniform(0, 0.6, (len(CODES), len(CODES)))
    return Closeness(CODES, np.minimum(values, values.T))


def make_facts(seed=0):
    rng = np.random.default_rng(seed)
    return {
        code: LanguageFacts(
            code,
            mexa=float(rng.uniform(0, 1)),
            parity=float(rng.uniform(0.3, 1)),
            enquiries=int(rng.integers(0, 50)),
            cost=float(rng.uniform(1, 3)),
            examples=int(rng.integers(0, 20)),
        )
        for code in CODES
    }


def score_slowly(codes, must, facts, closeness, config, dose):
    """The score as the module's head states it."""
    covered = [max(likeness(i, j, closeness, config) for j in codes) for i in must]
    known = [facts[j].knowledge for j in codes]
    asked = sum(facts[j].enquiries for j in codes) / sum(f.enquiries for f in facts.values())
    lacking = [max(0, -(-dose // len(codes)) - facts[j].examples) for j in codes]
    paid = sum(facts[j].cost * n for j, n in zip(codes, lacking, strict=True))
    dearest = max(facts[j].cost for j in CODES) * dose
    return (
        sum(covered) / len(covered)
        + config.known_weight * sum(known) / len(known)
        + config.enquiry_weight * asked
        - config.cost_weight * min(1, paid / dearest)
    )


@pytest.mark.parametrize("seed", range(3))
def test_every_set_is_scored_as_stated(seed, monkeypatch):
    monkeypatch.setattr(choice, "AT_ONCE", 7)
    facts, closeness = make_facts(seed), make_closeness(seed)
    ranked = rank_sets(CODES, CODES, facts, closeness, CONFIG, 40, keep=3)
    for size, rows in ranked.items():
        slow = {
            codes: score_slowly(codes, CODES, facts, closeness, CONFIG, 40)
            for codes in combinations(CODES, size)
        }
        expected = sorted(slow, key=lambda c: (-round(slow[c], 9), c))[:3]
        assert [row.codes for row in rows] == expected
        for row in rows:
            assert row.score == pytest.approx(slow[row.codes], abs=1e-8)
    assert best_set(ranked).score == max(row.score for rows in ranked.values() for row in rows)


def test_order_of_the_candidates_does_not_matter():
    facts, closeness = make_facts(), make_closeness()
    first = rank_sets(CODES, CODES, facts, closeness, CONFIG, 40)
    assert rank_sets(CODES, CODES[::-1], facts, closeness, CONFIG, 40) == first


def test_equals_are_ranked_by_code():
    facts = {code: LanguageFacts(code) for code in ("de", "nl", "sv")}
    ranked = rank_sets(
        ["ja"], ["sv", "nl", "de"], facts, Closeness((), np.zeros((0, 0))), CONFIG, 4
    )
    assert [row.codes for row in ranked[2]] == [("de", "nl"), ("de", "sv"), ("nl", "sv")]
    assert best_set(ranked).codes == ("de", "nl")
    assert 4 not in ranked


def test_likeness_counts_script_family_and_model():
    codes = ("ar", "he", "it", "es", "cs", "ja")
    values = np.full((6, 6), 0.5)
    closeness = Closeness(codes, values)
    assert likeness("it", "it", closeness, CONFIG) == 1.0
    assert likeness("it", "es", closeness, CONFIG) == pytest.approx(0.4 + 0.3 + 0.15)
    assert likeness("it", "cs", closeness, CONFIG) == pytest.approx(0.4 + 0.15 + 0.15)
    assert likeness("ar", "he", closeness, CONFIG) == pytest.approx(0.3 + 0.15)
    assert likeness("ar", "ja", closeness, CONFIG) == pytest.approx(0.15)
    # What was not measured is left out of the mean, not counted as far.
    nothing = Closeness((), np.zeros((0, 0)))
    assert likeness("it", "es", nothing, CONFIG) == 1.0
    assert likeness("it", "cs", nothing, CONFIG) == pytest.approx(0.55 / 0.7)


def test_a_second_script_is_worth_more_than_a_sister():
    facts = {code: LanguageFacts(code, mexa=0.5, parity=0.5) for code in CODES}
    must, nothing = ("es", "it", "ja", "zh"), Closeness((), np.zeros((0, 0)))
    found = rank_sets(must, ("es", "it", "ja"), facts, nothing, CONFIG, 4)
    assert found[2][0].codes == ("es", "ja")
    stands = {part.code: dict(part.stands_for) for part in found[2][0].parts}
    assert stands == {"es": {"es": "same", "it": "branch", "zh": "rest"}, "ja": {"ja": "same"}}


def test_cost_and_pool_count():
    facts = {
        "es": LanguageFacts("es", cost=3, mexa=0.5),
        "it": LanguageFacts("it", cost=1, mexa=0.5),
        "pt": LanguageFacts("pt", cost=1, mexa=0.5, examples=5),
        "ja": LanguageFacts("ja", cost=2, mexa=0.5),
    }
    nothing = Closeness((), np.zeros((0, 0)))
    best = rank_sets(("es", "ja"), tuple(facts), facts, nothing, CONFIG, 10)[2][0]
    only_cost = AdviseConfig(known_weight=0.0, cost_weight=100.0)
    cheap = rank_sets(("es", "ja"), tuple(facts), facts, nothing, only_cost, 10)[2][0]
    # Portuguese stands for Spanish as well as Spanish does here, and half of it is there already.
    assert best.codes == ("ja", "pt")
    assert cheap.codes == ("it", "pt")
    assert {part.code: part.missing for part in cheap.parts} == {"it": 5, "pt": 0}
    assert cheap.cost == pytest.approx(5 / 30)


def test_too_few_candidates_is_said():
    nothing = Closeness((), np.zeros((0, 0)))
    with pytest.raises(UsageError, match=r"advise\.candidates: 1 languages are left"):
        rank_sets(["es"], ["es"], {}, nothing, CONFIG, 4)


def test_what_nobody_measured_counts_as_the_middle():
    facts = {"es": LanguageFacts("es", mexa=0.8), "it": LanguageFacts("it", mexa=0.2)}
    nothing = Closeness((), np.zeros((0, 0)))
    only = AdviseConfig(known_weight=100.0)
    found = rank_sets(["es"], ["es", "it", "ko"], facts, nothing, only, 4)[2]
    assert [row.codes for row in found] == [("es", "ko"), ("es", "it"), ("it", "ko")]
    assert found[0].known == pytest.approx(0.65)


def test_likenesses_is_a_table():
    table = likenesses(("es", "ja"), ("it",), make_closeness(), CONFIG)
    assert table.shape == (2, 1)
