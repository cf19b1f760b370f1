from __future__ import annotations

from bench.mining import make, sentences

ROWS = [
    {"language": "en", "instruction": "Where is my parcel today? I ordered it a week ago. No."},
    {
        "language": "ja",
        "instruction": "注文した荷物はどこにありますか。先週の月曜日の朝に注文しました。",
    },
    {"language": "th", "instruction": "สั้น"},
]


def test_sentences_are_neither_short_nor_long():
    assert sentences(ROWS[0]["instruction"]) == [
        "Where is my parcel today?",
        "I ordered it a week ago.",
    ]
    assert len(sentences(ROWS[1]["instruction"])) == 2 and not sentences("ก" * 100)


def test_made_enquiries_are_the_same_every_time_and_some_are_asked_often():
    made = [row["question"] for row in make(ROWS, 400)]
    assert made == [row["question"] for row in make(ROWS, 400)]
    assert len(made) == 400 and sum("@" in text for text in made) == 40
    assert len(set(made)) < 100
