"""Invitations, roles, log-in, sessions and tokens, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from team import PASSWORD, Clock, Team, found_team, join

from pinchtune.store import Conflict, Forbidden, Grant, Invalid, NotFound, Store, TooMany, history
from pinchtune.store import people as pe


def test_the_first_administrator_comes_by_a_link_that_works_once(store: Store):
    void = pe.bootstrap(store)
    token = pe.bootstrap(store)
    assert void and token
    with pytest.raises(NotFound):
        pe.accept(store, void, "Eve", PASSWORD)
    ada = pe.accept(store, token, " Ada  Byron ", PASSWORD, "ja")
    assert (ada.name, ada.locale, ada.grants) == ("Ada Byron", "ja", (Grant("administrator"),))
    with pytest.raises(NotFound, match="not valid any more"):
        pe.accept(store, token, "Eve", PASSWORD)
    assert pe.bootstrap(store) is None


def test_an_invitation_is_for_one_person_and_a_time(store: Store, team: Team, clock: Clock):
    grants = [Grant("author", "es", "Madrid"), Grant("reader"), Grant("reader")]
    token = pe.invite(store, team.admin, grants, "Eva", "Eva@Example.org", days=2)
    assert pe.open_invitation(store, token).name == "Eva"
    assert len(pe.list_invitations(store, team.admin)) == 1
    clock.advance(days=2)
    assert pe.list_invitations(store, team.admin) == []
    with pytest.raises(NotFound):
        pe.accept(store, token, "Eva", PASSWORD)
    token = pe.invite(store, team.admin, grants, "Eva", "Eva@Example.org")
    eva = pe.accept(store, token, password=PASSWORD)
    assert (eva.name, set(eva.grants)) == ("Eva", set(grants))
    assert pe.log_in(store, "eva@example.ORG ", PASSWORD, "c") == eva
    assert pe.log_in(store, "eVA", PASSWORD, "c") == eva
    assert pe.find_person(store, eva.id) == pe.find_person(store, "EVA") == eva


def test_an_invitation_can_be_called_back(store: Store, team: Team):
    token = pe.invite(store, team.admin, [Grant("reader")], "Eva")
    pe.revoke_invitation(store, team.admin, pe.list_invitations(store, team.admin)[0].id)
    with pytest.raises(NotFound):
        pe.accept(store, token, "Eva", PASSWORD)


def test_one_of_many_who_accept_at_once_gets_in(store: Store, team: Team):
    token = pe.invite(store, team.admin, [Grant("reader")])

    def accept(number: int) -> str:
        try:
            return pe.accept(store, token, f"P{number}", PASSWORD).name
        except NotFound:
            return ""

    with ThreadPoolExecutor(6) as pool:
        names = [name for name in pool.map(accept, range(6)) if name]
    assert len(names) == 1
    assert len(pe.list_people(store, team.admin)) == 7


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("ANA", PASSWORD, "is taken"),
        (" ", PASSWORD, "Give a name"),
        ("a@b", PASSWORD, "cannot hold @"),
        ("a\u202eb", PASSWORD, "hidden characters"),
        ("x" * 101, PASSWORD, "at most 100"),
        ("Eva", "short", "10 to 200 characters"),
        ("Eva", "x" * 201, "10 to 200 characters"),
        ("Eva", "\ud800" * 10, "cannot be stored"),
    ],
)
def test_a_name_and_a_password_that_cannot_be(
    store: Store, team: Team, name: str, password: str, message: str
):
    token = pe.invite(store, team.admin, [Grant("reader")])
    with pytest.raises(Invalid, match=message):
        pe.accept(store, token, name, password)
    assert pe.accept(store, token, "Eva\u3000\u0645\u06cc\u200c\u0634\u0648\u062f", PASSWORD)


@pytest.mark.parametrize(
    "grant", [("king",), ("author", "e s"), ("author", "es", "x" * 101), ("author", "es", "\0")]
)
def test_a_role_that_cannot_be(store: Store, team: Team, grant: tuple[str, ...]):
    with pytest.raises(Invalid):
        pe.invite(store, team.admin, [Grant(*grant)])


ADMINISTRATION = {
    "invite": lambda s, p, o: pe.invite(s, p, [Grant("administrator")]),
    "reset_link": lambda s, p, o: pe.reset_link(s, p, o.id),
    "set_grants": lambda s, p, o: pe.set_grants(s, p, o.id, [Grant("administrator")]),
    "deactivate": lambda s, p, o: pe.deactivate(s, p, o.id),
    "reactivate": lambda s, p, o: pe.reactivate(s, p, o.id),
    "end_all_sessions": lambda s, p, o: pe.end_all_sessions(s, p, o.id),
    "list_tokens": lambda s, p, o: pe.list_tokens(s, p, o.id),
    "list_invitations": lambda s, p, o: pe.list_invitations(s, p),
    "history": lambda s, p, o: history.read(s, p),
}


@pytest.mark.parametrize("action", ADMINISTRATION)
def test_people_are_an_administrators_matter(store: Store, team: Team, action: str):
    call = ADMINISTRATION[action]
    for person in (team.ana, team.ben, team.cai, team.ron):
        forged = replace(person, grants=(Grant("administrator"),))
        with pytest.raises(Forbidden):
            call(store, forged, team.kei)
    call(store, team.admin, team.kei)


def test_authors_and_readers_see_no_list_of_people(store: Store, team: Team):
    for person in (team.admin, team.cai):
        assert len(pe.list_people(store, person)) == 6
    for person in (team.ana, team.ron):
        with pytest.raises(Forbidden):
            pe.list_people(store, person)


def test_the_last_administrator_stays(store: Store, team: Team):
    with pytest.raises(Conflict, match="last administrator"):
        pe.set_grants(store, team.admin, team.admin.id, [Grant("reader")])
    with pytest.raises(Conflict, match="last administrator"):
        pe.deactivate(store, team.admin, team.admin.id)
    pe.set_grants(store, team.admin, team.ana.id, [Grant("administrator")])
    pe.deactivate(store, team.admin, team.admin.id)
    with pytest.raises(Conflict):
        pe.deactivate(store, team.ana, team.ana.id)


def test_two_administrators_cannot_remove_each_other_at_once(store: Store, team: Team):
    for number in range(5):
        two = [join(store, team.admin, f"A{number}{n}", Grant("administrator")) for n in range(2)]
        for person in pe.list_people(store, two[0]):
            if person.has("administrator") and person not in two:
                pe.set_grants(store, two[0], person.id, [Grant("reader")])

        def remove(pair: tuple[int, int], two=two) -> None:
            with suppress(Conflict, Forbidden):
                pe.set_grants(store, two[pair[0]], two[pair[1]].id, [])

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(remove, [(0, 1), (1, 0)]))
        left = [p for p in pe.list_people(store, team.cai) if p.has("administrator")]
        assert left
        pe.set_grants(store, left[0], team.admin.id, [Grant("administrator")])


class TestSessions:
    def test_a_session_ends_when_it_is_idle(self, store: Store, team: Team, clock: Clock):
        token = pe.start_session(store, team.ana)
        for _ in range(3):
            clock.advance(hours=11)
            assert pe.find_session(store, token) == team.ana
        clock.advance(hours=12, seconds=1)
        assert pe.find_session(store, token) is None

    def test_a_session_ends_after_a_week(self, store: Store, team: Team, clock: Clock):
        token = pe.start_session(store, team.ana)
        for _ in range(7 * 4):
            assert pe.find_session(store, token)
            clock.advance(hours=6)
        clock.advance(seconds=1)
        assert pe.find_session(store, token) is None

    def test_what_ends_a_session(self, store: Store, team: Team):
        def changed(change) -> bool:
            token = pe.start_session(store, team.ana)
            other = pe.start_session(store, team.kei)
            assert pe.find_session(store, token)
            change(token)
            assert pe.find_session(store, other)
            return pe.find_session(store, token) is None

        admin, ana = team.admin, team.ana
        assert changed(lambda token: pe.end_session(store, token))
        assert changed(lambda token: pe.end_all_sessions(store, ana))
        assert changed(lambda token: pe.end_all_sessions(store, admin, ana.id))
        assert changed(lambda token: pe.set_grants(store, admin, ana.id, ana.grants))
        new = "another good one"
        assert changed(lambda token: pe.change_password(store, ana, PASSWORD, new))
        link = pe.reset_link(store, admin, ana.id)
        assert changed(lambda token: pe.accept(store, link, password=PASSWORD))
        assert changed(lambda token: pe.deactivate(store, admin, ana.id))
        with pytest.raises(Forbidden):
            pe.start_session(store, ana)

    def test_no_secret_is_stored(self, store: Store, team: Team):
        secrets = [pe.start_session(store, team.ana), pe.create_token(store, team.ana, "t")]
        secrets.append(pe.invite(store, team.admin, [Grant("reader")]))
        with store.read() as connection:
            stored = "".join(
                repr(connection.execute(sa.text(f"SELECT * FROM {table}")).all())
                for table in ("sessions", "tokens", "invitations", "people", "history")
            )
        assert not [secret for secret in (*secrets, PASSWORD) if secret in stored]

    @pytest.mark.parametrize("nonsense", ["", "x", "\0", "\ud800", "' OR 1=1 --"])
    def test_nonsense_finds_nobody(self, store: Store, team: Team, nonsense: str):
        assert pe.find_session(store, nonsense) is None
        assert pe.find_token(store, nonsense) is None


class TestTokens:
    def test_a_token_acts_for_its_owner_until_it_ends(self, store: Store, team: Team, clock: Clock):
        secret = pe.create_token(store, team.ana, "form", days=3)
        assert pe.find_token(store, secret) == team.ana
        [token] = pe.list_tokens(store, team.ana)
        assert (token.label, token.used) == ("form", clock.time)
        clock.advance(days=3)
        assert pe.find_token(store, secret) is None

    def test_a_token_can_be_revoked_by_its_owner_and_an_administrator(
        self, store: Store, team: Team
    ):
        for revoker in (team.ana, team.admin):
            secret = pe.create_token(store, team.ana, "form")
            [token] = pe.list_tokens(store, team.ana)
            with pytest.raises(NotFound):
                pe.revoke_token(store, team.ben, token.id)
            pe.revoke_token(store, revoker, token.id)
            assert pe.find_token(store, secret) is None

    def test_a_token_ends_with_its_owner(self, store: Store, team: Team):
        secret = pe.create_token(store, team.ana, "form")
        pe.deactivate(store, team.admin, team.ana.id)
        assert pe.find_token(store, secret) is None
        pe.reactivate(store, team.admin, team.ana.id)
        assert pe.find_token(store, secret) is None

    @pytest.mark.parametrize("days", [0, 367])
    def test_a_token_has_an_end(self, store: Store, team: Team, days: int):
        with pytest.raises(Invalid):
            pe.create_token(store, team.ana, "form", days)


def refuse(store: Store, name: str, password: str = "wrong password", client: str = "c") -> str:
    with pytest.raises((Forbidden, TooMany)) as caught:
        pe.log_in(store, name, password, client)
    return type(caught.value).__name__


class TestLogIn:
    def test_wrong_name_and_wrong_password_answer_alike(self, store: Store, team: Team):
        pe.deactivate(store, team.admin, team.ben.id)
        answers = set()
        for name, password in (("Ana", "wrong password"), ("Nobody", PASSWORD), ("Ben", PASSWORD)):
            with pytest.raises(Forbidden) as caught:
                pe.log_in(store, name, password, "c")
            answers.add(str(caught.value))
        assert len(answers) == 1

    def test_an_unknown_name_costs_the_same_hashing(
        self, store: Store, team: Team, monkeypatch: pytest.MonkeyPatch
    ):
        calls = []
        verify = PasswordHasher.verify
        monkeypatch.setattr(
            PasswordHasher, "verify", lambda s, h, p: (calls.append(h[:27]), verify(s, h, p))[1]
        )
        for name in ("Ana", "Nobody", "no@body", "\0", "\ud800"):
            calls.clear()
            refuse(store, name)
            assert calls == ["$argon2id$v=19$m=8,t=1,p=1$"]

    def test_waits_grow_after_five_failures(self, store: Store, team: Team, clock: Clock):
        assert {refuse(store, "Ana", client="") for _ in range(5)} == {"Forbidden"}
        waits = []
        for _ in range(9):
            with pytest.raises(TooMany) as caught:
                pe.log_in(store, "ana", PASSWORD, "elsewhere")  # not even with the right one
            waits.append(caught.value.wait)
            clock.advance(seconds=caught.value.wait)
            refuse(store, "Ana", client="")
        assert waits[:4] == [16, 31, 61, 121]
        assert waits[-1] == 901
        assert pe.log_in(store, "Ben", PASSWORD, "c")
        clock.advance(minutes=15)
        assert pe.log_in(store, "Ana", PASSWORD, "c")
        assert refuse(store, "Ana") == "Forbidden"

    def test_a_client_that_tries_many_names_waits_too(self, store: Store, team: Team, clock: Clock):
        answers = [refuse(store, f"name {n}") for n in range(101)]
        assert answers == ["Forbidden"] * 100 + ["TooMany"]
        assert pe.log_in(store, "Ana", PASSWORD, "another client")
        with pytest.raises(TooMany):
            pe.log_in(store, "Ana", PASSWORD, "c")
        clock.advance(hours=24, seconds=1)
        assert pe.log_in(store, "Ana", PASSWORD, "c")

    def test_an_account_of_ones_own_does_not_wipe_out_failures(self, store: Store, team: Team):
        answers = []
        for number in range(102):
            answers.append(refuse(store, f"name {number}"))
            if answers[-1] == "Forbidden" and number < 99:
                pe.log_in(store, "Ana", PASSWORD, "c")
        assert "TooMany" in answers

    def test_guesses_at_the_same_moment_are_counted(self, store: Store, team: Team):
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: refuse(store, "Ana"), range(24)))
        assert answers.count("Forbidden") == 5

    def test_a_guessed_old_password_counts(self, store: Store, team: Team):
        for _ in range(5):
            with pytest.raises(Forbidden):
                pe.change_password(store, team.ana, "wrong password", "a new password")
        with pytest.raises(TooMany):
            pe.change_password(store, team.ana, PASSWORD, "a new password")

    def test_the_real_cost_is_not_lowered_by_accident(self, new_database):
        from pinchtune.store import open_store

        opened = open_store(new_database("sqlite"))
        hasher = opened.hasher
        assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (2, 19 * 1024, 1)
        found_team(opened)
        assert pe.log_in(opened, "Ana", PASSWORD, "c").name == "Ana"
        opened.close()


def test_a_language_of_the_pages_can_be_chosen(store: Store, team: Team):
    assert pe.set_locale(store, team.ana, "ja").locale == "ja"
    with pytest.raises(Invalid):
        pe.set_locale(store, team.ana, "../x")
