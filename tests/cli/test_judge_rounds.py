"""`pinch judge`: rounds opened, looked at, closed and exported, as a person meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from answered import write_answered
from pinchtune.errors import BAD_INPUT, DONE
from pinchtune.store import Grant, Store, judging, open_store, people, rounds
from throwaway import CHEAP

PASSWORD = "a long enough password"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_answered(tmp_path / "answered")


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    found = open_store(folder / "collect.db", hasher=CHEAP)
    ada = people.accept(found, people.bootstrap(found) or "", "Ada", PASSWORD)
    token = people.invite(found, ada, [Grant("author", "es")], "Ana")
    people.accept(found, token, "Ana", PASSWORD)
    yield found
    found.close()


def test_a_round_from_beginning_to_end(folder, store, pinch):
    at = ["-p", folder]
    assert pinch("judge", "status", *at).out == "no round was opened yet\n"
    told = pinch("judge", "open", *at, "--as", "Ada", "--language", "es", "--prompts", 3)
    [made] = rounds.all_rounds(store)
    assert told == (DONE, f"{made.id}: opened\n  es: 0 of 4 judged\n", "")
    assert made.mode == "pairs"
    ana = people.find_person(store, "Ana")
    shown = judging.sit_down(store, ana, made.id, "es").shown
    judging.judge(store, ana, shown.id, "good")
    assert pinch("judge", "status", *at).out == f"{made.id}: pairs, open\n  es: 1 of 4 judged\n"
    [facts] = json.loads(pinch("judge", "status", *at, "--json").out)
    assert (facts["stale"], facts["counts"][0][:4]) == (False, ["es", 3, 4, 1])
    assert pinch("judge", "close", made.id, *at, "--as", "Ada").out.startswith(f"{made.id}: closed")
    file = folder / "said.jsonl"
    assert pinch("judge", "export", file, *at).out == f"{file}: 1 judgements\n"
    row = json.loads(file.read_text("utf-8"))
    assert (row["choice"], row["rater"], row["language"]) == ("good", 1, "es")
    assert "Ana" not in file.read_text("utf-8")


def test_people_decide(folder, store, pinch):
    people_judge = ["-p", folder, "--set", "judge.kind=people", "--set", "evaluate.resamples=20"]
    told = pinch("evaluate", *people_judge, "-q")
    assert told.code == BAD_INPUT
    assert told.err == (
        "pinch: judge.kind = people, but nobody has judged these answers yet; open a round with "
        "`pinch judge open`, and let people judge in `pinch web`\n"
    )
    pinch("judge", "open", "-p", folder, "--as", "Ada", "--share", 0)
    [made] = rounds.all_rounds(store)
    ana = people.find_person(store, "Ana")
    while shown := judging.sit_down(store, ana, made.id, "es").shown:
        judging.judge(store, ana, shown.id, "good")
    told = pinch("evaluate", *people_judge)
    assert told.code == DONE
    assert "people have judged 4 of 16 pairs" in told.err
    estimate = pinch("evaluate", *people_judge, "--estimate").out
    assert estimate == "the judge of this project asks nobody and costs nothing\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["open", "--as", "Ana"], "Only an administrator can do this."),
        (["open", "--as", "Zoe"], "There is no active person Zoe."),
        (["open", "--as", "Ada", "--mode", "stars"], "There is no way to judge called stars."),
        (["open", "--as", "Ada", "--raters", "0"], "Between 1 and 9 people can judge an answer."),
        (["open", "--as", "Ada", "--share", "2"], "The share is a number from 0 to 1."),
        (["open", "--as", "Ada", "--language", "fi"], "there are no answers in fi; leave it out"),
        (["open", "--as", "Ada", "--language", "xx-yy-zz"], "unknown language"),
        (["close", "none", "--as", "Ada"], "There is no such round of judging."),
    ],
)
def test_what_is_refused_is_one_sentence(words, sentence, folder, store, pinch):
    told = pinch("judge", *words, "-p", folder)
    assert (told.code, told.out) == (BAD_INPUT, "")
    assert sentence in told.err and told.err.count("\n") == 1
    assert rounds.all_rounds(store) == []


def test_without_a_database_or_answers(folder, tmp_path, pinch, look):
    before = look(folder)
    told = pinch("judge", "status", "-p", folder)
    assert told.code == BAD_INPUT and "start `pinch web` to make it" in told.err
    assert look(folder) == before


def test_without_answers(folder, store, pinch):
    (folder / "runs/answers/pinch/manifest.json").unlink()
    told = pinch("judge", "open", "-p", folder, "--as", "Ada")
    assert told.code == BAD_INPUT and "run `pinch generate` first" in told.err
