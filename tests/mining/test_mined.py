"""What a finished mining run tells people: groups, the most asked texts, incidents."""

from __future__ import annotations

from pathlib import Path

import pytest

from asked import RUN, many_subjects, write_mined
from pinchtune.errors import DataError
from pinchtune.mining.mined import KEPT, Question, read_mined, read_questions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_mined(tmp_path)


def test_groups_and_counts_are_those_of_the_run(folder):
    mined = read_mined(folder)
    assert mined.key == RUN and len(mined.groups) == 5
    first = mined.groups[0]
    assert first.name == "filtro, limpiar, フィルター" and mined.groups[4].name == ""
    assert first.enquiries == 135 == sum(first.languages.values())
    assert list(first.languages) == ["es", "ja", "ar"] and first.asked_in(["ja", "ar"]) == 62
    assert mined.group(2).number == 2 and mined.group(9) is None
    assert next(iter(mined.languages)) == "es"


def test_an_unfinished_run_is_none(folder, tmp_path):
    assert read_mined(tmp_path / "nowhere") is None
    (folder / "manifest.json").unlink()
    assert read_mined(folder) is None


def test_questions_come_most_asked_first_in_the_languages_that_are_wanted(folder):
    mined, questions = read_mined(folder), read_questions(folder)
    found = questions.most_asked(mined.groups[0], ["ja", "es"])
    assert [(q.language, q.times) for q in found] == [("es", 61), ("ja", 40), ("es", 12)]
    assert questions.most_asked(mined.groups[0], ["fi"]) == []
    assert questions.find("0-ja-0").text.startswith("フィルター") and questions.find("x") is None


def test_of_many_texts_the_most_asked_are_kept(tmp_path):
    subject = many_subjects(1)[0]
    texts = tuple((f"question {n}", 1 + n * 7 % 301) for n in range(300))
    folder = write_mined(tmp_path, [subject._replace(texts={"es": texts})])
    kept = read_questions(folder).asked[0, "es"]
    assert [q.times for q in kept] == sorted((n for _, n in texts), reverse=True)[:KEPT]
    assert all(isinstance(q, Question) for q in kept)


def test_words_are_found_in_terms_and_in_readable_texts(folder):
    mined, questions = read_mined(folder), read_questions(folder)
    group = mined.groups[0]
    assert questions.holds(group, [], "FILTRO") and questions.holds(group, ["ja"], "教えて")
    assert not questions.holds(group, ["es"], "教えて") and not questions.holds(group, [], "bomba")
    assert questions.holds(group, [], "ﾌｨﾙﾀｰ")  # half width


def test_incidents_are_counted_by_pair(folder):
    pairs = read_questions(folder).pairs
    assert [(p.language, p.answer_language, p.times) for p in pairs] == [
        ("es", "en", 3),
        ("ar", "en", 2),
    ]
    assert pairs[0].rows[0].answer.startswith("Please see page 7.")


def test_a_damaged_line_is_named(folder):
    path = folder / "candidates.jsonl"
    path.write_text(path.read_text("utf-8") + "{broken\n", "utf-8")
    with pytest.raises(DataError, match=r"candidates\.jsonl:13: is not valid JSON"):
        read_questions(folder)
