"""The shipped prompts: an answer by hand follows each, and each check can be failed."""

import json
import re
from collections import Counter, defaultdict
from importlib.resources import files
from pathlib import Path

import pytest

from pinchtune.data.shapes import to_example
from pinchtune.evaluation.checking.checkers import CHECKERS, Context
from pinchtune.evaluation.checking.column import impossible_checks, read_checks
from pinchtune.evaluation.checking.following import follow
from pinchtune.evaluation.checking.parameters import BOUNDS
from pinchtune.evaluation.checking.writing import get_writing

FOLDER = files("pinchtune") / "starter" / "verifiable"
LANGUAGES = sorted(p.name.removesuffix(".jsonl") for p in (FOLDER.parent / "pinch").iterdir())


def read(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def prompts():
    return {c: [to_example(r, "pinchtune") for r in read(FOLDER / f"{c}.jsonl")] for c in LANGUAGES}


@pytest.fixture(scope="module")
def answers():
    """Answers by language and parallel id; each follows its instruction."""
    folder = Path(__file__).parent / "followed"
    rows = {code: read(folder / f"{code}.jsonl") for code in LANGUAGES}
    return {code: {r["parallel_id"]: r["answer"] for r in rows[code]} for code in LANGUAGES}


def test_it_is_parallel_and_whole(prompts):
    assert sorted(p.name for p in FOLDER.iterdir()) == sorted(f"{c}.jsonl" for c in LANGUAGES)
    ids = [f"verify-{i:02}" for i in range(1, 23)]
    for code, rows in prompts.items():
        assert [row.parallel_id for row in rows] == ids
        assert {row.language for row in rows} == {code}
        assert len({row.instruction for row in rows}) == len(ids)
        for row in rows:
            assert row.response is None and 1 <= len(read_checks(row)) <= 3
            assert not impossible_checks(row)


def test_every_checker_is_in_use(prompts):
    used = defaultdict(Counter)
    for code, rows in prompts.items():
        for row in rows:
            used[code].update(check.name for check in read_checks(row))
    assert {name for names in used.values() for name in names} == CHECKERS.keys()
    assert min(len(names) for names in used.values()) >= 17


def test_what_the_checks_quote_stands_in_the_instruction(prompts):
    for rows in prompts.values():
        for row in rows:
            for check in read_checks(row):
                given = check.parameters
                quoted = [*given.get("terms", ()), *given.get("keys", ())]
                quoted += [given[k] for k in ("text", "mark", "separator", "open") if k in given]
                numbers = [str(given[k]) for k in ("at_least", "at_most") if given.get(k, 0) > 9]
                for text in (*quoted, *numbers):
                    assert text in row.instruction, (row.language, row.parallel_id, text)


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_prompt_has_an_answer_that_follows_it(identifier, prompts, answers, code):
    context = Context(get_writing(code), identifier)
    for row in prompts[code]:
        for check in read_checks(row):
            assert follow(answers[code][row.parallel_id], check, context), (row.parallel_id, check)


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_check_of_each_prompt_can_be_failed(identifier, prompts, answers, code):
    """By an answer to another prompt, by one in another language, or with a forbidden word."""
    context = Context(get_writing(code), identifier)
    foreign = answers["ru" if code == "en" else "en"]
    for row in prompts[code]:
        own = answers[code][row.parallel_id]
        wrong = [a for i, a in answers[code].items() if i != row.parallel_id]
        for check in read_checks(row):
            forbidden = [f"{own} {term}" for term in check.parameters.get("terms", ())]
            tries = [*wrong, foreign[row.parallel_id], *forbidden]
            outcomes = [follow(text, check, context) for text in tries]
            assert False in outcomes, (row.parallel_id, check)


def test_answers_in_english_follow_many_prompts_of_other_languages(identifier, prompts, answers):
    """So the measure stands beside the one of the right language: docs/verifiable.md says it."""
    for code in set(LANGUAGES) - {"en"}:
        context = Context(get_writing(code), identifier)
        followed = sum(
            all(follow(answers["en"][row.parallel_id], c, context) for c in read_checks(row))
            for row in prompts[code]
        )
        assert 6 <= followed <= 15, code


def test_the_page_names_every_check_and_its_parameters():
    page = (Path(__file__).parents[2] / "docs" / "verifiable.md").read_text("utf-8")
    table = page[page.index("## The checks") : page.index("## Strict and loose")]
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", table, re.MULTILINE))
    for name, checker in CHECKERS.items():
        own = {key for key in (*checker.required, *checker.optional) if key not in BOUNDS}
        assert set(re.findall(r"`(\w+)`", rows[name])) == own, name
        assert ("bounds" in rows[name]) == (BOUNDS.keys() <= checker.optional.keys()), name
