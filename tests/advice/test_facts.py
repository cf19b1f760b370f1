from __future__ import annotations

import pytest

from pinchtune.advice.facts import (
    MEXA_LEAST,
    LanguageFacts,
    Texts,
    describe_texts,
    fertility,
    hardly_known,
    warn,
)
from pinchtune.languages import LANGUAGES


def test_fertility_is_relative_to_the_same_texts():
    english = describe_texts(["one two three", "four"], 8)
    assert english == Texts(8, 4, 17)
    spanish = fertility("es", Texts(12, 6, 24), english)
    assert spanish == {"tokens_per_word": 2.0, "tokens_per_character": 0.5, "premium": 1.5}
    # A language without spaces has no words to count.
    assert fertility("ja", Texts(12, 1, 6), english)["tokens_per_word"] is None


def test_knowledge_is_the_mean_of_what_is_known():
    assert LanguageFacts("es", mexa=0.4, parity=0.8).knowledge == pytest.approx(0.6)
    assert LanguageFacts("es", mexa=0.4).knowledge == 0.4
    assert LanguageFacts("es", mexa=0.4, parity=1.6).knowledge == pytest.approx(0.7)
    assert LanguageFacts("es").knowledge is None


def test_warnings_say_what_is_below_which_limit():
    facts = {
        "es": LanguageFacts("es", pairs=64, mexa=0.6, parity=0.8),
        "fi": LanguageFacts("fi", pairs=64, mexa=MEXA_LEAST, parity=0.6),
        "it": LanguageFacts("it", pairs=64, mexa=0.5, parity=0.7),
        "sw": LanguageFacts("sw", pairs=64, mexa=0.01, parity=0.4),
    }
    found = warn(facts, ["es", "sw", "fi", "it", "ko"])
    assert [(w.code, w.reason) for w in found] == [
        ("sw", "mexa"),
        ("sw", "parity"),
        ("ko", "unmeasured"),
    ]
    assert found[0].chance == pytest.approx(1 / 127)
    # The median of the four is 0.65.
    assert found[1].limit == pytest.approx(0.8 * 0.65)
    assert hardly_known(found) == {"sw"}


def test_of_few_pairs_chance_is_not_taken_for_knowledge():
    few = {"ko": LanguageFacts("ko", pairs=10, mexa=0.09, parity=0.7)}
    many = {"ko": LanguageFacts("ko", pairs=64, mexa=0.09, parity=0.7)}
    assert [w.limit for w in warn(few, ["ko"])] == [pytest.approx(2 / 19)]
    assert warn(many, ["ko"]) == []


def test_only_the_languages_that_are_asked_for_make_the_median():
    facts = {code: LanguageFacts(code, mexa=0.5, parity=0.5) for code in ("es", "it")}
    facts["en"] = LanguageFacts("en", mexa=1.0, parity=1.0)
    facts["fr"] = LanguageFacts("fr", mexa=0.5, parity=0.99)
    assert warn(facts, ["es", "it"]) == []


def test_every_language_has_a_family_and_relatives_share_it():
    stock = {code: row.stock for code, row in LANGUAGES.items()}
    assert all(stock.values())
    assert stock["fi"] == stock["et"] == stock["hu"] == "Uralic"
    assert stock["hi"] == stock["es"] == stock["ru"] == "Indo-European"
    assert stock["he"] == stock["ar"] == stock["ha"]
    assert stock["ja"] == "Japonic" != stock["zh"]
    assert stock["sw"] == stock["yo"]
