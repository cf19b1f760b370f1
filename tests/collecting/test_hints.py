"""Hints name what is wrong while somebody writes; good examples in any script have none."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_rows import make_term

import pinchtune.files
from pinchtune.collecting.hints import KINDS, Hint, check_text, check_texts, find_repeated, prepare
from pinchtune.collecting.near import NearIndex
from pinchtune.data.formats import read_examples
from pinchtune.data.similar import find_near_pairs
from pinchtune.languages import LANGUAGES
from pinchtune.records import Example
from pinchtune.store.records import Text

STARTER = Path(pinchtune.files.__file__).parent / "starter/pinch"
ASK = "How do I return a broken kettle to the shop?"
REPLY = "Bring it with the receipt within thirty days, and we will repair or replace it."
GERMAN = "Bringen Sie ihn mit dem Kassenbon vorbei, dann ersetzen wir ihn sofort."


def check(instruction: str = ASK, response: str = REPLY, language: str = "en") -> list[Hint]:
    return check_text(Text(instruction, response), language)


def test_a_good_example_has_none() -> None:
    assert check() == []


@pytest.mark.parametrize("path", sorted(STARTER.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_starter_examples_have_none(path: Path) -> None:
    rows = read_examples(path)
    assert rows
    for row in rows:
        text = Text(row.example.instruction, row.example.response or "")
        assert check_text(text, row.example.language) == [], row


@pytest.mark.parametrize(
    ("found", "hint"),
    [
        (check(" \u200b"), Hint("empty", "instruction", {}, True)),
        (check(response="\u3000"), Hint("empty", "response", {}, True)),
        (
            check(response=REPLY * 200),
            Hint("long", "", {"characters": 15_844, "limit": 8_000}, True),
        ),
        (
            check(response=GERMAN),
            Hint("language", "response", {"found": "de", "declared": "en"}, True),
        ),
        (check(response="Bring it within thirty days and then we will"), "truncated"),
        (
            check(response="Call 030 12 34 56 78 or write to ann@pinch-tools.com."),
            Hint("personal", "response", {"what": "e-mail", "text": "ann@pinch-tools.com"}, True),
        ),
        (
            check(ASK + "\x07"),
            Hint("encoding", "instruction", {"what": "control", "piece": "U+0007"}, True),
        ),
        (check(ASK + "\ud800"), "encoding"),
        (check("CaffÃ¨ e tÃ©: " + ASK), "encoding"),
        (
            check(f"Read \u202e{ASK}\u2066"),
            Hint("bidi", "instruction", {"codes": ["U+202E", "U+2066"]}, True),
        ),
    ],
)
def test_a_hint_of_each_kind(found: list[Hint], hint: Hint | str) -> None:
    expected = {hint} if isinstance(hint, str) else [hint]
    assert (hint in found) if isinstance(hint, Hint) else expected <= {h.kind for h in found}
    assert {h.kind for h in found} <= {hint.kind if isinstance(hint, Hint) else hint, "personal"}


def test_plain_marks_of_direction_are_ordinary() -> None:
    arabic = "كم سعر\u200f الجهاز \u200eXR-5\u200f؟"
    assert check(arabic, "سعره 120 درهماً شاملاً الضريبة.", "ar") == []


def test_near_to_another_example_or_to_an_evaluation_prompt() -> None:
    others = [("1", "What is a purchase order?"), ("2", ASK.upper() + "!")]
    found = check_text(Text(ASK, REPLY), "en", others=others)
    assert found == [
        Hint("near-duplicate", "instruction", {"id": "2", "text": others[1][1]}, False)
    ]
    prompt = Example(ASK + " ", language="en")
    foreign = Example(ASK, language="de")
    found = check_text(Text(ASK, REPLY), "en", evaluated=[foreign, prompt])
    assert found == [Hint("overlap", "instruction", {"id": prompt.id}, True)]
    assert check_text(Text(ASK, REPLY), "en", evaluated=[foreign]) == []


def test_terms_that_it_uses() -> None:
    terms = [make_term("kettle"), make_term("receipts"), make_term("pump")]
    found = check_text(Text(ASK, REPLY), "en", terms=terms)
    assert found == [Hint("terms", "", {"terms": ["kettle", "receipts"]}, False)]


def test_the_gravest_first() -> None:
    found = check_text(Text("", "\u202eand so", ""), "en", terms=[make_term("so")])
    assert [hint.kind for hint in found] == ["empty", "bidi", "terms"]


@given(st.text(), st.text(), st.sampled_from(sorted(LANGUAGES)), st.lists(st.text(), max_size=5))
def test_any_text(ask: str, reply: str, language: str, others: list[str]) -> None:
    known = [(str(i), text) for i, text in enumerate(others)]
    for hint in check_text(Text(ask, reply), language, others=known):
        assert hint.kind in KINDS and hint.field in ("", "instruction", "response")


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4), st.sampled_from(["en", "ja", "ar"]))
def test_many_at_once_are_as_one_by_one(texts: list[tuple[str, str]], language: str) -> None:
    given_texts = [Text(ASK, REPLY), Text("A pump?"), *(Text(*pair) for pair in texts)]
    known = {
        "others": [("1", ASK + "!"), ("2", ""), *((ask, ask) for ask, _ in texts)],
        "terms": [make_term("pumps"), make_term("0", language=language)],
        "evaluated": [Example("A pump", language=language), Example("A pump?"), Example("x")],
    }
    alone = [check_text(text, language, **known) for text in given_texts]
    assert check_texts(given_texts, language, **known) == alone
    kinds = {hint.kind for hints in alone[:2] for hint in hints}
    assert {"near-duplicate", "overlap"} <= kinds


def test_rows_of_one_sheet_that_repeat_each_other() -> None:
    texts = [("B2", ASK), ("B3", "Something else altogether"), ("B4", ASK + "?"), ("B5", " ")]
    hint = Hint("near-duplicate", "instruction", {"id": "B2", "text": ASK}, False)
    assert find_repeated(texts) == [("B4", hint)]


WORD = st.sampled_from(["pump", "valve", "order", "price", "注文", "価格", "طلب"])
WORDS = st.lists(WORD, max_size=12)


@given(st.lists(st.dictionaries(st.sampled_from("abcdefg"), WORDS.map(" ".join)), max_size=6))
def test_the_index_follows(states: list[dict[str, str]]) -> None:
    """After any changes it knows what an index made afresh knows."""
    index = NearIndex()
    for state in states:
        others = list(state.items())
        for text in ("pump valve order price 注文", "طلب price order"):
            found, fresh = index.find(text, others), NearIndex().find(text, others)
            assert (found is None) == (fresh is None)
            if found is not None:
                pair = find_near_pairs([text], [state[found]])
                assert len(list(pair)) == 1
        assert len(index) == len(state)
    index.find("", [])
    assert not index._postings and not index._texts and not index._same


def test_the_same_text_is_found_among_thousands_like_it() -> None:
    others = [
        (str(i), f"How much is pump {'abcdefghij'[i % 10] * (i // 10)}?") for i in range(1500)
    ]
    index = NearIndex()
    assert index.find("how much  is pump bb?", others) == "21"
    assert index.find("how much  is pump bb?", others[:21]) != "21"


def test_threads_share_an_index() -> None:
    prepare("en", [(str(i), f"Question {i} on pumps") for i in range(50)])
    wrong: list[object] = []

    def ask(n: int) -> None:
        others = [(f"{n}-{i}", f"Enquiry {n} number {i} {'x' * i}") for i in range(20)]
        for _ in range(20):
            found = check_text(Text(others[5][1], REPLY), "en", others=others)
            ids = {h.values["id"] for h in found if h.kind == "near-duplicate"}
            if not ids or not ids <= {key for key, _ in others}:
                wrong.append(found)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
