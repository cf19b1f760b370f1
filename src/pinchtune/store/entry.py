"""How a person enters: by name and password, by a session, by a token of the API.

Of every secret only a hash is stored. A wrong name and a wrong password answer alike and take
equally long. Failures are counted before the password is looked at, so that many guesses at
once are counted too.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from argon2.exceptions import InvalidHashError, VerificationError

from pinchtune.store import schema
from pinchtune.store.acting import (
    acting,
    check_length,
    fold,
    load_actor,
    load_people,
    new_id,
    note,
    refused,
)
from pinchtune.store.database import Store, serialise
from pinchtune.store.errors import Forbidden, Invalid, NotFound, TooMany
from pinchtune.store.records import Person, Token

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
"""A session ends after this time, used or not."""
SEEN_EVERY = timedelta(minutes=5)
"""How often the use of a session is written down."""
NAME_FAILURES, CLIENT_FAILURES = 5, 100
"""Failures before waits begin. A client can be a whole office behind one address, and an attempt
counts as a failure until it has succeeded."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=15)
FORGET = timedelta(hours=24)
"""Failures are forgotten after this time without another one."""
PASSWORD_LENGTHS = (10, 200)

_WRONG = "The name or the password is wrong."


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret that was drawn at random (a password is not)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_secret() -> str:
    """Return a fresh secret of 256 bits, safe in an address."""
    return secrets.token_urlsafe(32)


def log_in(store: Store, name: str, password: str, client: str = "") -> Person:
    """Return the person of this name or address of mail, if the password is theirs.

    `client` is where the attempt comes from (an address); failures are counted for both.
    """
    person = _check_password(store, name, password, client)
    with store.begin() as connection:
        note(connection, store.now(), person, "logged in", person)
        return load_people(connection, schema.people.c.id == person)[0]


def _check_password(store: Store, name: str, password: str, client: str) -> str:
    key = fold(name.strip())
    counters = _count_attempt(store, key, client)
    column = schema.people.c.email_key if "@" in key else schema.people.c.name_key
    # No stored key holds characters that cannot be stored, so such a name is unknown.
    found = None if _unstorable(key) else _find_password(store, column == key)
    right = _verify(store, found.password if found else store.nobody, password)
    if not found or not right or not found.active:
        raise Forbidden(_WRONG)
    _forgive(store, counters)
    return str(found.id)


def _unstorable(text: str) -> bool:
    try:
        schema.check_characters(text)
    except Invalid:
        return True
    return False


def _find_password(store: Store, condition: sa.ColumnElement[bool]) -> sa.Row[Any, Any, Any] | None:
    people = schema.people.c
    with store.read() as connection:
        query = sa.select(people.id, people.password, people.active).where(condition)
        return connection.execute(query).first()


