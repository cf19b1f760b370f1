"""The glossary, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from team import Team

from pinchtune.store import Conflict, Forbidden, Invalid, NotFound, Store, Term, glossary


def test_a_term_through_its_whole_life(store: Store, team: Team):
    term = glossary.add(store, team.cai, "es", " albarán  de entrega ", ["nota", "nota", " "])
    assert (term.term, term.variants) == ("albarán de entrega", ("nota",))
    changed = replace(term, variants=("nota", "remito"), enquiries=12, note="AR: remito")
    assert glossary.edit(store, team.admin, changed) == changed
    assert glossary.list_terms(store, "es") == [changed] == [glossary.get_term(store, term.id)]
    assert glossary.list_terms(store, "ja") == []
    glossary.remove(store, team.cai, term.id)
    with pytest.raises(NotFound):
        glossary.remove(store, team.cai, term.id)


def test_the_same_term_twice_is_refused(store: Store, team: Team):
    first = glossary.add(store, team.cai, "es", "a\u0301")
    second = glossary.add(store, team.cai, "es", "b")
    with pytest.raises(Conflict, match="already"):
        glossary.add(store, team.cai, "es", "á")
    with pytest.raises(Conflict):
        glossary.edit(store, team.cai, replace(second, term=first.term))
    assert glossary.add(store, team.cai, "es", "á", site="Lima").site == "Lima"
    assert len(glossary.list_terms(store, "es", site="")) == 2


def test_an_import_adds_and_brings_up_to_date(store: Store, team: Team):
    old = glossary.add(store, team.cai, "es", "IVA", ["iva"], "tax", 3)
    terms = [Term("", "es", "IVA", ("I.V.A.",), "", 9), Term("", "es", "flete")]
    assert glossary.add_many(store, team.cai, [*terms, terms[1]]) == (1, 1)
    assert glossary.add_many(store, team.cai, terms) == (0, 0)
    assert glossary.list_terms(store)[0] == replace(old, variants=("iva", "I.V.A."), enquiries=9)
    many = [Term("", "es", f"t {n}") for n in range(2500)]
    assert glossary.add_many(store, team.cai, many) == (2500, 0)


def test_who_may_change_it(store: Store, team: Team):
    term = glossary.add(store, team.cai, "es", "IVA")
    for person in (team.ana, team.kei, team.ron):
        for change in (
            lambda p=person: glossary.add(store, p, "es", "x"),
            lambda p=person: glossary.edit(store, p, replace(term, note="x")),
            lambda p=person: glossary.remove(store, p, term.id),
            lambda p=person: glossary.add_many(store, p, [Term("", "es", "x")]),
        ):
            with pytest.raises(Forbidden):
                change()
    with pytest.raises(Forbidden):
        glossary.edit(store, team.kei, replace(term, language="ja"))
    assert glossary.list_terms(store) == [term]


@pytest.mark.parametrize(
    "bad",
    [
        {"term": " "},
        {"term": "x" * 201},
        {"language": "?"},
        {"enquiries": -1},
        {"enquiries": 2**31},
        {"variants": ("x",) * 101},
        {"variants": ("\ud800",)},
        {"note": "\0"},
        {"site": "x" * 101},
    ],
)
def test_what_cannot_be_a_term(store: Store, team: Team, bad: dict[str, object]):
    with pytest.raises(Invalid):
        glossary.add_many(store, team.cai, [replace(Term("", "es", "IVA"), **bad)])
    assert glossary.list_terms(store) == []
