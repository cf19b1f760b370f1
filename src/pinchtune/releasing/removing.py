"""Taking away versions that nobody can need any more."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from pinchtune.errors import UsageError
from pinchtune.files import UNFINISHED, name_write_errors, sync_folder
from pinchtune.records import content_hash
from pinchtune.releasing.adding import sweep
from pinchtune.releasing.locking import locked
from pinchtune.releasing.people import Person
from pinchtune.releasing.registry import Registry, now
from pinchtune.releasing.rules import find_needless


def prune(registry: Registry, keep: int, by: Person, dry: bool = False) -> list[str]:
    """Remove the versions that nobody can need and return their names; if `dry`, only name them.

    The history keeps who removed what.
    """
    if keep < 1:
        raise UsageError(f"--keep {keep}: keep at least 1, or there is no way back")
    if dry:
        return find_needless(registry, keep)
    with locked(registry.folder):
        sweep(registry.folder)
        names = find_needless(registry, keep)
        for name in names:
            _remove(registry, name, by)
    return names


def _remove(registry: Registry, name: str, by: Person) -> None:
    event = {"version": name, "by": by.name, "why": "", "action": "prune", "since": now()}
    registry.record({**event, "person": by.to_json(), "id": content_hash(event)})
    with name_write_errors(registry.folder / name):
        # In one step: a version that is half removed would look like a damaged one.
        away = Path(tempfile.mkdtemp(UNFINISHED, f".{name}.", registry.folder))
        (registry.folder / name).rename(away)
        sync_folder(registry.folder)
        shutil.rmtree(away)
