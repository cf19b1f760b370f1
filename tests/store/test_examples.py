"""Writing and approving, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from team import Clock, Team, join

from pinchtune.store import (
    Conflict,
    Forbidden,
    Grant,
    Invalid,
    NotFound,
    Row,
    Settings,
    Store,
    StoreError,
    Text,
    history,
)
from pinchtune.store import examples as ex
from pinchtune.store import people as pe
from pinchtune.store.settings import write_settings

TEXT = Text("¿Qué es el IVA?", "Un impuesto.", "CC0-1.0", "ventas")
ROLES = ("admin", "ana", "ben", "cai", "kei", "ron")


def draft(store: Store, team: Team, text: Text = TEXT) -> Row:
    return ex.create(store, team.ana, "es", text)


def test_a_row_through_its_whole_life(store: Store, team: Team, clock: Clock):
    row = ex.create(store, team.ana, "es", TEXT, template="price")
    assert (row.status, row.version, row.revision, row.text) == ("draft", 1, 1, TEXT)
    assert (row.author, row.author_name, row.editors) == (team.ana.id, "Ana", (team.ana.id,))
    assert (row.template, row.origin, row.created) == ("price", "web", clock.time)
    clock.advance(minutes=1)
    row = ex.submit(store, team.ana, row.id, row.revision)
    row = ex.send_back(store, team.cai, row.id, row.revision, " Too short. ")
    assert (row.status, row.reason, row.version) == ("rejected", "Too short.", 1)
    row = ex.save(store, team.ana, row.id, Text("Otra", "Mejor"), row.revision)
    assert (row.status, row.version, row.updated) == ("rejected", 2, clock.time)
    row = ex.submit(store, team.ana, row.id, row.revision)
    row = ex.approve(store, team.cai, row.id, row.revision)
    assert (row.status, row.version, row.revision, row.reason) == ("approved", 2, 6, "")
    assert ex.approved(store) == [row]
    first, second = ex.versions(store, team.ana, row.id)
    assert (first.text, first.editor_name, first.decisions[0].reason) == (TEXT, "Ana", "Too short.")
    assert (second.text.response, second.decisions[0].approved) == ("Mejor", True)
    assert [a.person for a in ex.approvals(store)] == [team.cai.id]
    actions = [e.action for e in history.read(store, team.ana, row.id)]
    steps = ["created", "submitted", "sent back", "saved", "submitted", "approved"]
    assert actions == steps


ALLOWED = {
    "get": {"admin", "ana", "ben", "cai", "ron"},
    "create": {"ana", "ben"},
    "save": {"ana"},
    "submit": {"ana"},
    "withdraw": {"ana"},
    "approve": {"ben", "cai"},
    "send_back": {"ben", "cai"},
    "edit": {"ben", "cai"},
    "assign": {"admin", "ben", "cai"},
    "hand_over": {"admin", "ben", "cai"},
    "versions": {"admin", "ana", "ben", "cai", "ron"},
    "parallels": {"admin", "ana", "ben", "cai", "ron"},
    "history": {"admin", "ana", "ben", "cai", "ron"},
}
ACTIONS: dict[str, tuple[str, Callable[..., object]]] = {
    "get": ("draft", lambda s, p, r: ex.get(s, p, r.id)),
    "create": ("draft", lambda s, p, r: ex.create(s, p, "es", TEXT)),
    "save": ("draft", lambda s, p, r: ex.save(s, p, r.id, Text("a", "b"), r.revision)),
    "submit": ("draft", lambda s, p, r: ex.submit(s, p, r.id, r.revision)),
    "withdraw": ("submitted", lambda s, p, r: ex.withdraw(s, p, r.id, r.revision)),
    "approve": ("submitted", lambda s, p, r: ex.approve(s, p, r.id, r.revision)),
    "send_back": ("submitted", lambda s, p, r: ex.send_back(s, p, r.id, r.revision, "no")),
    "edit": ("submitted", lambda s, p, r: ex.edit(s, p, r.id, r.revision, Text("a", "b"))),
    "assign": ("draft", lambda s, p, r: ex.assign(s, p, r.id, None)),
    "hand_over": ("approved", lambda s, p, r: ex.hand_over(s, p, r.id, "ja")),
    "versions": ("approved", lambda s, p, r: ex.versions(s, p, r.id)),
    "parallels": ("approved", lambda s, p, r: ex.parallels(s, p, r.id)),
    "history": ("approved", lambda s, p, r: history.read(s, p, r.id)),
}


def bring_to(store: Store, team: Team, status: str) -> Row:
    row = draft(store, team)
    if status != "draft":
        row = ex.submit(store, team.ana, row.id, row.revision)
    return ex.approve(store, team.cai, row.id, row.revision) if status == "approved" else row


@pytest.mark.parametrize("action", ACTIONS)
def test_every_role_does_what_it_may_and_nothing_else(store: Store, team: Team, action: str):
    status, call = ACTIONS[action]
    for name in ROLES:
        row = bring_to(store, team, status)
        before = ex.everything(store)
        if name in ALLOWED[action]:
            call(store, getattr(team, name), row)
        else:
            # What one cannot see does not exist: whoever guesses an id learns nothing.
            with pytest.raises((Forbidden, NotFound)):
                call(store, getattr(team, name), row)
            assert ex.everything(store) == before


def test_rights_are_read_anew_not_taken_from_the_callers_record(store: Store, team: Team):
    row = bring_to(store, team, "submitted")
    forged = replace(team.kei, grants=(Grant("approver"), Grant("administrator")))
    with pytest.raises(NotFound):
        ex.approve(store, forged, row.id, row.revision)
    nobody = replace(team.cai, id="0" * 32)
    with pytest.raises(Forbidden):
        ex.approve(store, nobody, row.id, row.revision)
    pe.deactivate(store, team.admin, team.cai.id)
    with pytest.raises(Forbidden, match="not active"):
        ex.approve(store, team.cai, row.id, row.revision)


def test_a_grant_for_one_site_reaches_no_other(store: Store, team: Team):
    osaka = join(store, team.admin, "Osa", Grant("author", "ja", "Osaka"))
    tokyo = join(store, team.admin, "Toki", Grant("approver", "ja", "Tokyo"))
    row = ex.create(store, osaka, "ja", TEXT)
    assert row.site == "Osaka"
    with pytest.raises(Forbidden):
        ex.create(store, osaka, "ja", TEXT, site="Tokyo")
    row = ex.submit(store, osaka, row.id, row.revision)
    with pytest.raises(NotFound):
        ex.approve(store, tokyo, row.id, row.revision)
    assert ex.queue(store, tokyo).rows == ()
    assert ex.queue(store, team.kei).rows == (row,)
    assert ex.count_queue(store, team.kei) == {row.language: 1}
    assert ex.count_queue(store, tokyo) == {}
    assert ex.approve(store, team.kei, row.id, row.revision).status == "approved"


class TestOwnApproval:
    def test_the_author_cannot(self, store: Store, team: Team):
        row = ex.create(store, team.ben, "es", TEXT)
        row = ex.submit(store, team.ben, row.id, row.revision)
        with pytest.raises(Forbidden, match="your own"):
            ex.approve(store, team.ben, row.id, row.revision)
        assert ex.get(store, team.ben, row.id) == row
        assert ex.queue(store, team.ben).rows == ()
        assert ex.count_queue(store, team.ben) == {}

    def test_who_mended_it_cannot_either(self, store: Store, team: Team, submitted: Row):
        row = ex.edit(store, team.cai, submitted.id, submitted.revision, Text("Mejor", "Sí"))
        assert (row.version, row.status) == (2, "submitted")
        assert set(row.editors) == {team.ana.id, team.cai.id}
        with pytest.raises(Forbidden, match="your own"):
            ex.approve(store, team.cai, row.id, row.revision)
        assert ex.approve(store, team.ben, row.id, row.revision).status == "approved"

    def test_an_approved_row_that_is_mended_needs_approval_again(
        self, store: Store, team: Team, approved: Row
    ):
        row = ex.edit(store, team.ben, approved.id, approved.revision, Text("Mejor", "Sí"))
        assert row.status == "submitted"
        assert ex.approved(store) == []
        with pytest.raises(Forbidden):
            ex.approve(store, team.ben, row.id, row.revision)

    def test_raw_sql_cannot_review_ones_own(self, store: Store, team: Team):
        row = ex.create(store, team.ben, "es", TEXT)
        ex.submit(store, team.ben, row.id, row.revision)
        review = sa.text(
            "INSERT INTO reviews (id, example, version, person, approved, reason, created) "
            "VALUES ('r', :example, 1, :person, :yes, '', '2026-01-01 00:00:00')"
        )
        values = {"example": row.id, "person": team.ben.id, "yes": True}
        with pytest.raises(sa.exc.DBAPIError, match="nobody approves"), store.begin() as connection:
            connection.execute(review, values)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE examples SET status = 'approved' WHERE id = :id",
            "UPDATE examples SET status = 'approved', version = 7 WHERE id = :id",
        ],
    )
    def test_raw_sql_cannot_approve_without_a_review(
        self, store: Store, submitted: Row, change: str
    ):
        with pytest.raises(sa.exc.DBAPIError, match="somebody else"), store.begin() as connection:
            connection.execute(sa.text(change), {"id": submitted.id})

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE examples SET response = 'other' WHERE id = :id",
            "UPDATE examples SET version = 2 WHERE id = :id",
            "UPDATE examples SET author = :cai WHERE id = :id",
            "INSERT INTO examples SELECT 'copy', language, site, status, version, revision, "
            "instruction, response, license, domain, drafted_by, author, assigned_to, template, "
            "parallel_id, source_id, origin, reason, key, content, folded, created, updated, "
            "sampled FROM examples WHERE id = :id",
        ],
    )
    def test_raw_sql_cannot_change_what_was_approved(
        self, store: Store, team: Team, approved: Row, change: str
    ):
        with pytest.raises(sa.exc.DBAPIError, match="somebody else"), store.begin() as connection:
            connection.execute(sa.text(change), {"id": approved.id, "cai": team.cai.id})
        assert ex.approved(store) == [approved]


def test_the_second_of_two_savers_is_told_and_loses_nothing(store: Store, team: Team):
    row = draft(store, team)
    first = ex.save(store, team.ana, row.id, Text("first", "one"), row.revision)
    with pytest.raises(Conflict) as caught:
        ex.save(store, team.ana, row.id, Text("second", "two"), row.revision)
    assert caught.value.row == first
    assert ex.get(store, team.ana, row.id) == first
    with pytest.raises(Conflict):
        ex.submit(store, team.ana, row.id, row.revision)


@pytest.mark.parametrize("action", ["submit", "withdraw", "approve", "send_back", "edit", "save"])
def test_every_step_refuses_an_old_revision(store: Store, team: Team, action: str):
    status, call = ACTIONS[action]
    row = bring_to(store, team, status)
    actor = team.ana if action in ("submit", "withdraw", "save") else team.cai
    with pytest.raises(Conflict) as caught:
        call(store, actor, replace(row, revision=row.revision - 1))
    assert caught.value.row == row


def test_saving_what_is_there_already_changes_nothing(store: Store, team: Team):
    row = draft(store, team)
    assert ex.save(store, team.ana, row.id, TEXT, row.revision) == row
    windows = replace(TEXT, response="a\r\nb")
    row = ex.save(store, team.ana, row.id, windows, row.revision)
    assert row.text.response == "a\nb"
    assert ex.save(store, team.ana, row.id, windows, row.revision) == row


def test_autosaving_writes_one_line_into_the_history(store: Store, team: Team):
    row = draft(store, team)
    for number in range(5):
        row = ex.save(store, team.ana, row.id, Text("text", str(number)), row.revision)
    assert [e.action for e in history.read(store, team.ana, row.id)] == ["created", "saved"]


def test_the_same_key_gives_the_same_row(store: Store, team: Team):
    row = ex.create(store, team.ana, "es", TEXT, key="form-1")
    assert ex.create(store, team.ana, "es", Text("other", ""), key="form-1") == row
    assert ex.create(store, team.ben, "es", TEXT, key="form-1").id != row.id
    assert ex.create(store, team.ana, "es", TEXT).id != ex.create(store, team.ana, "es", TEXT).id
    assert len(ex.everything(store)) == 4


def test_only_what_is_complete_can_be_submitted(store: Store, team: Team):
    row = draft(store, team, Text("  ", "x"))
    with pytest.raises(Invalid, match="Write the instruction"):
        ex.submit(store, team.ana, row.id, row.revision)
    row = ex.save(store, team.ana, row.id, Text("x", "\n"), row.revision)
    with pytest.raises(Invalid, match="Write the response"):
        ex.submit(store, team.ana, row.id, row.revision)


def test_a_rejected_row_comes_back_and_must_change(store: Store, team: Team, submitted: Row):
    with pytest.raises(Invalid, match="Say why"):
        ex.send_back(store, team.cai, submitted.id, submitted.revision, " ")
    row = ex.send_back(store, team.cai, submitted.id, submitted.revision, "no")
    assert ex.find(store, team.ana, mine=True, status="rejected").rows == (row,)
    with pytest.raises(Invalid, match="Change the example"):
        ex.submit(store, team.ana, row.id, row.revision)


def test_what_was_approved_by_mistake_can_be_sent_back(store: Store, team: Team, approved: Row):
    row = ex.send_back(store, team.ben, approved.id, approved.revision, "wrong rate")
    assert (row.status, ex.approved(store), ex.approvals(store)) == ("rejected", [], [])


def test_a_withdrawn_text_stays_in_the_versions(store: Store, team: Team, submitted: Row):
    row = ex.withdraw(store, team.ana, submitted.id, submitted.revision)
    again = ex.submit(store, team.ana, row.id, row.revision)
    assert again.version == 1
    row = ex.withdraw(store, team.ana, again.id, again.revision)
    row = ex.save(store, team.ana, row.id, Text("new", "text"), row.revision)
    row = ex.submit(store, team.ana, row.id, row.revision)
    assert [v.text.instruction for v in ex.versions(store, team.cai, row.id)] == [
        submitted.text.instruction,
        "new",
    ]


def test_steps_out_of_turn_are_refused(store: Store, team: Team, approved: Row):
    with pytest.raises(Conflict, match="is: approved"):
        ex.save(store, team.ana, approved.id, TEXT, approved.revision)
    with pytest.raises(Conflict):
        ex.approve(store, team.ben, approved.id, approved.revision)
    row = draft(store, team)
    with pytest.raises(Conflict, match="is: draft"):
        ex.approve(store, team.cai, row.id, row.revision)
    with pytest.raises(Conflict):
        ex.hand_over(store, team.cai, row.id, "ja")


def test_the_model_that_drafted_stays_named(store: Store, team: Team):
    row = draft(store, team, replace(TEXT, drafted_by="gemma"))
    row = ex.save(store, team.ana, row.id, Text("a", "b"), row.revision)
    assert row.text.drafted_by == "gemma"


class TestHandingOver:
    def test_the_translation_is_linked_and_written_by_whom_it_was_given(
        self, store: Store, team: Team, approved: Row
    ):
        task = ex.hand_over(store, team.cai, approved.id, "ja", team.kei.id)
        assert (task.language, task.status, task.author) == ("ja", "draft", "")
        assert (task.source_id, task.parallel_id) == (approved.id, approved.id)
        assert (task.origin, task.assigned_to) == ("handed over", team.kei.id)
        assert ex.tasks(store, team.kei) == [task]
        assert [r.id for r in ex.parallels(store, team.kei, task.id)] == [approved.id]
        assert ex.parallels(store, team.ana, approved.id) == [task]
        row = ex.save(store, team.kei, task.id, Text("税とは", "はい"), task.revision)
        assert (row.author, row.editors) == (team.kei.id, (team.kei.id,))
        assert ex.get(store, team.ana, approved.id).status == "approved"

    def test_the_same_language_twice_is_refused(self, store: Store, team: Team, approved: Row):
        task = ex.hand_over(store, team.cai, approved.id, "ja")
        with pytest.raises(Conflict, match="exists in ja") as caught:
            ex.hand_over(store, team.cai, approved.id, "ja")
        assert caught.value.row == task
        with pytest.raises(Conflict, match="exists in es"):
            ex.hand_over(store, team.cai, approved.id, "es")

    def test_a_free_task_is_for_who_begins(self, store: Store, team: Team, approved: Row):
        kim = join(store, team.admin, "Kim", Grant("author", "ja"))
        task = ex.hand_over(store, team.cai, approved.id, "ja")
        assert ex.tasks(store, kim) == ex.tasks(store, team.kei) == [task]
        row = ex.save(store, kim, task.id, Text("a", ""), task.revision)
        assert ex.tasks(store, team.kei) == []
        with pytest.raises(Forbidden):
            ex.save(store, team.kei, task.id, Text("b", ""), row.revision)

    def test_a_free_task_is_open_to_authors_of_other_sites(self, store: Store, team: Team):
        """Madrid's example reaches Osaka and Tokyo, and belongs to the one who takes it."""
        dan = join(store, team.admin, "Dan", Grant("author", "es", "Madrid"))
        kim = join(store, team.admin, "Kim", Grant("author", "ko", "Osaka"))
        lin = join(store, team.admin, "Lin", Grant("author", "ko", "Tokyo"))
        row = ex.create(store, dan, "es", TEXT)
        row = ex.submit(store, dan, row.id, row.revision)
        row = ex.approve(store, team.cai, row.id, row.revision)
        task = ex.hand_over(store, team.cai, row.id, "ko")
        assert (row.site, task.site) == ("Madrid", "")
        assert ex.tasks(store, kim) == ex.tasks(store, lin) == [ex.get(store, lin, task.id)]
        with pytest.raises(NotFound):
            ex.get(store, dan, task.id)
        task = ex.save(store, kim, task.id, Text("a", "b"), task.revision)
        assert (task.site, task.author) == ("Osaka", kim.id)
        assert ex.tasks(store, lin) == []
        with pytest.raises(NotFound):
            ex.save(store, lin, task.id, Text("b", "b"), task.revision)

    def test_only_an_author_of_the_language_can_be_asked(
        self, store: Store, team: Team, approved: Row
    ):
        with pytest.raises(Invalid, match="Ana is no author for ja"):
            ex.hand_over(store, team.cai, approved.id, "ja", team.ana.id)
        with pytest.raises(NotFound):
            ex.hand_over(store, team.cai, approved.id, "ja", "nobody")

    def test_an_assigned_row_can_be_given_to_another(self, store: Store, team: Team):
        row = draft(store, team)
        row = ex.assign(store, team.cai, row.id, team.ben.id)
        assert ex.tasks(store, team.ben) == [row]
        row = ex.save(store, team.ben, row.id, Text("a", "b"), row.revision)
        assert set(row.editors) == {team.ana.id, team.ben.id}


