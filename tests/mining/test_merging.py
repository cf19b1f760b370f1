from __future__ import annotations

import random

import pytest
from rapidfuzz import fuzz

from pinchtune.data.similar import THRESHOLD, normalise
from pinchtune.mining.duplicates import find_leaders
from pinchtune.mining.merging import merge

WORDS = {
    "en": "where order parcel cancel invoice number please account change".split(),  # noqa: SIM905
    "ja": "注文 荷物 取消 請求書 番号 住所 変更 支払い 紛失 返品 交換 領収書".split(),  # noqa: SIM905
    "th": "คำสั่งซื้อ พัสดุ ยกเลิก ใบแจ้งหนี้ หมายเลข ที่อยู่ เปลี่ยน ชำระเงิน บัตร สูญหาย".split(),  # noqa: SIM905
}


def chunk(*texts: str, language: str = "en") -> dict:
    rows = [[text, language, False, False, f"log:{n}"] for n, text in enumerate(texts, 1)]
    empty = {"unread": 0, "sentences": [], "noise": {}, "personal": {}, "sample": []}
    return {"read": len(rows), "rows": rows, **empty}


def test_the_same_question_counts_as_often_as_it_was_asked():
    texts = ["Where is my order number seven?", "where is my  order number seven?"]
    texts += ["Where is my order, number seven?", "How do I pay it?"]
    found = merge([chunk(*texts)])
    assert sorted(c.count for c in found.candidates) == [1, 3]
    assert found.summary["duplicates"] == {"exact": 1, "near": 1}
    names = [(c.id, c.count) for c in found.candidates]
    assert names == sorted(names)
    again = merge([chunk(*texts[2:]), chunk(*texts[:2])]).candidates
    assert [(c.id, c.count) for c in again] == names


def test_what_was_asked_most_stands_for_all():
    texts = ["Where is my order number 8?"] * 2 + ["Where is my order number 7?"]
    assert [c.text for c in merge([chunk(*texts)]).candidates] == [texts[0]]


def test_the_same_words_in_two_languages_are_two():
    found = merge([chunk("Hotel Berlin?"), chunk("Hotel Berlin?", language="de")])
    assert sorted(c.language for c in found.candidates) == ["de", "en"]


@pytest.mark.parametrize("language", sorted(WORDS))
def test_near_duplicates_are_those_of_comparing_all(language: str):
    rng = random.Random(language)
    space = " " if language == "en" else ""
    texts = []
    for _ in range(60):
        words = rng.choices(WORDS[language], k=14)
        texts.append(space.join(words))
        words[rng.randrange(14)] += "!"
        texts.append(space.join(words))
    leaders = find_leaders(texts, [language] * len(texts))
    for i, leader in enumerate(leaders.tolist()):
        near = [
            j for j in range(i) if fuzz.ratio(normalise(texts[i]), normalise(texts[j])) >= THRESHOLD
        ]
        assert (leader != i) == bool(near)
        assert leader == i or leader in near or leaders[near[0]] == leader


def test_no_text_is_no_end():
    assert find_leaders([], []).tolist() == []
    assert find_leaders(["", "", "a", "\U0001f600"], ["x"] * 4).tolist()[2:] == [2, 3]
