"""Broken-off texts and damaged characters, in many scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

import pinchtune.files
from pinchtune.data.formats import read_examples
from pinchtune.data.textchecks import find_damage, find_mojibake, is_truncated

STARTER = Path(pinchtune.files.__file__).parent / "starter"

WHOLE = [
    "Yes",
    "Ada Lovelace",
    "42",
    "3,50 €",
    "東京都千代田区",
    "Open the lid, take out the filter and rinse it under cold water.",
    "フィルターを取り出して、冷たい水でよくすすいでから元に戻してください。",
    "请先取出滤网,用冷水冲洗干净,晾干以后再装回去,最后盖上盖子试一试！",
    "افتح الغطاء وأخرج المرشح واشطفه بالماء البارد ثم أعده إلى مكانه، هل هذا واضح؟",
    "ढक्कन खोलें और फ़िल्टर निकालकर ठंडे पानी से अच्छी तरह धो लें।",
    "Ποιο είναι το καλύτερο εστιατόριο κοντά στο σταθμό για μια μεγάλη παρέα;",
    "เปิดฝา นำไส้กรองออก แล้วล้าง ด้วยน้ำเย็น จากนั้น ใส่กลับ เข้าที่เดิม และปิดฝา ให้แน่น",
    "ክዳኑን ይክፈቱና ማጣሪያውን አውጥተው በቀዝቃዛ ውሃ በደንብ ያጥቡት ከዚያም መልሰው ያስገቡት።",
    'He said to the whole team that we "will open the new shop on Monday"',
    "Er sagte dem ganzen Team: „Wir öffnen den neuen Laden am kommenden Montag um neun“",
    "We open at nine (and we close at six, except on Sundays and on public holidays)",
    "Thank you very much for your order, we will send it to you today 🎉",
    "Steps:\n1. Open the lid of the machine and take out the old filter very carefully",
    "- first of all open the lid of the machine and take out the old filter",
    "Use this:\n```\nprint('hello to all of you out there in the world', end)\n```",
    "Dear Ms Novak,\nyour order is on its way.\nBest regards,",
    "| a | b |\n| this is a long row of a table with many words | in it |",
    "You can find all the details about this offer on our page https://shop.example/offer",
]
BROKEN = [
    "Open the lid, take out the filter and rinse it under cold",
    "Open the lid, then the filter,",
    "フィルターを取り出して、冷たい水でよくすすいでから元の場所に戻し",
    "赤、青、",
    "请先取出滤网用冷水冲洗干净晾干以后再装回去最后盖上盖子试一试然后",
    "افتح الغطاء وأخرج المرشح واشطفه بالماء البارد ثم أعده إلى",
    "ढक्कन खोलें और फ़िल्टर निकालकर ठंडे पानी से अच्छी तरह धो",
    "Use this:\n```\nprint('hello.')",
    "Dear Ms Novak,\nyour order of last Monday has left our warehouse and will be with you on",
]


@pytest.mark.parametrize("text", WHOLE)
def test_whole(text: str) -> None:
    assert not is_truncated(text)


@pytest.mark.parametrize("text", BROKEN)
def test_broken_off(text: str) -> None:
    assert is_truncated(text)


def test_most_starter_responses_cut_in_a_sentence_are_found() -> None:
    texts = [row.example.response or "" for row in read_examples(STARTER / "pinch")]
    assert len(texts) > 100
    assert not any(map(is_truncated, texts))
    cut = [is_truncated(text[: len(text) * 6 // 10]) for text in texts]
    assert sum(cut) > 0.7 * len(cut)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Ça coûte très cher à l’été", "cp1252"),
        ("¿Dónde está el año?", "latin-1"),
        ("It’s fine", "cp1252"),
        ("日本語のテスト", "latin-1"),
        ("Привет, как дела?", "cp1251"),
        ("Привет, как дела?", "latin-1"),
        ("مرحبا", "latin-1"),
        ("😀 ok", "cp1252"),
        ("返品の方法を教えてください", "cp932"),
    ],
)
def test_mojibake(text: str, codec: str) -> None:
    assert find_mojibake(text) == ""
    assert find_mojibake(text.encode().decode(codec, "replace"))


@pytest.mark.parametrize(
    "text",
    [
        *("«CAFÉ»", "AMANHÃ”", "là…”", "„Ä“", "PÈRE « À »", "ÎLE »", "PRÊT À…", "né»…"),
        *("Ångström “x”", "ação", "Â", "РОССИЯ", "СССР°", "Ред. «Р»", "3 × 4 °C", "ÜÖÄ", "ÃO"),
    ],
)
def test_no_mojibake(text: str) -> None:
    assert find_mojibake(text) == ""


@pytest.mark.parametrize(
    ("text", "damage"),
    [
        ("caf\ufffd", ["holds the sign for a lost character (U+FFFD); type it again"]),
        ("a\ud83d", ["holds half a character (an unpaired surrogate); type it again"]),
        ("a\x07b", ["holds the control character U+0007; remove it"]),
        ("a\x85b", ["holds the control character U+0085; remove it"]),
        ("a\uffffb", ["holds the control character U+FFFF; remove it"]),
        (
            "cafÃ©",
            ["reads as text in the wrong encoding ('Ã©'); export the file as UTF-8"],
        ),
        ("tab\t and\r\nline, \u200fRTL\u200e, e\u0301, 👩🏽‍🚒, \u00a0", []),
    ],
)
def test_damage(text: str, damage: list[str]) -> None:
    assert list(find_damage(text)) == damage
