"""What is known about all examples is kept, and counted anew when something has happened."""

from __future__ import annotations

import time

import pytest

from pinchtune.store import Term, glossary
from pinchtune.web import insight as module
from pinchtune.web.insight import Insight


@pytest.fixture
def counted(monkeypatch):
    calls: list[str] = []
    plain = module.coverage
    monkeypatch.setattr(module, "coverage", lambda *a: calls.append(a[2]) or plain(*a))
    return calls


def test_it_is_counted_anew_only_after_something_has_happened(store, person, write, counted):
    insight = Insight(store, (), 0)
    glossary.add_many(store, person("Ada"), [Term("", "es", "filtro")])
    for _ in range(3):
        assert [t.term for t in insight.coverage("es").missing] == ["filtro"]
    write(status="approved")
    for _ in range(3):
        assert [t.term for t in insight.coverage("es").covered] == ["filtro"]
    assert counted == ["es", "es"]


def test_it_may_be_some_seconds_old(store, write, counted):
    insight = Insight(store, (), 60)
    insight.coverage("es")
    write(status="approved")
    insight.coverage("es")
    assert counted == ["es"]


def test_nobody_waits_for_what_is_counted_anew(store, person, write, counted):
    insight = Insight(store, (), 0.01)
    glossary.add_many(store, person("Ada"), [Term("", "es", "filtro")])
    assert [t.term for t in insight.coverage("es").missing] == ["filtro"]
    write(status="approved")
    time.sleep(0.02)
    assert [t.term for t in insight.coverage("es").missing] == ["filtro"]
    end = time.monotonic() + 10
    while not insight.coverage("es").covered and time.monotonic() < end:
        time.sleep(0.02)
    assert [t.term for t in insight.coverage("es").covered] == ["filtro"]
    assert insight.coverage("ja") is not None  # made of what is known now, not of old rows
    insight._renewer.join()


def test_its_own_text_is_no_near_duplicate(store, write):
    insight = Insight(store, (), 0)
    row = write(status="submitted")
    kinds = [hint.kind for hint in insight.check(row.text, "es", row.id)]
    assert "near-duplicate" not in kinds
    assert "near-duplicate" in [hint.kind for hint in insight.check(row.text, "es")]
