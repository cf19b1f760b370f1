"""Who did something, as far as it can be known.

A name that is given on a command line is a statement, not a proof: whoever can write the files
can write any name. What is checked is that the statements differ, and the account of the machine
stands beside each, so that a later reader can tell.
"""

from __future__ import annotations

import getpass
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pinchtune.errors import UsageError

LONGEST = 120


@dataclass(frozen=True)
class Person:
    """Somebody who acts on versions."""

    name: str
    """As stated, or as the project's database of people spells it."""
    account: str = ""
    """Account of the machine under which the command ran; empty if it has no name."""
    id: str = ""
    """Id in the project's database of people; empty if it knows nobody of this name."""

    def to_json(self) -> dict[str, str]:
        """Return the person as records keep it."""
        return asdict(self)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Person:
        """Return the person that a record names."""
        return cls(*(str(facts.get(key, "")) for key in ("name", "account", "id")))


def account_name() -> str:
    """Return the name of this process's account; empty if it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def state_person(name: str = "", id: str = "") -> Person:
    """Return the person of this name, of the account if none is given; UsageError without any."""
    account = account_name()
    stated = " ".join((name or account).split())
    if not stated or len(stated) > LONGEST or not stated.isprintable():
        raise UsageError(f"--by: expected a name of 1 to {LONGEST} printable letters; give one")
    return Person(stated, account, id)


def is_same(one: Person, other: Person) -> bool:
    """Return True if two statements name the same person."""
    return bool(one.id and one.id == other.id) or _fold(one.name) == _fold(other.name)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
