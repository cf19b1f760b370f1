"""Hours of writing and approving, from the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from team import Clock, Team

from pinchtune.store import Store, Text
from pinchtune.store import examples as ex
from pinchtune.store.effort import Action, count_effort, measure_effort

PAUSE = timedelta(minutes=10)
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def action(minutes: float, name: str, person: str = "ana", subject: str = "x", language="es"):
    return Action(START + timedelta(minutes=minutes), person, name, subject, language)


def test_time_between_two_actions_is_work_of_the_second():
    logged_in = Action(START, "ana", "logged in", "ana", "")
    (effort,) = count_effort([logged_in, action(3, "created"), action(7, "submitted")], PAUSE)
    assert (effort.writing, effort.approving) == (7 * 60, 0)
    assert (effort.written, effort.written_seen) == (1, 1)


@pytest.mark.parametrize(("gap", "seconds"), [(10, 600), (10.1, 0), (0.01, 0)])
def test_a_pause_and_a_program_are_no_work(gap, seconds):
    (effort,) = count_effort([action(0, "created"), action(gap, "submitted")], PAUSE)
    assert effort.writing == seconds
    assert (effort.written, effort.written_seen) == (1, int(seconds > 0))


def test_what_was_written_elsewhere_is_not_seen_being_written():
    away = [
        action(0, "logged in", subject="ana", language=""),
        action(3, "created")._replace(is_here=False),
        action(3, "submitted")._replace(is_here=False),
        action(5, "saved")._replace(is_here=False),
    ]
    (effort,) = count_effort(away, PAUSE)
    assert (effort.writing, effort.written, effort.written_seen) == (120, 1, 0)


def test_people_and_languages_are_kept_apart():
    lines = [
        action(0, "created"),
        action(4, "submitted"),
        action(5, "approved", "ben"),
        action(7, "approved", "ben", "y", "ja"),
        action(8, "sent back", "ben", "z", "ja"),
    ]
    spanish, japanese = sorted(count_effort(lines, PAUSE), key=lambda e: e.language)
    assert (spanish.language, japanese.language) == ("es", "ja")
    assert (spanish.writing, spanish.approving, japanese.approving) == (240, 0, 180)
    assert (spanish.decisions, spanish.decisions_seen) == (1, 0)
    assert (japanese.decisions, japanese.decisions_seen, japanese.written) == (2, 2, 0)


@given(st.lists(st.floats(0, 60), max_size=30), st.floats(0.1, 60))
def test_never_more_than_the_time_that_passed_and_more_with_a_longer_pause(gaps, pause):
    now, lines = 0.0, []
    for gap in gaps:
        now += gap
        lines.append(action(now, "saved"))
    found = count_effort(lines, timedelta(minutes=pause))
    more = count_effort(lines, timedelta(minutes=pause * 2))
    total, longer = (sum(e.writing for e in rows) for rows in (found, more))
    assert total <= longer <= now * 60 + 1e-3


def test_the_store_tells_what_was_done(store: Store, team: Team, clock: Clock):
    row = ex.create(store, team.ana, "es", Text("¿Qué?", "Eso."))
    clock.advance(minutes=6)
    row = ex.submit(store, team.ana, row.id, row.revision)
    ex.approve(store, team.cai, row.id, row.revision)
    draft = ex.create(store, team.kei, "ja", Text("何", "これ"), origin="sheet")
    ex.submit(store, team.kei, draft.id, draft.revision)
    spanish, japanese = sorted(measure_effort(store, PAUSE), key=lambda e: e.language)
    assert (spanish.writing, spanish.written, spanish.written_seen) == (360, 1, 1)
    assert (spanish.decisions, spanish.decisions_seen) == (1, 1)
    assert (japanese.language, japanese.written, japanese.written_seen) == ("ja", 1, 0)
