from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.mining.clean import NOISE, clean, name_noise


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Where is my order?\n-- \nJo Bloggs\nSales", "Where is my order?"),
        ("Danke!\n> alter Text\nWann kommt es?", "Danke!\nWann kommt es?"),
        ("Yes.\nOn Mon, 3 Mar 2025 at 10:02, Jo wrote:\n> old", "Yes."),
        ("Sí.\nEl lun, 3 mar 2025 a las 10:02, Ana escribió:\n> viejo", "Sí."),
        ("はい。\n2025年3月3日(月) 10:02 山田さんのメール:\n> 以前", "はい。"),
        ("Да.\n3 марта 2025 г., Анна пишет:\n> старое", "Да."),
        ("Hello\nSent from my phone", "Hello"),
        ("Text\n----- Original Message -----\nFrom: x", "Text"),
        ("e\u0301", "\u00e9"),
        ("Wo ist es?\n\nMit freundlichen Grüßen\nAnna", "Wo ist es?"),
        ("أين الطلب؟\nOn Mon, 3 May 2024 at 10:00,\nAnn <a@b.c> wrote:\nold", "أين الطلب؟"),
        ("Ja.\nVon: A <a@b.de>\nGesendet: heute\nAn: b@b.de\nalt", "Ja."),
        ("> Where is it?\n> Tell me.", "Where is it?\nTell me."),
        ("Best regards", "Best regards"),
        ("half \ud800 nul\0 tab\t.", "half \ufffd nul tab\t."),
        ("I wrote on paper: see below\nmore", "I wrote on paper: see below\nmore"),
    ],
)
def test_what_the_person_wrote_is_left(text: str, kept: str):
    assert clean(text) == kept


@given(st.text())
def test_any_text_is_cleaned(text: str):
    once = clean(text)
    once.encode("utf-8")
    assert name_noise(once) in ("", *NOISE)


@pytest.mark.parametrize(
    "text", ["مرحبا", "שלום", "สวัสดี", "こんにちは", "👍👍🏽", "नमस्ते", "¿Qué?", "東京"]
)
def test_every_script_survives(text: str):
    assert clean(text) == text and not name_noise(text)


@pytest.mark.parametrize(
    "text", ["", "12345", "...", "https://a.b/c", "Out of office: back on Monday", "自動返信: 不在"]
)
def test_noise_is_told(text: str):
    assert name_noise(clean(text))


def test_why_a_text_is_noise():
    assert [
        name_noise(t) for t in ("", "12 ?!", "(https://a.b/c)", "Automatische Antwort: fort")
    ] == [*NOISE]
    assert not name_noise("Out of office hours, whom do I call?")
