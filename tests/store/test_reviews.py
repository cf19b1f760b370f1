"""Second opinions on a sample, on both databases."""

from __future__ import annotations

import pytest
from team import Team

from pinchtune.store import Conflict, Forbidden, Invalid, NotFound, Row, Store, Text, reviews
from pinchtune.store import examples as ex


def approve_many(store: Store, team: Team, number: int) -> list[Row]:
    items = [("es", Text(f"q {n}", f"r {n}"), "") for n in range(number)]
    rows = ex.add_many(store, team.ana, items, "sheet", submit=True)
    return [ex.approve(store, team.cai, row.id, row.revision) for row in rows if row]


def test_a_greater_sample_contains_the_smaller_one(store: Store, team: Team):
    approve_many(store, team, 10)
    assert reviews.sample(store, team.cai, 0.3) == 3
    first = {row.id for row in ex.approved(store) if row.sampled}
    assert reviews.sample(store, team.cai, 0.6) == 6
    second = {row.id for row in ex.approved(store) if row.sampled}
    assert (len(first), len(second)) == (3, 6) and first < second
    assert {row.id for row in reviews.to_rate(store, team.ben)} == second
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(Invalid):
            reviews.sample(store, team.cai, share)


def test_two_approvers_rate_on_their_own(store: Store, team: Team):
    rows = approve_many(store, team, 2)
    reviews.sample(store, team.cai, 1)
    for row in rows:
        reviews.rate(store, team.cai, row.id, "good")
        reviews.rate(store, team.ben, row.id, "bad", "too stiff")
    reviews.rate(store, team.ben, rows[0].id, "unsure")
    assert reviews.to_rate(store, team.ben) == reviews.to_rate(store, team.cai) == []
    said = {(r.example, r.person): (r.verdict, r.note) for r in reviews.ratings(store)}
    assert said == {
        (rows[0].id, team.cai.id): ("good", ""),
        (rows[0].id, team.ben.id): ("unsure", ""),
        (rows[1].id, team.cai.id): ("good", ""),
        (rows[1].id, team.ben.id): ("bad", "too stiff"),
    }
    assert ex.approved(store) == [ex.get(store, team.ana, row.id) for row in rows]


def test_who_may_not_rate(store: Store, team: Team, approved: Row):
    with pytest.raises(Conflict, match="not in the sample"):
        reviews.rate(store, team.ben, approved.id, "good")
    reviews.sample(store, team.cai, 1)
    for person in (team.ana, team.ron, team.admin):
        with pytest.raises(Forbidden):
            reviews.rate(store, person, approved.id, "good")
        with pytest.raises(Forbidden):
            reviews.sample(store, person, 1)
    with pytest.raises(NotFound):
        reviews.rate(store, team.kei, approved.id, "good")
    with pytest.raises(Invalid):
        reviews.rate(store, team.ben, approved.id, "excellent")
    assert reviews.to_rate(store, team.kei) == []
    assert reviews.ratings(store) == []


def test_ones_own_words_are_not_rated(store: Store, team: Team):
    row = ex.create(store, team.ben, "es", Text("a", "b"))
    row = ex.submit(store, team.ben, row.id, row.revision)
    ex.approve(store, team.cai, row.id, row.revision)
    reviews.sample(store, team.cai, 1)
    assert reviews.to_rate(store, team.ben) == []
    with pytest.raises(Forbidden, match="your own"):
        reviews.rate(store, team.ben, row.id, "good")


def test_a_mended_example_is_rated_anew(store: Store, team: Team, approved: Row):
    reviews.sample(store, team.cai, 1)
    reviews.rate(store, team.ben, approved.id, "bad")
    row = ex.get(store, team.ana, approved.id)
    row = ex.edit(store, team.ben, row.id, row.revision, Text("better", "text"))
    ex.approve(store, team.cai, row.id, row.revision)
    assert reviews.ratings(store) == []


def test_who_rated_an_earlier_text_is_asked_again(store: Store, team: Team, approved: Row):
    reviews.sample(store, team.cai, 1)
    reviews.rate(store, team.ben, approved.id, "bad")
    row = ex.get(store, team.ana, approved.id)
    row = ex.send_back(store, team.cai, row.id, row.revision, "stiff")
    row = ex.save(store, team.ana, row.id, Text("better", "text"), row.revision)
    row = ex.submit(store, team.ana, row.id, row.revision)
    ex.approve(store, team.cai, row.id, row.revision)
    assert reviews.to_rate(store, team.ben) == []
    reviews.sample(store, team.cai, 1)
    assert [r.id for r in reviews.to_rate(store, team.ben)] == [row.id]
