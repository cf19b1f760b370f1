"""Score files: packing loses nothing, and wins are the reference judge's."""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.errors import DataError, MissingExtra
from pinchtune.evaluation import confusion
from pinchtune.evaluation.judge import ReferenceJudge, judge_pair
from pinchtune.evaluation.measures import Score
from pinchtune.experiments.scores import (
    VERSION,
    Prompt,
    Scored,
    is_current,
    missing_lines,
    pack,
    read_scored,
    score_answers,
    unpack,
)
from pinchtune.records import Answer, Example

numbers = st.floats(0, 500, allow_nan=False).map(lambda v: round(v, 3))
# Not st.builds(Score): it would make up weights too, numbers that are none among them.
scores = st.one_of(st.none(), st.sampled_from([Score(0.0), Score(100.0)]), numbers.map(Score))
ratios = st.one_of(st.none(), st.tuples(numbers, st.integers(1, 900)).map(lambda t: Score(*t)))


@given(st.one_of(st.lists(scores), st.lists(ratios)))
def test_packing_loses_nothing(column):
    packed = json.loads(json.dumps(pack(column)))
    assert unpack(packed) == column and len(packed) == len(column)


def test_rates_take_a_character_a_prompt():
    assert pack([Score(100.0), None, Score(0.0)]) == "1-0"


TEXTS = (
    "The colour of the sky is blue today.",
    "The colour of the sea is green today.",
    "El color del cielo es azul hoy mismo.",
    "Cielo azul.",
    "",
)
PROMPTS = [
    Example("What colour is it?", "The colour of the sky is blue today.", "en"),
    Example("¿De qué color es?", "El color del cielo es azul.", "es"),
    Example("¿Y el mar?", None, "es"),
]


def scored(texts: tuple[str, ...]) -> Scored:
    answers = [Answer(p.id, p.language, t, True, 5) for p, t in zip(PROMPTS, texts, strict=True)]
    found = score_answers(PROMPTS, answers, {PROMPTS[0].id: (40.0, 36)}, ["en", "es"])
    path_free = json.loads(json.dumps(found))
    return Scored(tuple(Prompt(*row) for row in path_free["prompts"]), path_free["measures"], {})


TURNS = [tuple(TEXTS[(i + j) % len(TEXTS)] for j in range(3)) for i in range(len(TEXTS))]


def test_wins_are_those_of_the_reference_judge():
    judge, arms = ReferenceJudge(["en", "es"]), {turn: scored(turn) for turn in TURNS}
    seen = set()
    for mine, theirs in product(TURNS, TURNS):
        won = arms[mine].wins_against(arms[theirs])
        expected = {
            p.id: 100.0 * judge_pair(judge, p, b, a).score
            for p, a, b in zip(PROMPTS, mine, theirs, strict=True)
            if p.response
        }
        assert {i: score.value for i, score in won.items()} == expected
        seen |= {*expected.values()}
    assert seen == {0.0, 50.0, 100.0}


def test_measures_that_are_about_no_prompt_are_left_out():
    one = scored(TEXTS[:3])
    assert "checks_followed_strict" not in one.names
    assert one["checks_followed_strict"] == [None] * 3
    assert {p.language for p in one.prompts} == {"en", "es"}
    (bits,) = [score for score in one["bits_per_byte"] if score]
    assert bits == Score(40.0, 36) and not math.isnan(bits.value)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"prompts": [["a"]], "measures": {}}',
             '{"prompts": [["a", "en", "a"]], "measures": {"chrf": []}}']
)  # fmt: skip
def test_a_file_that_holds_no_scores_is_told(text: str, tmp_path: Path):
    path = tmp_path / "x.json"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"x\.json: holds no scores of an arm"):
        read_scored(path)


def test_a_measure_whose_library_is_missing_is_told_and_taken_when_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
):
    def lacking() -> confusion.Tokenise:
        raise MissingExtra("no-such-splitter", "confusion")

    monkeypatch.setitem(confusion.TOKENISERS, "es", lacking)
    prompt = Example("¿Y el sol?", "El sol es de color amarillo.", "es")
    answer = Answer(prompt.id, "es", "El sol no es nada verde.", True, 5)
    found = score_answers([prompt], [answer], {}, ["en", "es"])
    assert "lcb_line_pass_rate" not in found["measures"] and "chrf" in found["measures"]
    assert found["missing"]["lcb_line_pass_rate"] == ["no-such-splitter", "confusion"]
    assert "pip install 'pinchtune[confusion]'" in missing_lines(found)[0]
    assert is_current(found)
    assert not is_current({**found, "missing": {"lcb_line_pass_rate": ["hypothesis", "x"]}})
    assert not is_current({**found, "version": VERSION + 1}) and not is_current({})
