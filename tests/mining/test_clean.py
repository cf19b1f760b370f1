from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.mining.clean import LONGEST, NOISE, clean, name_noise
from pinchtune.mining.phrases import is_absence


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
        (
            "On 3 Jan 2022, Ann <a@b.de> wrote:\n> Which?\n>\n> Ann\n\nThe X200. How?",
            "The X200. How?",
        ),
        ("Hi,\n\n3 Jan 2022, Ann wrote:\n\n> Which?\n\nThe X200.", "Hi,\n\nThe X200."),
        ("Hi,\nOn 3 Jan 2022,\nAnn <a@b.c> wrote:\n> Which?\nThe X200.", "Hi,\nThe X200."),
        ("Sí.\n--- Mensaje original ---\n> viejo\n¿Y ahora?", "Sí.\n¿Y ahora?"),
        ("Yes.\nOn 3 Jan 2022, Ann wrote:\nWhich?\n\nnever seen", "Yes."),
        ("I wrote on paper: see below\nmore", "I wrote on paper: see below\nmore"),
    ],
)
def test_what_the_person_wrote_is_left(text: str, kept: str):
    assert clean(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\nThanks,\nbut my printer is still broken, and I want to know what to do.",
        "Hello,\nThanks,\nbut my printer is still broken and I need it",
        "Hello,\nThanks\nAnna\n\nPS: where is it?",
        "お世話になっております。\nよろしくお願いします\nところで、返品したいのですが、どうすればよいですか。",
        "お世話になっております。\nよろしくお願いします\nところで返品したいのですが",
        "你好\n谢谢\n但是我的打印机坏了。",
        "สวัสดี\nขอบคุณครับ\nแต่เครื่องพิมพ์ของผมยังเสียอยู่เลย",
    ],
)
def test_thanks_in_the_middle_close_nothing(text: str):
    assert clean(text) == text


def test_a_long_signature_is_cut_off():
    signature = (
        "Best regards,\nAnna Schmidt\nHead of Purchasing\nAcme Co. Ltd.\nhttps://a.de/?id=1\n"
        "Hauptstr. 5\n10115 Berlin\nGermany\nAmtsgericht Berlin HRB 1234\n"
        "Managing director: Jan Novak\nThis e-mail is confidential."
    )
    assert clean(f"My pump leaks.\n\n{signature}") == "My pump leaks."


@pytest.mark.parametrize(
    ("end", "address"),
    [
        ("write to jo.smithers@companymail.com please", "jo.smithers@companymail.com"),
        ("my card is 4111 1111 1111 1111 and more", "4111 1111 1111 1111"),
        ("It leaks. Mail jo.smithers@companymail.com please", "jo.smithers@companymail.com"),
        ("壊れました。jo.smithers@companymail.comまで", "jo.smithers@companymail.com"),
    ],
)
def test_no_address_is_cut_in_half(end: str, address: str):
    for cut in range(1, len(end)):
        before = "a " * ((LONGEST - cut) // 2)
        kept = clean(before + end + " and so on" * 99)
        assert address in kept or address[:2] not in kept, kept[-60:]


def test_empty_lines_take_no_time():
    assert clean("a" + "\n" * 19_000 + "b") == "a\n\nb"


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


@pytest.mark.parametrize(
    "text",
    [
        "Undeliverable - my parcel was returned as undeliverable, why?",
        "Returned mail: my letter came back. Why?",
        "不在通知: 荷物の再配達をお願いします",
        "外出-包可以退吗",
        "Ausência: preciso de ajuda",
    ],
)
def test_people_write_of_what_machines_announce(text: str):
    assert not name_noise(clean(text))
    assert not is_absence(text) or "?" not in text


@pytest.mark.parametrize("text", ["Afwezig", "不在通知", "外出。", "Abwesenheit\nIch bin fort."])
def test_an_announcement_alone_is_noise(text: str):
    assert name_noise(clean(text)) == "automatic"
    assert is_absence("Undeliverable: my order") and is_absence("Automatic reply: Where is it?")
