"""API keys: made once, shown once, kept as hashes.

A key is 256 random bits, so its plain SHA-256 cannot be guessed back. The file is read again when
it changes: a new key works, and a revoked one does not, without a restart. Where there were keys
nobody gets in without one again, whatever happens to the file.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinchtune.errors import DataError, UsageError
from pinchtune.files import read_json, write_json
from pinchtune.releasing.locking import locked
from pinchtune.serving.errors import ApiError
from pinchtune.serving.stamps import Stamp, stamp_of

if TYPE_CHECKING:
    from pinchtune.stages.project import Project

PREFIX = "pinch-"
_NAME = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_LONGEST_NAME = 64
_log = logging.getLogger("pinchtune.serving")


@dataclass(frozen=True)
class Holder:
    """Whoever a key was made for."""

    name: str
    digest: str
    """SHA-256 of the key."""
    made: str
    """When, in UTC."""


ANYBODY = Holder("", "", "")
"""Who asks where there are no keys."""


def keys_file(project: Project) -> Path:
    """Return where a project's keys are kept."""
    return project.folder / project.config.serve.keys


class Keys:
    """The keys of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: Stamp | None = None
        self._holders: tuple[Holder, ...] = ()
        self._closed = False

    @property
    def needed(self) -> bool:
        """True if a key is asked for: from the first one on, even if all are gone."""
        self._read()
        return self._closed

    def holders(self) -> tuple[Holder, ...]:
        """Return who has a key."""
        self._read()
        return self._holders

    def find(self, header: str | None) -> Holder:
        """Return who sends this Authorization header; ApiError 401 if it holds no key of ours."""
        try:
            if not self.needed:
                return ANYBODY
        except (DataError, OSError) as error:
            _log.error("the API keys cannot be read, so nobody may ask: %s", error)
            raise ApiError(503, "the API keys cannot be read now", "no_keys") from error
        scheme, _, key = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise ApiError(401, "an API key is needed: Authorization: Bearer …", "missing_api_key")
        digest = _hash(key.strip())
        # Every hash is looked at, and each in constant time.
        found = [h for h in self._holders if hmac.compare_digest(h.digest, digest)]
        if not found:
            raise ApiError(401, "the API key is not known, or was revoked", "invalid_api_key")
        return found[0]

    def make(self, name: str) -> str:
        """Make a key and return it: it is kept nowhere."""
        if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} cannot name a key; use letters, digits, and single . _ -")
        key = PREFIX + secrets.token_urlsafe(32)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        with locked(self.path.parent):
            known = self.holders()
            if any(holder.name == name for holder in known):
                raise UsageError(
                    f"{name} has a key already; revoke it first, or choose another name"
                )
            self._write((*known, Holder(name, _hash(key), made)))
        return key

    def revoke(self, name: str) -> None:
        """Take a key back; UsageError if nobody has that name."""
        with locked(self.path.parent):
            known = self.holders()
            left = tuple(holder for holder in known if holder.name != name)
            if len(left) == len(known):
                names = ", ".join(holder.name for holder in known) or "none"
                raise UsageError(f"there is no key {name!r}; there are: {names}")
            self._write(left)

    def _write(self, holders: tuple[Holder, ...]) -> None:
        write_json(self.path, {"keys": [asdict(holder) for holder in holders]})

    def _read(self) -> None:
        """Read the file again if it has changed."""
        stamp = stamp_of(self.path)
        self._closed = self._closed or stamp is not None
        if stamp != self._stamp:
            if stamp is None:
                _log.error("%s is gone: nobody may ask until it is back", self.path)
            self._holders = _parse(read_json(self.path), self.path) if stamp else ()
            self._stamp = stamp


def _parse(value: Any, path: Path) -> tuple[Holder, ...]:
    try:
        holders = tuple(Holder(**row) for row in value["keys"])
        # What is no ASCII text cannot be compared in constant time.
        if not all(field.isascii() for holder in holders for field in astuple(holder)):
            raise ValueError
    except (TypeError, LookupError, AttributeError, ValueError) as error:
        raise DataError("holds no API keys; restore it, or remove it", path) from error
    return holders


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
