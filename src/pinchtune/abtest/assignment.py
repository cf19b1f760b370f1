"""Who gets which arm: a salted hash of user and language, so that it is the same each time.

The salt is a file of the test that nobody else may read. Without it nobody can tell who a hash
stands for, or guess who will get what.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from pinchtune.abtest.plan import Plan
from pinchtune.files import name_write_errors

_HEX, _RANGE = 16, 2.0**64


def make_salt(path: Path) -> None:
    """Write a new salt that the owner alone may read."""
    with name_write_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))


def assigned_arm(plan: Plan, salt: bytes, user: str, language: str) -> str:
    """Return the arm of a user who takes part."""
    place = int(_digest(salt, "arm", language, user)[:_HEX], 16) / _RANGE
    return plan.arms[0] if place < plan.split else plan.arms[1]


def toss(salt: bytes, *what: str) -> bool:
    """Return the side of a coin that falls the same each time, and that only the salt knows."""
    return int(_digest(salt, "toss", *what)[:_HEX], 16) % 2 == 1


def hide_user(salt: bytes, user: str) -> str:
    """Return what stands for a user in the journal."""
    return _digest(salt, "user", user)[:_HEX]


def _digest(salt: bytes, *parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.new(salt, text, hashlib.sha256).hexdigest()
