"""The card tells the approvals: roles and numbers, no names, and no mark-up of people's."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from made_up_rows import DAY, make_row, make_term

from pinchtune.collecting.card import make_card
from pinchtune.collecting.wording import catalogue
from pinchtune.store.records import Approval, Settings

SETTINGS = Settings("Pumps & Co", ("es", "no"), {"es": 40}, "CC-BY-4.0")


def make_rows() -> list:
    return [
        make_row("¿Y la garantía?", language="es", editors=("a", "b"), drafted_by="gemma"),
        make_row("¿Cuánto?", language="es", origin="sheet", license="CC0-1.0", domain="shop"),
        make_row("Hva?", language="no", created=DAY + timedelta(days=9), author_name="Kari"),
        make_row("Draft", status="draft", license="secret"),
    ]


def approve(rows: list, person: str = "c") -> list[Approval]:
    return [Approval(row.id, 1, person, DAY + timedelta(days=20)) for row in rows]


def test_in_english() -> None:
    rows = make_rows()
    terms = [make_term("garantía", language="es"), make_term("factura", language="es", enquiries=3)]
    ratings = [(rows[i].id, p, v) for i, v in enumerate(["bad", "good", "good"]) for p in "cd"]
    card = make_card(
        rows,
        settings=SETTINGS,
        approvals=[*approve(rows[:2]), *approve(rows[2:3], "d"), *approve(rows[3:], "e")],
        terms=terms,
        ratings=ratings,
        today=DAY,
    )
    for part in (
        "# Dataset card: Pumps \\& Co",
        "Made by pinchtune on 2026-03-02.",
        "| Spanish (es) | 2 | 40 | 50% |",
        "| Norwegian (no) | 1 |  |  |",
        "| All | 3 |",
        "- People whose words are in the examples: 2",
        "- People who approved: 2",
        "- Examples with words of more than one person: 1",
        "Written between 2026-03-02 and 2026-03-11.",
        "Approved between 2026-03-22 and 2026-03-22.",
        "- CC-BY-4.0: 2\n- CC0-1.0: 1",
        "- written in the browser: 2\n- from a spreadsheet: 1",
        "33% of the examples (1) began as a model's draft",
        "Models: gemma.",
        "- Spanish: 1 of 2 terms are used by an approved example. Missing, most asked for first: "
        "factura.",
        "rated 3 examples as bad, unsure or good. Krippendorff's alpha (ordinal): 1.00",
        "- not stated: 2\n- shop: 1",
    ):
        assert part in card, part
    assert "Kari" not in card and "Author" not in card and "secret" not in card


def test_in_japanese() -> None:
    rows = make_rows()
    card = make_card(rows, settings=SETTINGS, approvals=approve(rows), locale="ja_JP", today=DAY)
    assert "# データセットカード：Pumps \\& Co" in card
    assert "| スペイン語 (es) | 2 | 40 |  |" in card
    assert "承認した人：1人" in card
    words = catalogue("en")["card"]
    body = card.split("---\n", 2)[2]
    assert not [
        text
        for text in words.values()
        if isinstance(text, str) and len(text) > 9 and "{" not in text and text in body
    ]


@pytest.mark.parametrize("locale", ["en", "ja", "hi"])
def test_the_head_is_yaml(locale: str) -> None:
    rows = make_rows()
    head = yaml.safe_load(make_card(rows, settings=SETTINGS, locale=locale).split("---\n")[1])
    assert head == {
        "pretty_name": "Pumps & Co",
        "language": ["es", "no"],
        "license": "other",
        "task_categories": ["text-generation"],
        "size_categories": ["n<1K"],
        "tags": ["instruction-tuning"],
    }
    head = yaml.safe_load(make_card(rows[:1], settings=SETTINGS).split("---\n")[1])
    assert head["license"] == "cc-by-4.0"


def test_nothing_that_people_wrote_is_mark_up() -> None:
    evil = '<script>x</script> | [a](javascript:b) `c`\n# head\u202e\u2028---\n"'
    rows = [make_row(domain=evil, license=evil, drafted_by=evil, origin=evil)]
    card = make_card(rows, settings=Settings(evil), terms=[make_term(evil)])
    _, head, body = card.split("---\n", 2)
    assert yaml.safe_load(head)["pretty_name"].startswith("<script>")
    assert "\u202e" not in card and "\u2028" not in card
    for sign in ("<script", "[a](", "`c`", "\n# head"):
        assert sign not in body.replace("\\" + sign[0], ""), sign


def test_nothing_approved_and_nothing_known() -> None:
    card = make_card([make_row(status="submitted")], settings=Settings())
    assert "There is no approved example yet." in card and "# Dataset card: Collected" in card
    assert "language" not in yaml.safe_load(card.split("---\n")[1])
    card = make_card([make_row()], settings=Settings())
    for part in ("not stated: 1", "There is no glossary.", "No example was rated by more"):
        assert part in card
    row = make_row()
    alike = [(row.id, "c", "good"), (row.id, "d", "good")]
    assert "too few, or too much alike" in make_card([row], settings=Settings(), ratings=alike)