class TestFinding:
    def test_pages_give_every_row_once_in_order(self, store: Store, team: Team, clock: Clock):
        ids = []
        for number in range(23):
            ids.append(draft(store, team, Text(f"n {number}", "x")).id)
            clock.advance(seconds=number % 3)  # many rows share their time
        for oldest in (False, True):
            seen, after = [], ""
            while True:
                page = ex.find(store, team.ana, limit=5, after=after, oldest_first=oldest)
                seen += [row.id for row in page.rows]
                after = page.after
                if not after:
                    break
            assert len(seen) == len(set(seen)) == 23
            rows = ex.everything(store)
            expected = [row.id for row in (rows if oldest else rows[::-1])]
            assert seen == expected

    def test_rows_that_come_meanwhile_do_not_shift_the_pages(
        self, store: Store, team: Team, clock: Clock
    ):
        for number in range(4):
            draft(store, team, Text(f"n {number}", "x"))
            clock.advance(seconds=1)
        page = ex.find(store, team.ana, limit=2)
        draft(store, team, Text("late", "x"))
        more = ex.find(store, team.ana, limit=2, after=page.after)
        seen = [row.text.instruction for row in (*page.rows, *more.rows)]
        assert seen == ["n 3", "n 2", "n 1", "n 0"]

    def test_filters(self, store: Store, team: Team, submitted: Row):
        other = ex.create(store, team.kei, "ja", Text("税金 100%_とは", "ÉTÉ ﬁn"))
        find = ex.find
        assert find(store, team.ron, language="ja").rows == (other,)
        assert find(store, team.ron, status="submitted").rows == (submitted,)
        assert find(store, team.ron, author=team.kei.id).rows == (other,)
        assert find(store, team.ron, text="100%_").rows == (other,)
        assert find(store, team.ron, text="été FIN").rows == (other,)
        assert find(store, team.ron, text="1_0").rows == ()
        assert find(store, team.kei, mine=True).rows == (other,)
        assert find(store, team.ana).rows == (submitted,)

    @pytest.mark.parametrize("after", ["x", "2026-01-01~a", "~", "9~9"])
    def test_a_page_that_does_not_exist(self, store: Store, team: Team, after: str):
        with pytest.raises(Invalid, match="page"):
            ex.find(store, team.ana, after=after)

    @pytest.mark.parametrize("nasty", ["' OR 1=1 --", "\\", "%", "_", '"; DROP TABLE people'])
    def test_sql_in_parameters_is_only_text(
        self, store: Store, team: Team, submitted: Row, nasty: str
    ):
        for name in ("language", "status", "author", "text"):
            assert ex.find(store, team.ron, **{name: nasty}).rows == ()
        with pytest.raises(NotFound):
            ex.get(store, team.ron, nasty)

    @pytest.mark.parametrize("nasty", ["\0", "a\ud800"])
    def test_what_cannot_be_stored_cannot_be_looked_for(self, store: Store, team: Team, nasty: str):
        with pytest.raises(Invalid, match="cannot be stored"):
            ex.find(store, team.ron, text=nasty)
        with pytest.raises(Invalid, match="cannot be stored"):
            ex.get(store, team.ron, nasty)

    def test_counts_name_every_status(self, store: Store, team: Team, approved: Row):
        draft(store, team)
        nothing = {"submitted": 0, "rejected": 0}
        assert ex.counts(store) == {"es": {"draft": 1, "approved": 1} | nothing}
        assert ex.waiting(store) == []
        assert len(ex.similar_texts(store, "es")) == 2


