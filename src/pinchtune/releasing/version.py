"""A version as it lies on the disk: read from version.json, and checked file by file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pinchtune.errors import DataError, PinchError
from pinchtune.files import hash_file, read_json
from pinchtune.records import content_hash

MANIFEST = "version.json"
MODEL, EVIDENCE = "model", "evidence"
_HASHERS = 4
"""Files that are hashed at the same time: a large model has several."""


@dataclass(frozen=True)
class Version:
    """A released arm."""

    name: str
    path: Path
    """Its folder."""
    base: str
    """Base model, as pinch.toml named it."""
    method: str
    """`lora`: an adapter on the base; `full`: all weights."""
    files: Mapping[str, str]
    """SHA-256 of every file, by its path in the folder."""
    seal: str
    """Hash of version.json's content: names this very release."""
    facts: Mapping[str, Any] = field(repr=False)
    """Everything that version.json says."""

    @property
    def model_path(self) -> Path:
        """Folder that transformers, peft and vLLM load."""
        return self.path / MODEL

    @property
    def evidence_path(self) -> Path:
        """Folder with what was known when it was released."""
        return self.path / EVIDENCE

    @property
    def verdict(self) -> str:
        """Verdict of the decision; empty if there is none about this arm."""
        return str((self.facts.get("decision") or {}).get("verdict", ""))


def seal_of(facts: Mapping[str, Any]) -> str:
    """Return the hash of what version.json says, its own hash left out."""
    return content_hash({key: value for key, value in facts.items() if key != "seal"})


def read_version(folder: Path) -> Version:
    """Return the version in `folder`; DataError if version.json is not what was written."""
    path = folder / MANIFEST
    try:
        facts = read_json(path)
        is_whole = facts["seal"] == seal_of(facts)
    except (DataError, LookupError, TypeError, AttributeError) as error:
        raise DataError("is missing, cut off or damaged; restore it from a backup", path) from error
    if not is_whole:
        raise DataError("was changed after it was written; restore it from a backup", path)
    if facts["name"] != folder.name:
        raise DataError(f"is of version {facts['name']!r}; rename the folder back", path)
    base, method, files, seal = (facts[key] for key in ("base", "method", "files", "seal"))
    return Version(folder.name, folder, base, method, files, seal, facts)


def find_problems(folder: Path) -> list[str]:
    """Return what is wrong with a version, a sentence each; empty if it is as released."""
    try:
        files = read_version(folder).files
        found = dict(_walk(folder))
    except (PinchError, OSError) as error:
        return [str(error)]
    problems = [f"{folder / name}: is missing" for name in sorted(set(files) - set(found))]
    for name in sorted(set(found) - set(files) - {MANIFEST}):
        problems.append(f"{folder / name}: does not belong to the version")
    return problems + _find_changed(folder, {n: files[n] for n in files if n in found})


def _find_changed(folder: Path, files: Mapping[str, str]) -> list[str]:
    def check(name: str) -> str:
        path = folder / name
        try:
            # Looked at itself: what a link leads to can change without a trace here.
            if not stat.S_ISREG(path.lstat().st_mode):
                return f"{path}: is a link or a device, not a file"
            return "" if hash_file(path) == files[name] else f"{path}: is not what was released"
        except OSError as error:
            return f"{path}: cannot be read ({(error.strerror or str(error)).lower()})"

    with ThreadPoolExecutor(_HASHERS) as pool:
        return [problem for problem in pool.map(check, sorted(files)) if problem]


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (path in the folder, path) of all that lies in it and is no folder."""

    def fail(error: OSError) -> None:
        raise error

    for top, folders, names in os.walk(folder, onerror=fail):
        links = [name for name in folders if (Path(top) / name).is_symlink()]
        for name in (*names, *links):
            path = Path(top) / name
            yield path.relative_to(folder).as_posix(), path
