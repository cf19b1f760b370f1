"""Who may promote what, and which versions can go."""

from __future__ import annotations

from collections.abc import Sequence

from pinchtune.errors import DataError
from pinchtune.releasing.names import KINDS
from pinchtune.releasing.people import Person, is_same
from pinchtune.releasing.registry import Registry
from pinchtune.releasing.version import Version

GO = "go"


def find_objections(version: Version, by: Person) -> list[str]:
    """Return what speaks against promoting a version, a sentence each; empty if nothing does."""
    objections = []
    if version.verdict != GO:
        said = f"is {version.verdict}" if version.verdict else "is missing"
        objections.append(f"the decision on {version.name} {said}, and go is needed")
    if is_same(Person.of(version.facts["tuned_by"]), by):
        objections.append(f"{by.name} tuned it, and another person has to promote it")
    return objections


def remarks(version: Version, by: Person) -> list[str]:
    """Return what a reader of the record should know, though it forbids nothing."""
    tuned = Person.of(version.facts["tuned_by"])
    if by.account and by.account == tuned.account and not is_same(tuned, by):
        return [
            f"{tuned.name}, who tuned it, and {by.name} used the same account of the machine "
            f"({by.account}): the names are statements, not proofs"
        ]
    return []


def find_needless(registry: Registry, keep: int) -> list[str]:
    """Return the versions that nobody can need, the oldest first; DataError for a bad pointer.

    Kept are what the pointers name, for each pointer the last `keep` versions on its way back,
    and the `keep` newest of all: they may not have been promoted yet.
    """
    needed: set[str | None] = set(_by_age(registry)[-keep:])
    for kind in KINDS:
        needed |= {registry.pointer(kind), *registry.predecessors(kind)[-keep:]}
    return [name for name in _by_age(registry) if name not in needed]


def _by_age(registry: Registry) -> Sequence[str]:
    """Return the names of the versions by the time they were made; a damaged one counts as new.

    It may be what somebody wants to restore.
    """
    return sorted(registry.names(), key=lambda name: (_made(registry, name), name))


def _made(registry: Registry, name: str) -> str:
    try:
        return str(registry.get(name).facts["made"])
    except DataError:
        return "~"
