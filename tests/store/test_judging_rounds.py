"""Judging in rounds, on both databases: who may, what they see, what is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa
from team import Team, join

from pinchtune.store import Conflict, Forbidden, Grant, Invalid, NotFound, Store, judging, rounds
from pinchtune.store import history as past
from pinchtune.store import people as pe
from pinchtune.store.judging import Desk
from pinchtune.store.rounds import Material, Round


def materials(number: int = 6, languages: str = "es ja") -> list[Material]:
    return [
        Material(
            f"p{n}", "x", code, [("user", f"{code} {n}?")], (f"{code} {n} old", f"{code} {n} new")
        )
        for code in languages.split()
        for n in range(number)
    ]


def start(store: Store, team: Team, number: int = 6, **options) -> Round:
    return rounds.open_round(store, team.admin, materials(number), "answers", **options)


def judge_all(store: Store, person, round: Round, choice: str = "first", language: str = "es"):
    """Judge whatever comes; return what was shown."""
    seen: list[Desk] = []
    while (desk := judging.sit_down(store, person, round.id, language)).shown:
        seen.append(desk)
        judging.judge(store, person, desk.shown.id, choice)
    return seen


def test_only_who_writes_or_approves_in_a_language_judges_it(store: Store, team: Team):
    round = start(store, team)
    assert [c.language for c in rounds.get_round(store, team.ana, round.id).counts] == ["es"]
    assert [c.language for c in rounds.list_rounds(store, team.kei)[0].counts] == ["ja"]
    assert rounds.list_rounds(store, team.ron) == []
    item = judging.sit_down(store, team.ana, round.id, "es").shown.id
    for person in (team.kei, team.ron, team.admin):
        with pytest.raises(Forbidden, match="Only who writes or approves in es"):
            judging.sit_down(store, person, round.id, "es")
        with pytest.raises(Forbidden):
            judging.judge(store, person, item, "first")
        with pytest.raises(Forbidden):
            judging.undo(store, person, round.id, "es")
    with pytest.raises(Forbidden, match="none of the languages"):
        rounds.get_round(store, team.ron, round.id)
    assert judging.judgements(store) == []


def test_a_site_and_a_country_do_not_matter(store: Store, team: Team):
    round = start(store, team)
    lima = join(store, team.admin, "Luz", Grant("author", "es-PE", "Lima"))
    assert judging.sit_down(store, lima, round.id, "es").shown
    pe.deactivate(store, team.admin, lima.id)
    with pytest.raises(Forbidden, match="not active"):
        judging.sit_down(store, lima, round.id, "es")


def test_only_administrators_open_and_close(store: Store, team: Team):
    with pytest.raises(Forbidden):
        rounds.open_round(store, team.ben, materials(), "answers")
    round = start(store, team)
    with pytest.raises(Forbidden):
        rounds.close_round(store, team.ben, round.id)
    assert not rounds.close_round(store, team.admin, round.id).is_open
    with pytest.raises(Conflict, match="closed"):
        rounds.close_round(store, team.admin, round.id)


@pytest.mark.parametrize(
    "options",
    [{"mode": "stars"}, {"raters": 0}, {"raters": 99}, {"share": 1.5}, {"share": float("nan")}],
)
def test_a_round_that_makes_no_sense_is_refused(store: Store, team: Team, options: dict):
    with pytest.raises(Invalid):
        start(store, team, **options)
    with pytest.raises(Invalid, match="nothing to judge"):
        rounds.open_round(store, team.admin, [], "answers")
    assert rounds.all_rounds(store) == []


def test_what_is_shown_does_not_tell_the_arm(store: Store, team: Team):
    round = start(store, team, 40, share=1)
    seen = {p.id: judge_all(store, p, round) for p in (team.ana, team.ben)}
    for desks in seen.values():
        firsts = [desk.shown.texts[0].endswith("new") for desk in desks]
        assert 8 < sum(firsts) < 32  # sides by chance
        for desk in desks:
            said = {k: v for k, v in desk._asdict().items() if k != "shown"}
            assert "english" not in repr(said) and "pinch" not in repr(said)
            number = desk.shown.question[0][1].split()[1].rstrip("?")
            assert len(desk.shown.id) == 32 and f"p{number}" not in desk.shown.id
            assert set(desk.shown._fields) == {"id", "question", "texts"}
    orders = [[desk.shown.id for desk in desks] for desks in seen.values()]
    assert sorted(orders[0]) == sorted(orders[1]) and orders[0] != orders[1]
    sides = [{d.shown.id: d.shown.texts for d in desks} for desks in seen.values()]
    assert 8 < sum(sides[0][id] == sides[1][id] for id in sides[0]) < 32


def test_sides_and_order_stay_for_a_person(store: Store, team: Team):
    round = start(store, team)
    first = judging.sit_down(store, team.ana, round.id, "es")
    assert judging.sit_down(store, team.ana, round.id, "es") == first
    again = judging.sit_down(store, team.ana, round.id, "es", first.shown.id)
    assert again == first


def test_what_is_said_is_about_what_was_shown(store: Store, team: Team):
    round = start(store, team, 30)
    shown = {}
    for n, choice in enumerate(["first", "second", "good", "bad"] * 5):
        desk = judging.sit_down(store, team.ana, round.id, "es")
        judging.judge(store, team.ana, desk.shown.id, choice, (n % 3 == 0, False))
        shown[desk.shown.question[0][1]] = (choice, desk.shown.texts, n % 3 == 0)
    found = judging.judgements(store, "answers")
    assert len(found) == 20
    for one in found:
        choice, texts, wrong = shown[f"es {one.prompt_id[1:]}?"]
        arms = ["b" if text.endswith("new") else "a" for text in texts]
        assert one.choice == {"first": arms[0], "second": arms[1]}.get(choice, choice)
        assert one.wrong == ((arms[0],) if wrong else ())
        assert one.swapped == (arms == ["b", "a"])
        assert (one.rater, one.language, one.mode, one.arm) == (1, "es", "pairs", "")
    assert {one.swapped for one in found} == {True, False}


def test_a_share_is_judged_by_one_more_and_comes_first(store: Store, team: Team):
    round = start(store, team, 10, share=0.2)
    assert [(c.language, c.items, c.wanted) for c in round.counts] == [
        ("es", 10, 12),
        ("ja", 10, 12),
    ]
    ana = [desk.shown.id for desk in judge_all(store, team.ana, round)]
    ben = [desk.shown.id for desk in judge_all(store, team.ben, round)]
    assert len(ana) == 10 and sorted(ben) == sorted(ana[:2])
    assert judge_all(store, team.cai, round) == []
    [es, ja] = rounds.all_rounds(store)[0].counts
    assert (es.given, es.complete, ja.given) == (12, 10, 0)


def test_two_for_each(store: Store, team: Team):
    round = start(store, team, 5, raters=2, share=0)
    assert len(judge_all(store, team.ana, round)) == 5
    assert len(judge_all(store, team.ben, round)) == 5
    assert judging.sit_down(store, team.cai, round.id, "es").shown is None
    found = judging.judgements(store)
    assert {(j.rater, j.prompt_id) for j in found} == {
        (r, f"p{n}") for r in (1, 2) for n in range(5)
    }


def test_progress_counts_ones_own_and_what_is_left(store: Store, team: Team):
    round = start(store, team, 4, share=0)
    assert judging.sit_down(store, team.ana, round.id, "es")[3:] == (0, 4)
    desk = judging.sit_down(store, team.ana, round.id, "es")
    judging.judge(store, team.ana, desk.shown.id, "good")
    assert judging.sit_down(store, team.ana, round.id, "es")[3:] == (1, 4)
    assert judging.sit_down(store, team.ben, round.id, "es")[3:] == (0, 3)


def test_undo_gives_the_last_one_back_and_then_the_one_before(store: Store, team: Team):
    round = start(store, team)
    with pytest.raises(Conflict, match="nothing to take back"):
        judging.undo(store, team.ana, round.id, "es")
    ids = []
    for choice in ("first", "second"):
        ids.append(judging.sit_down(store, team.ana, round.id, "es").shown.id)
        judging.judge(store, team.ana, ids[-1], choice)
    assert judging.undo(store, team.ana, round.id, "es") == ids[1]
    assert judging.sit_down(store, team.ana, round.id, "es", ids[1]).shown.id == ids[1]
    assert judging.undo(store, team.ana, round.id, "es") == ids[0]
    assert judging.judgements(store) == []
    judging.judge(store, team.ana, ids[0], "bad")
    assert [j.choice for j in judging.judgements(store)] == ["bad"]
    lines = past.read(store, team.admin, subject=ids[0])
    assert [(e.action, e.detail["choice"]) for e in lines] == [
        ("judged", "first"),
        ("took a judgement back", "first"),
        ("judged", "bad"),
    ]


def test_what_was_taken_back_is_still_ones_own_when_others_have_filled_it(store: Store, team: Team):
    round = start(store, team, 1, share=0)
    id = judging.sit_down(store, team.ana, round.id, "es").shown.id
    judging.judge(store, team.ben, id, "good")
    judging.judge(store, team.ana, id, "good")
    assert judging.undo(store, team.ana, round.id, "es") == id
    assert judging.sit_down(store, team.ana, round.id, "es", id).shown.id == id
    assert judging.sit_down(store, team.ana, round.id, "es").shown is None
    assert judging.sit_down(store, team.ben, round.id, "es", id).shown is None


def test_one_verdict_a_person_and_item(store: Store, team: Team):
    round = start(store, team)
    id = judging.sit_down(store, team.ana, round.id, "es").shown.id
    for choice in ("good", "good", "bad"):
        judging.judge(store, team.ana, id, choice)
    assert [j.choice for j in judging.judgements(store)] == ["bad"]
    said = [e.detail["choice"] for e in past.read(store, team.admin, subject=id)]
    assert said == ["good", "bad"]  # sent twice is said once
    row = {"item": id, "person": team.ana.id, "place": 9, "choice": "good"}
    row |= {"swapped": False, "first_wrong": False, "second_wrong": False}
    with pytest.raises(sa.exc.IntegrityError), store.begin() as connection:
        connection.execute(sa.insert(judging.schema.judgements).values(**row, created=store.now()))


def test_a_closed_round_takes_nothing_and_keeps_all(store: Store, team: Team):
    round = start(store, team)
    id = judging.sit_down(store, team.ana, round.id, "es").shown.id
    judging.judge(store, team.ana, id, "good")
    rounds.close_round(store, team.admin, round.id)
    with pytest.raises(Conflict, match="closed"):
        judging.judge(store, team.ana, id, "bad")
    with pytest.raises(Conflict, match="closed"):
        judging.undo(store, team.ana, round.id, "es")
    assert [j.choice for j in judging.judgements(store)] == ["good"]
    assert rounds.list_rounds(store, team.ana) == []


def test_what_cannot_be_judged(store: Store, team: Team):
    round = start(store, team)
    id = judging.sit_down(store, team.ana, round.id, "es").shown.id
    for choice in ("a", "pass", "", "' OR 1=1"):
        with pytest.raises(Invalid):
            judging.judge(store, team.ana, id, choice)
    with pytest.raises(NotFound):
        judging.judge(store, team.ana, "none", "good")
    with pytest.raises(NotFound):
        judging.sit_down(store, team.ana, "none", "es")


def test_grades_one_answer_at_a_time(store: Store, team: Team):
    round = start(store, team, 8, mode="grades", share=0)
    assert [c.items for c in round.counts] == [16, 16]
    desks = judge_all(store, team.ana, round, "pass")
    assert all(len(desk.shown.texts) == 1 for desk in desks)
    asked = [desk.shown.question for desk in desks]
    # Each question once in either half: nobody sees its two answers one after the other.
    assert len(set(asked[:8])) == len(set(asked[8:])) == 8
    assert 0 < sum(desk.shown.texts[0].endswith("new") for desk in desks[:8]) < 8
    found = judging.judgements(store)
    assert {(j.prompt_id, j.arm) for j in found} == {(f"p{n}", a) for n in range(8) for a in "ab"}
    with pytest.raises(Invalid):
        judging.judge(store, team.ana, desks[0].shown.id, "first")


def test_rounds_about_other_answers_are_apart(store: Store, team: Team):
    old = start(store, team)
    judge_all(store, team.ana, old)
    new = rounds.open_round(store, team.admin, materials(), "other answers")
    judge_all(store, team.ben, new)
    assert {j.rater for j in judging.judgements(store, "answers")} == {1}
    assert {j.rater for j in judging.judgements(store, "other answers")} == {2}
    assert {r.answers for r in rounds.all_rounds(store)} == {"answers", "other answers"}


def test_no_name_leaves_the_store(store: Store, team: Team):
    round = start(store, team)
    judge_all(store, team.ana, round)
    told = json.dumps([j.to_row() for j in judging.judgements(store)])
    assert team.ana.id not in told and "Ana" not in told
    row = judging.judgements(store)[0]
    assert replace(row).to_row()["wrong"] == []
