"""Spot checks by people, and poor answers on their way back."""

from __future__ import annotations

import csv
import json
from itertools import pairwise

import pytest
from answering import answered

from pinchtune.abtest.checking import draw_sample, keep_marks, read_marks, write_sample
from pinchtune.abtest.journal import Keeping
from pinchtune.abtest.poor import find_poor
from pinchtune.errors import DataError, UsageError
from pinchtune.files import write_jsonl, write_text
from pinchtune.mining.readers import read_log

TEXT = Keeping(text=True)


def ask(test, count=40):
    for n in range(count):
        language = ("es", "ja")[n % 2]
        test.record(answered(test, n, language, question=f"=ask {n % 4}", answer=f"答え {n}"))
    test.journal.flush()


def test_a_sample_is_balanced_and_blind(begin, tmp_path):
    test = begin(TEXT)
    ask(test)
    drawn = draw_sample(test.journal.path, test.plan, 16, seed=1)
    arm = {f"x-{n}": test.route(f"user-{n}", ("es", "ja")[n % 2]) for n in range(40)}
    assert sorted(arm[a.id] for a in drawn) == ["candidate"] * 8 + ["production"] * 8
    assert sum(a.language == "es" for a in drawn) == 8
    order = [(a.language, arm[a.id]) for a in drawn]
    assert sum(one != other for one, other in pairwise(order)) > 4
    path = tmp_path / "sample.csv"
    assert write_sample(path, drawn) == 16
    text = path.read_text("utf-8")
    assert text.startswith("\ufeffid,language") and "candidate" not in text
    assert "'=ask" in text


def test_marks_come_back(begin, tmp_path):
    test = begin(TEXT)
    ask(test)
    path = tmp_path / "sample.csv"
    write_sample(path, draw_sample(test.journal.path, test.plan, 4, seed=1))
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    for row, said in zip(rows[1:], ("yes", "No", "", "はい"), strict=True):
        row[4] = said
    write_text(path, "\n".join(";".join(row) for row in rows))
    assert keep_marks(test.journal, read_marks(path), "Kim", 5.0) == 3
    left = draw_sample(test.journal.path, test.plan, 400, seed=1)
    assert len(left) == 37


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,correct\nx-1,perhaps", "sample.csv:2, correct: 'perhaps' is neither yes nor no"),
        ("id,answer\nx-1,yes", "has no column 'correct'"),
        ("", "has no column 'id'"),
    ],
)
def test_marks_that_cannot_be_read(tmp_path, text, sentence):
    write_text(tmp_path / "sample.csv", text)
    with pytest.raises(DataError, match=sentence):
        list(read_marks(tmp_path / "sample.csv"))


def test_marks_are_kept_all_or_none(begin, tmp_path):
    test = begin(TEXT)
    ask(test)
    write_text(tmp_path / "sample.csv", "id,correct\nx-1,yes\nx-999,yes")
    with pytest.raises(UsageError, match="there is no answer 'x-999'"):
        keep_marks(test.journal, read_marks(tmp_path / "sample.csv"), "Kim", 5.0)
    assert len(draw_sample(test.journal.path, test.plan, 400, seed=1)) == 40


def test_without_text_there_is_nothing_to_mark(begin):
    test = begin()
    ask(test)
    with pytest.raises(UsageError, match="keep_text"):
        draw_sample(test.journal.path, test.plan, 4, seed=1)
    assert find_poor(test.journal.path) == []


def test_poor_answers_are_read_by_mining(begin, tmp_path):
    test = begin(TEXT)
    ask(test)
    for number, given in (
        (0, {"score": 2}),
        (4, {"thumb": "down"}),
        (2, {"score": 3}),
        (6, {"score": 5}),
    ):
        facts = {"score": None, "thumb": None, "reason": "", "now": 1.0, **given}
        test.feedback(f"x-{number}", **facts)
    test.record(
        answered(test, 50, "ja", question="英語で?", answer="In English", answer_language="en")
    )
    test.journal.mark([("x-8", False), ("x-10", True)], "Kim", 2.0)
    found = find_poor(test.journal.path)
    assert [(row["question"], row["poor"]) for row in found] == [
        ("=ask 0", ["score"]), ("=ask 0", ["thumb"]), ("=ask 0", ["not-correct"]),
        ("英語で?", ["wrong-language"]),
    ]  # fmt: skip
    assert [row["frequency"] for row in found] == [3, 3, 3, 1]
    assert "user" not in json.dumps(found)
    write_jsonl(tmp_path / "poor.jsonl", found)
    read = list(read_log(tmp_path / "poor.jsonl"))
    assert [(r.text, r.answer) for r in read] == [(f["question"], f["answer"]) for f in found]
