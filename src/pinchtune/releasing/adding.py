"""Making a version: copied, hashed, and renamed into place when it is whole.

The files are copied, never linked: a later run of the same arm can write into the very file that
a hard link would share. What was copied is compared with what the arm's manifest promises, so an
arm that changes meanwhile is refused. Until the last rename there is only a hidden folder, which
goes when something fails, or with the next `add` if the process was killed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pinchtune.errors import RunError, UsageError
from pinchtune.files import UNFINISHED, name_write_errors, sync_folder, write_json
from pinchtune.releasing.locking import locked, try_lock
from pinchtune.releasing.names import check_name
from pinchtune.releasing.registry import Registry, now
from pinchtune.releasing.version import EVIDENCE, MANIFEST, MODEL, Version, read_version, seal_of

_CHUNK = 2**20


def add_version(
    registry: Registry,
    name: str,
    model: Path,
    promised: Mapping[str, str | None],
    evidence: Mapping[str, Path | bytes],
    facts: Mapping[str, Any],
) -> Version:
    """Return the new version `name` of the arm in the folder `model`.

    `promised` has the arm's files with their SHA-256 (None: whatever it is); `evidence` the
    further files, by their name; `facts` what version.json says beside the hashes.
    """
    check_free(registry, name)
    with _unfinished_folder(registry, name) as folder:
        files = {}
        for file, digest in promised.items():
            found = _copy(model / file, folder / MODEL / file)
            if digest not in (None, found):
                raise RunError(f"{model / file}: is not what was tuned; run `pinch train` again")
            files[f"{MODEL}/{file}"] = found
        for file, content in evidence.items():
            files[f"{EVIDENCE}/{file}"] = _copy(content, folder / EVIDENCE / file)
        manifest = {"name": name, "made": now(), **facts, "files": dict(sorted(files.items()))}
        write_json(folder / MANIFEST, {**manifest, "seal": seal_of(manifest)})
        for path in (*filter(Path.is_dir, folder.rglob("*")), folder):
            sync_folder(path)
        return _put_in_place(registry, name, folder)


def check_free(registry: Registry, name: str) -> None:
    """Raise UsageError unless a version can have this name."""
    place = registry.folder / check_name(name)
    if os.path.lexists(place):
        raise UsageError(f"{place}: is there already; versions never change, so take another name")
    if any(event.get("version") == name for event in registry.history()):
        raise UsageError(f"a version {name} was there before and was removed; take another name")


def _put_in_place(registry: Registry, name: str, folder: Path) -> Version:
    with locked(registry.folder):
        check_free(registry, name)
        with name_write_errors(registry.folder / name):
            folder.rename(registry.folder / name)
        sync_folder(registry.folder)
        registry.catch_up()
    return read_version(registry.folder / name)


def _copy(source: Path | bytes, target: Path) -> str:
    """Write a file's content to `target`, on the disk when this returns; return its SHA-256."""
    digest = hashlib.sha256()
    with name_write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            for part in _chunks(source):
                digest.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
    return digest.hexdigest()


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    try:
        with source.open("rb") as file:
            while part := file.read(_CHUNK):
                yield part
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunError(f"{source}: cannot be read ({reason}); check the file") from error


@contextmanager
def _unfinished_folder(registry: Registry, name: str) -> Iterator[Path]:
    """Yield a hidden folder that nobody sweeps away while this process lives."""
    with locked(registry.folder):
        sweep(registry.folder)
        with name_write_errors(registry.folder):
            made = tempfile.mkdtemp(prefix=f".{name}.", suffix=UNFINISHED, dir=registry.folder)
        folder, held = Path(made), ExitStack()
        held.enter_context(_hold(folder))
    with held:
        try:
            folder.chmod(0o755)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what killed processes left; the caller holds the lock of the registry."""
    for left in folder.glob(f".*{UNFINISHED}"):
        if not left.is_dir() or left.is_symlink():
            left.unlink(missing_ok=True)
            continue
        with _hold(left) as is_left:
            if is_left:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _hold(folder: Path) -> Iterator[bool]:
    """Lock a folder in the block; yields False if a living process holds it."""
    if os.name == "nt":  # folders cannot be opened there
        yield True
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield try_lock(handle)
    finally:
        os.close(handle)