def _verify(store: Store, password_hash: str, password: str) -> bool:
    if len(password) > PASSWORD_LENGTHS[1]:
        password = ""
    with store.hashing:
        try:
            return store.hasher.verify(password_hash, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False


def _count_attempt(store: Store, key: str, client: str) -> list[str]:
    """Count an attempt as a failure until it succeeds; refuse it while one has to wait."""
    limits = {hash_secret(f"name {key}"): NAME_FAILURES}
    if client:
        limits[hash_secret(f"client {client}")] = CLIENT_FAILURES
    attempts = schema.attempts
    with store.begin() as connection:
        serialise(connection, "attempts")
        now = store.now()  # not before: somebody who was let in first has a later time
        connection.execute(sa.delete(attempts).where(attempts.c.last < now - FORGET))
        rows = connection.execute(sa.select(attempts).where(attempts.c.key.in_(limits)))
        known = {row.key: row for row in rows}
        until = max((row.until for row in known.values()), default=now)
        if until > now:
            wait = int((until - now).total_seconds()) + 1
            raise TooMany("Too many attempts; try again in {wait} seconds.", wait=wait)
        for counter, limit in limits.items():
            count = known[counter].failures + 1 if counter in known else 1
            values = {"failures": count, "until": now + _wait(count, limit), "last": now}
            if counter in known:
                connection.execute(
                    sa.update(attempts).where(attempts.c.key == counter).values(values)
                )
            else:
                connection.execute(sa.insert(attempts).values(key=counter, **values))
    return [*limits]


def _wait(count: int, limit: int) -> timedelta:
    if count < limit:
        return timedelta()
    doubled: int = 2 ** min(count - limit, 20)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def _forgive(store: Store, counters: list[str]) -> None:
    """Forget the failures of the name, and of the client only this attempt.

    Somebody with an account of their own must not wipe out what they tried on others.
    """
    name, *client = counters
    attempts = schema.attempts
    with store.begin() as connection:
        connection.execute(sa.delete(attempts).where(attempts.c.key == name))
        connection.execute(
            sa.update(attempts)
            .where(attempts.c.key.in_(client))
            .values(failures=attempts.c.failures - 1, until=store.now())
        )


def hash_password(store: Store, password: str) -> str:
    """Return the argon2 hash of a new password, or refuse one that is too short."""
    schema.check_characters(password)
    least, most = PASSWORD_LENGTHS
    if not least <= len(password) <= most:
        raise Invalid(
            "A password has {least} to {most} characters; this one has {length}.",
            least=least,
            most=most,
            length=len(password),
        )
    with store.hashing:
        return store.hasher.hash(password)


def change_password(store: Store, actor: Person, old: str, new: str) -> None:
    """Give oneself a new password; ends all of one's sessions."""
    _check_password(store, actor.name, old, "")
    hashed = hash_password(store, new)
    with acting(store, actor) as act:
        act.connection.execute(
            sa.update(schema.people).where(schema.people.c.id == actor.id).values(password=hashed)
        )
        drop_sessions(act.connection, actor.id)
        act.note("changed the password", actor.id)


def start_session(store: Store, person: Person) -> str:
    """Return the secret of a new session."""
    secret, now = new_secret(), store.now()
    sessions = schema.sessions
    with store.begin() as connection:
        load_actor(connection, person)
        ended = sa.or_(sessions.c.seen < now - IDLE, sessions.c.created < now - LONGEST)
        connection.execute(sa.delete(sessions).where(ended))
        row = {"token": hash_secret(secret), "person": person.id, "created": now, "seen": now}
        connection.execute(sa.insert(sessions).values(row))
    return secret


def find_session(store: Store, token: str) -> Person | None:
    """Return the person of a session that has not ended."""
    sessions, now = schema.sessions, store.now()
    here = sessions.c.token == hash_secret(token)
    with store.read() as connection:
        row = connection.execute(sa.select(sessions).where(here)).first()
        if row is None or now - row.seen > IDLE or now - row.created > LONGEST:
            return None
        found = load_people(connection, schema.people.c.id == row.person)
    if not found[0].active:
        return None
    if now - row.seen > SEEN_EVERY:
        with store.begin() as connection:
            connection.execute(sa.update(sessions).where(here).values(seen=now))
    return found[0]


def end_session(store: Store, token: str) -> None:
    """End a session; one that is not there has ended already."""
    with store.begin() as connection:
        connection.execute(
            sa.delete(schema.sessions).where(schema.sessions.c.token == hash_secret(token))
        )


def end_all_sessions(store: Store, actor: Person, person: str = "") -> None:
    """End all sessions of oneself, or as an administrator those of another person."""
    with acting(store, actor) as act:
        if person and person != actor.id:
            act.need("administrator")
        drop_sessions(act.connection, person or actor.id)
        act.note("ended all sessions", person or actor.id)


def drop_sessions(connection: sa.Connection, person: str) -> None:
    """End all sessions of a person, inside a change."""
    connection.execute(sa.delete(schema.sessions).where(schema.sessions.c.person == person))


def create_token(store: Store, actor: Person, label: str, days: int = 90) -> str:
    """Return the secret of a new token of the API that acts for oneself."""
    check_length("label", label, 100)
    if not 1 <= days <= 366:
        raise Invalid("A token is valid for 1 to 366 days.")
    secret, id = new_secret(), new_id()
    with acting(store, actor) as act:
        row = {
            "id": id,
            "token": hash_secret(secret),
            "person": actor.id,
            "label": label,
            "created": act.now,
            "expires": act.now + timedelta(days=days),
        }
        act.connection.execute(sa.insert(schema.tokens).values(row))
        act.note("made a token", id, label=label)
    return secret


def find_token(store: Store, token: str) -> Person | None:
    """Return the person that a token of the API acts for."""
    tokens, now = schema.tokens, store.now()
    with store.read() as connection:
        query = sa.select(tokens).where(tokens.c.token == hash_secret(token))
        row = connection.execute(query).first()
        if row is None or row.expires <= now:
            return None
        person = load_people(connection, schema.people.c.id == row.person)[0]
    if not person.active:
        return None
    if row.used is None or now - row.used > SEEN_EVERY:
        with store.begin() as connection:
            connection.execute(sa.update(tokens).where(tokens.c.id == row.id).values(used=now))
    return person


def revoke_token(store: Store, actor: Person, id: str) -> None:
    """Make a token invalid: one's own, or as an administrator any."""
    with acting(store, actor) as act:
        query = sa.select(schema.tokens.c.person).where(schema.tokens.c.id == id)
        owner = act.connection.scalar(query)
        if owner is None or (owner != actor.id and not act.actor.has("administrator")):
            raise NotFound("There is no such token.")
        act.connection.execute(sa.delete(schema.tokens).where(schema.tokens.c.id == id))
        act.note("revoked a token", id)


def list_tokens(store: Store, actor: Person, person: str = "") -> list[Token]:
    """Return the tokens of oneself, or as an administrator those of another person."""
    tokens = schema.tokens.c
    with store.read() as connection:
        if person and person != actor.id and not load_actor(connection, actor).has("administrator"):
            raise refused("administrator")
        columns = (tokens.id, tokens.person, tokens.label, tokens.created)
        query = (
            sa.select(*columns, tokens.expires, tokens.used)
            .where(tokens.person == (person or actor.id))
            .order_by(tokens.created, tokens.id)
        )
        return [Token(*row) for row in connection.execute(query)]