@pytest.mark.parametrize("language", ["", "x", "e s", "es;", "xx-", "a" * 40])
def test_a_language_is_a_tag(store: Store, team: Team, language: str):
    with pytest.raises(Invalid, match="language tag"):
        ex.create(store, team.ana, language, TEXT)


def test_a_language_that_is_not_collected_is_refused(store: Store, team: Team):
    write_settings(store, team.admin, Settings(languages=("ja",)))
    with pytest.raises(Invalid, match="does not collect es"):
        draft(store, team)


@pytest.mark.parametrize("field", ["instruction", "response", "license", "domain", "drafted_by"])
def test_a_text_that_is_too_long_is_refused(store: Store, team: Team, field: str):
    with pytest.raises(Invalid, match=f"{field} holds 50001 characters"):
        draft(store, team, Text(**{field: "x" * 50_001}))


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(instruction=st.text(max_size=60), response=st.text(st.characters(), max_size=60))
def test_any_unicode_comes_back_as_it_was(
    store: Store, team: Team, instruction: str, response: str
):
    text = Text(instruction, response)
    try:
        joined = (instruction + response).encode().decode()
    except UnicodeEncodeError:
        joined = "\0"
    if "\0" in joined:
        with pytest.raises(StoreError) as caught:
            draft(store, team, text)
        assert str(caught.value) == "The text holds a character that cannot be stored; remove it."
    else:
        row = draft(store, team, text)
        assert ex.get(store, team.ana, row.id).text.response == response.replace("\r\n", "\n")
        assert row.text.instruction == instruction.replace("\r\n", "\n")
