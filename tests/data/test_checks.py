"""Findings name file, line, field and fix; the starter set, in 13 languages, has none."""

from __future__ import annotations

from pathlib import Path

import pytest

import pinchtune.files
from pinchtune.data.checks import KINDS, Finding, check_examples, check_overlap
from pinchtune.data.formats import Located, read_examples
from pinchtune.records import Example

STARTER = Path(pinchtune.files.__file__).parent / "starter"

ASK = "How do I return a broken kettle to the shop?"
REPLY = "Bring it with the receipt within thirty days, and we will repair or replace it."
GERMAN = "Bringen Sie ihn mit dem Kassenbon vorbei, dann ersetzen wir ihn sofort."
JAPANESE = "レシートと一緒にお持ちください。すぐに修理または交換いたします。"
GOOD = Example(ASK, REPLY, "en")


def locate(*examples: Example, path: str = "a.jsonl") -> list[Located]:
    return [Located(example, path, line) for line, example in enumerate(examples, 1)]


def check(*examples: Example) -> list[tuple[str, str, str]]:
    found = check_examples(locate(*examples), ["en", "de", "ja"])
    return [(finding.kind, finding.field, finding.message) for finding in found]


def test_a_good_example() -> None:
    assert check(GOOD) == []
    assert check(Example(ASK, None, "en")) == []


@pytest.mark.parametrize(
    ("example", "finding"),
    [
        (
            Example(" \u200b\n", REPLY, "en"),
            ("empty", "instruction", "is empty; write one or remove the row"),
        ),
        (
            Example(ASK, "\u3000", "en"),
            ("empty", "response", "is empty; write one or remove the row"),
        ),
        (
            Example(ASK, REPLY * 200, "en"),
            ("long", "response", "has 15,844 characters in all, more than 8,000; shorten it"),
        ),
        (
            Example(ASK, "Bring it with the receipt within thirty days and we will", "en"),
            (
                *("truncated", "response"),
                "may be truncated: it ends in the middle of a sentence or a code block; "
                "complete it",
            ),
        ),
        (
            Example(ASK, REPLY, "en", system="Be nice\ufffd"),
            (
                *("encoding", "system"),
                "holds the sign for a lost character (U+FFFD); type it again",
            ),
        ),
        (
            Example(ASK, REPLY, "en", history=(("I am ada@firma.org", "Hello!"),)),
            (
                *("personal", "history[0]"),
                "may hold personal data (an e-mail address); replace it by an invented one",
            ),
        ),
        (
            Example(ASK, GERMAN, "en"),
            (
                *("language", "response"),
                "reads as de, and the row declares en; correct one of the two",
            ),
        ),
        (
            Example(JAPANESE, REPLY, "ja"),
            (
                *("language", "response"),
                "reads as en, and the row declares ja; correct one of the two",
            ),
        ),
        (
            Example(ASK, JAPANESE),
            (
                *("language", "language"),
                "is missing: the instruction reads as en, the response as ja; "
                "add a column language",
            ),
        ),
        (
            Example("1 + 1 = ?", "2"),
            (
                *("language", "language"),
                "is missing and cannot be told; add a column language",
            ),
        ),
    ],
)
def test_finds(example: Example, finding: tuple[str, str, str]) -> None:
    assert check(example) == [finding]


@pytest.mark.parametrize(
    "example",
    [
        Example("OK?", "Ja", "en"),
        Example("レシートは?", "OK, thanks.", "ja"),
        Example(
            "リストを逆順にするコードを書いてください。",
            "次のとおりです。\n```\nfor item in reversed(the_list_of_items):\n    print(item)\n```",
            "ja",
        ),
        Example("ホームページはどこですか?", "https://shop.example/the/long/page/of/offers", "ja"),
    ],
)
def test_short_texts_and_code_are_in_no_language(example: Example) -> None:
    assert check(example) == []


def test_close_languages_are_told_apart_only_when_certain() -> None:
    norwegian = Example(
        "Ligger butikken i sentrum?", "Ja, og du kan betale med kort eller kontant.", "no"
    )
    # The response is also good Danish, and the likelier guess.
    assert check_examples(locate(norwegian), ["no", "da", "en"]) == []
    english = Example("Ligger butikken i sentrum?", REPLY, "no")
    assert [f.field for f in check_examples(locate(english), ["no", "da"])] == ["response"]


def test_english_is_always_expected() -> None:
    rows = locate(Example("やかんを返品するにはどうすればよいですか。", REPLY, "ja"))
    assert [f.kind for f in check_examples(rows, ["ja"])] == ["language"]


def test_duplicates() -> None:
    rows = [
        GOOD,
        Example(ASK.upper().replace(" ", "\n"), REPLY, "en"),
        Example(ASK, "No.", "en"),
        Example(ASK, REPLY, "en", input="It is blue."),
        Example(ASK, REPLY, "en", history=(("Hello", "Hi!"),)),
        Example(ASK.replace("the shop", "your shop"), REPLY, "en"),
        Example(ASK, REPLY, "de"),
    ]
    found = [finding for finding in check(*rows) if finding[0] in ("duplicate", "near-duplicate")]
    same, near = "is the same as in a.jsonl:1", "is nearly the same as in a.jsonl:"
    assert found[:2] == [
        ("duplicate", "instruction", f"{same}; remove one of the two rows"),
        ("duplicate", "instruction", f"{same}, with another response; remove one of the two rows"),
    ]
    assert [message.startswith(near) for _, _, message in found[2:]] == [True, True]


def test_findings_stand_in_the_order_of_the_rows() -> None:
    rows = [Example(ASK, "", "en"), Example(ASK, "x\ufffd " * 2000, "en"), Example("", "", "en")]
    found = check_examples(locate(*rows), ["en"])
    assert [(f.line, f.kind) for f in found] == [
        *((1, "empty"), (2, "encoding"), (2, "duplicate"), (3, "empty"), (3, "empty"))
    ]
    assert {f.kind for f in found} <= set(KINDS)


def test_the_length_is_the_callers() -> None:
    assert check_examples(locate(GOOD), ["en"], max_characters=100)[0].kind == "long"


def test_a_finding_is_one_line() -> None:
    finding = Finding("empty", "a.csv", 3, "response", "is empty; write one")
    assert str(finding) == "a.csv:3, response: is empty; write one"


def test_overlap() -> None:
    pool = locate(
        Example("Bonjour", "Salut !", "fr", parallel_id="p1"),
        Example(ASK.replace("the shop", "a shop"), REPLY, "en"),
        Example(ASK, REPLY, "de"),
        Example("What else?", REPLY, "en", parallel_id="p2"),
        path="pool.csv",
    )
    evaluation = locate(GOOD, Example("Guten Tag", "Hallo!", "de", parallel_id="p1"))
    assert check_overlap(pool, evaluation) == [
        Finding(
            *("overlap", "pool.csv", 1, "parallel_id"),
            "is also that of a.jsonl:2; remove one of the two rows",
        ),
        Finding(
            *("overlap", "pool.csv", 2, "instruction"),
            "is nearly that of a.jsonl:1; remove one of the two rows",
        ),
    ]
    assert check_overlap(pool, []) == check_overlap([], pool) == []


def test_the_starter_set_has_no_findings() -> None:
    pinch = read_examples(STARTER / "pinch")
    evaluation = read_examples(STARTER / "evaluation")
    languages = sorted({row.example.language for row in pinch})
    assert len(languages) > 3
    assert check_examples([*pinch, *evaluation], languages) == []
    assert check_overlap(pinch, evaluation) == []
