"""People who may do different things, a clock that obeys, and a cheap way to hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pinchtune.store import Grant, Person, Store
from pinchtune.store import people as pe
from throwaway import CHEAP as CHEAP

PASSWORD = "correct horse battery"


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **parts: float) -> None:
        self.time += timedelta(**parts)


@dataclass(frozen=True)
class Team:
    """One person of each kind."""

    admin: Person
    ana: Person
    """Author of Spanish."""
    ben: Person
    """Author and approver of Spanish."""
    cai: Person
    """Approver of Spanish."""
    kei: Person
    """Author and approver of Japanese."""
    ron: Person
    """Reader of everything."""


def join(store: Store, admin: Person, name: str, *grants: Grant) -> Person:
    token = pe.invite(store, admin, grants, name)
    return pe.accept(store, token, name, PASSWORD)


def found_team(store: Store) -> Team:
    token = pe.bootstrap(store)
    assert token
    admin = pe.accept(store, token, "Ada", PASSWORD)
    spanish = Grant("author", "es"), Grant("approver", "es")
    return Team(
        admin,
        join(store, admin, "Ana", spanish[0]),
        join(store, admin, "Ben", *spanish),
        join(store, admin, "Cai", spanish[1]),
        join(store, admin, "Kei", Grant("author", "ja"), Grant("approver", "ja")),
        join(store, admin, "Ron", Grant("reader")),
    )
