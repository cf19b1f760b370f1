"""Who did something, as far as it can be known.

A name that is given on a command line is a statement, not a proof: whoever can write the files
can write any name. What is checked is that the statements differ, and the account of the machine
stands beside each, so that a later reader can tell.
"""

from __future__ import annotations

import getpass
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pinchtune.data.markdown import one_line
from pinchtune.errors import UsageError

LONGEST, LONGEST_REASON = 120, 2000
"""Most characters of a name, and of a reason."""


@dataclass(frozen=True)
class Person:
    """Somebody who acts on versions."""

    name: str
    """As stated, or as the project's database of people spells it."""
    account: str = ""
    """Account of the machine under which the command ran."""
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
    """Return the name of this process's account, its number if it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"account {os.getuid()}" if hasattr(os, "getuid") else "unknown account"


def state_person(name: str = "", id: str = "", option: str = "--by") -> Person:
    """Return the person of this name, of the account if none is given; UsageError without any."""
    account = account_name()
    stated = state_text(name or account, option, LONGEST)
    if not stated:
        raise UsageError(f"{option}: is empty; name the person")
    return Person(stated, account, id)


def state_text(text: str, option: str, longest: int = LONGEST_REASON) -> str:
    """Return what a person wrote into an option, as one line that can be stored and printed."""
    line = one_line(text)
    if any(unicodedata.category(c) == "Cs" for c in line):
        raise UsageError(f"{option}: holds characters that are no text; write it in UTF-8")
    if len(line) > longest:
        raise UsageError(f"{option}: is longer than {longest} characters; shorten it")
    return line


def is_same(one: Person, other: Person) -> bool:
    """Return True if two statements name the same person."""
    return bool(one.id and one.id == other.id) or _fold(one.name) == _fold(other.name)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
