"""The registry: versions by name, the pointers to them, and the record of changes.

A pointer's file holds the whole change that made it, and it is replaced in one step; the line of
history follows. If the process dies between the two, the next change writes the line first. So
the pointer is always right, and the history is complete as soon as anybody writes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pinchtune.errors import DataError, RunError, UsageError
from pinchtune.files import read_json, sync_folder, write_json
from pinchtune.records import content_hash
from pinchtune.releasing.base import find_base_problems
from pinchtune.releasing.history import append_event, read_history
from pinchtune.releasing.locking import locked
from pinchtune.releasing.names import KINDS, Kind, check_kind, check_name, is_name
from pinchtune.releasing.people import Person
from pinchtune.releasing.version import MANIFEST, Version, find_problems, read_version

PROMOTE, ROLLBACK = "promote", "rollback"


def now() -> str:
    """Return the time as records keep it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Registry:
    """The versions of one project."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.history_path = self.folder / "history.jsonl"

    def names(self) -> list[str]:
        """Return the names of all versions, damaged ones too."""
        found = self.folder.glob(f"*/{MANIFEST}")
        return sorted(path.parent.name for path in found if is_name(path.parent.name))

    def path(self, name: str) -> Path:
        """Return a version's folder; UsageError if it is unknown or no name of a version."""
        if check_name(name) not in self.names():
            known = ", ".join(self.names()) or "none yet; make one with `pinch versions add`"
            raise UsageError(f"there is no version {name!r}; there are: {known}")
        return self.folder / name

    def get(self, name: str) -> Version:
        """Return a version; UsageError if it is unknown, or its version.json is damaged."""
        return read_version(self.path(name))

    def verify(self, name: str) -> list[str]:
        """Return what is wrong with a version, a sentence each; empty if it is as released.

        The base model that an adapter is laid on counts as part of it.
        """
        problems = find_problems(self.path(name))
        with suppress(DataError):
            version = self.get(name)
            problems += find_base_problems(version.method, version.facts.get("base_facts", {}))
        return problems

    def pointer_path(self, kind: str) -> Path:
        """Return the file of a pointer; whoever follows it looks at the file's state."""
        return self.folder / f"{check_kind(kind)}.json"

    def pointer(self, kind: str) -> str | None:
        """Return the name of the version that `production` or `candidate` points to."""
        name = self.read_pointer(kind).get("version")
        return None if name is None else str(name)

    def read_pointer(self, kind: str) -> dict[str, Any]:
        """Return the change that set a pointer; empty if it was never set."""
        path = self.pointer_path(kind)
        if not path.exists():
            return {}
        try:
            found = read_json(path)
            if found["version"] is None or is_name(found["version"]):
                return dict(found)
        except (DataError, LookupError, TypeError, ValueError):
            pass
        raise DataError(
            f"is damaged; name a version: pinch versions rollback NAME --of {kind}", path
        )

    def predecessors(self, kind: str) -> list[str]:
        """Return the versions that a pointer named before today's, the oldest first.

        A version that was left by a rollback is none of them.
        """
        known = set(self.names())
        return [name for name in self.last_change(kind).get("previous", []) if name in known]

    def named_before(self, kind: str) -> set[str]:
        """Return every version that a pointer ever named, as far as it is known."""
        told = {event.get("version") for event in self.history() if event.get("pointer") == kind}
        return {str(name) for name in told if name} | set(self.predecessors(kind))

    def last_change(self, kind: str) -> dict[str, Any]:
        """Return the change that set a pointer, from the history if its file is damaged."""
        try:
            return self.read_pointer(kind)
        except DataError:
            events = read_history(self.history_path)
            return next((e for e in reversed(events) if e.get("pointer") == kind), {})

    def history(self) -> list[dict[str, Any]]:
        """Return all changes, the oldest first, also one that a killed process did not record."""
        events = read_history(self.history_path)
        return [*events, *self._unrecorded(events)]

    def point(
        self,
        kind: Kind,
        version: Version | None,
        action: str,
        by: Person,
        why: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Let a pointer name a version that was verified, or none; return the change."""
        with locked(self.folder):
            if version is not None and self.get(version.name).seal != version.seal:
                raise RunError(f"{version.path}: was changed meanwhile; run the command again")
            name = version.name if version else None
            change = {
                "version": name,
                "since": now(),
                "by": by.name,
                "why": why,
                "action": action,
                "pointer": kind,
                **self._came_from(kind, name, action),
                "person": by.to_json(),
                **(facts or {}),
            }
            change["id"] = content_hash(change)
            self.record(change, self.pointer_path(kind))
        return change

    def _came_from(self, kind: Kind, name: str | None, action: str) -> dict[str, Any]:
        """Return what the pointer named before, and the way back from what it names next."""
        old, way = self.last_change(kind).get("version"), self.predecessors(kind)
        if action == ROLLBACK:
            way = way[: way.index(name)] if name in way else way
        elif old in self.names() and old != name:
            way = [*(other for other in way if other != name), old]
        return {"from": old, "previous": way}

    def note(self, event: Mapping[str, Any]) -> None:
        """Write something that changes no pointer into the history."""
        with locked(self.folder):
            noted = {**event, "since": now()}
            self.record({**noted, "id": content_hash(noted)})

    def record(self, event: dict[str, Any], path: Path | None = None) -> None:
        """Write an event, to a pointer's file too if it has one; the caller holds the lock."""
        self.catch_up()
        if path is not None:
            write_json(path, event)
            sync_folder(self.folder)
        append_event(self.history_path, event)
        sync_folder(self.folder)

    def catch_up(self) -> None:
        """Write into the history what is done and not recorded; the caller holds the lock."""
        for missing in self._unrecorded(read_history(self.history_path)):
            append_event(self.history_path, missing)
        sync_folder(self.folder)

    def _unrecorded(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the changes that are made, but not in the history: a process died in between."""
        known = {event.get("id") for event in events}
        missing = (change for change in self._changes() if change.get("id") not in known)
        return sorted(missing, key=lambda change: str(change.get("since")))

    def _changes(self) -> Iterator[dict[str, Any]]:
        """Yield the newest change of each pointer and the making of each version."""
        for name in self.names():
            try:
                version = read_version(self.folder / name)
            except DataError:
                continue
            yield added_event(version)
        for kind in KINDS:
            try:
                change = self.read_pointer(kind)
            except DataError:
                continue
            if change:
                yield change


def added_event(version: Version) -> dict[str, Any]:
    """Return the line of history on a version that was added."""
    facts = version.facts
    return {
        "version": version.name,
        "since": facts["made"],
        "by": facts["tuned_by"]["name"],
        "why": facts.get("note", ""),
        "action": "add",
        "person": facts["tuned_by"],
        "id": version.seal,
    }
