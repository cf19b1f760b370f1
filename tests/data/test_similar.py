"""Near-duplicates are found in any script, and among thousands in seconds."""

from __future__ import annotations

import random
import time

import pytest

from pinchtune.data.similar import THRESHOLD, find_near_duplicates, find_near_pairs, normalise


@pytest.mark.parametrize(
    ("text", "other", "near"),
    [
        ("How do I return a broken kettle?", "How do I return a broken kettle", True),
        ("How do I return a broken kettle?", "HOW do I  return\na broken kettle?", True),
        ("How do I return a broken kettle?", "How do I clean a broken kettle?", False),
        ("How do I return a broken kettle?", "How can I pay my last invoice by card?", False),
        ("会议改到明天上午10点,请通知大家。", "会议改到明天上午11点,请通知大家。", True),
        ("会议改到明天上午10点,请通知大家。", "请写一封邮件,通知大家会议取消。", False),
        ("注文した商品がまだ届きません。", "注文した商品はまだ届きません。", True),
        ("注文した商品がまだ届きません。", "注文した商品がまだ届いていません。", False),
        ("كيف أعيد المنتج المعيب؟", "كيف أعيد المنتج المعيب", True),
        ("Cafe\u0301 au lait ?", "café au lait ?", True),
        ("", "", False),
        ("a", "b", False),
    ],
)
def test_near(text: str, other: str, near: bool) -> None:
    assert list(find_near_duplicates([text, other])) == ([(1, 0)] if near else [])
    assert list(find_near_pairs([other], [text])) == ([(0, 0)] if near else [])


def test_each_text_is_paired_once_with_an_earlier_one() -> None:
    texts = [f"Please translate this English word into French: {word}" for word in "abcd"]
    pairs = list(find_near_duplicates(texts))
    assert [pair.first for pair in pairs] == [1, 2, 3]
    assert all(pair.second < pair.first for pair in pairs)


def test_texts_of_the_same_set_are_no_pairs_of_two_sets() -> None:
    same = ["one and the same text"] * 2
    assert list(find_near_pairs(same, ["quite another thing"])) == []


def test_normalise() -> None:
    assert normalise(" Cafe\u0301 \n\t STRASSE ß\u3000x ") == "café strasse ss x"


def test_five_thousand_rows_take_seconds() -> None:
    from rapidfuzz import fuzz

    draw = random.Random(0)
    words = ["".join(draw.choices("etaoinshrdlucm", k=draw.randint(2, 9))) for _ in range(3000)]
    weights = [1 / rank for rank in range(1, 3001)]
    texts = [draw.choices(words, weights, k=draw.randint(8, 40)) for _ in range(4500)]
    copies = [list(text) for text in texts[:500]]
    for copy in copies:
        copy[draw.randrange(len(copy))] = draw.choice(words)
    joined = [" ".join(text) for text in texts + copies]
    true = {4500 + i for i in range(500) if fuzz.ratio(joined[i], joined[4500 + i]) >= THRESHOLD}
    start = time.perf_counter()
    found = {pair.first for pair in find_near_duplicates(joined)}
    assert time.perf_counter() - start < 20
    assert len(true) > 400
    assert len(true & found) >= 0.99 * len(true)
    assert len(found - true) <= 2
