"""Files that are either whole or not there: atomic writes, hashes, JSON lines, run folders.

A run folder holds `stage.json` from its first second (what it is being made from) and
`manifest.json` from its last (what was made, by hash). Only the manifest means complete.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from pinchtune.errors import DataError, MissingExtra, RunError

UNFINISHED = ".unfinished"
"""Ending of a file that is being written; one that stays was left by a killed process."""
MAX_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is refused: it is never an example, and reading it would fill the memory."""
_ZST_BYTES = 4096
"""Packed bytes that are unpacked at a time: few, since they can hold very much more."""
MAX_TEXT_BYTES = 1024 * 1024 * 1024
"""A longer text is not read whole: a small .gz file can hold more than the memory does."""


@contextmanager
def atomic_write(path: str | Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Yield a file that replaces `path` when the block succeeds and vanishes when it fails."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
    except OSError as error:
        raise _write_error(path, error) from error
    try:
        with os.fdopen(handle, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise _write_error(path, error) from error
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def name_write_errors(path: str | Path) -> Iterator[None]:
    """Turn what goes wrong in writing to `path` into a RunError that says what to do."""
    try:
        yield
    except OSError as error:
        raise _write_error(Path(path), error) from error


def _write_error(path: Path, error: OSError) -> RunError:
    if error.errno == errno.ENOSPC:
        return RunError(f"{path}: the disk is full; free some space and run the command again")
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return RunError(
            f"{path}: cannot be written (a file stands where a folder should be); move it away"
        )
    reason = (error.strerror or str(error)).lower()
    return RunError(f"{path}: cannot be written ({reason}); check the folder and its permissions")


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` atomically."""
    with atomic_write(path) as file:
        file.write(text)


def write_json(path: str | Path, value: object) -> None:
    """Write `value` as indented JSON, atomically."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_jsonl(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write `rows` as JSON lines, atomically, and return how many there were."""
    count = 0
    with atomic_write(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def append_line(path: str | Path, text: str) -> None:
    """Add one line to `path`, on the disk when this returns."""
    with name_write_errors(path), Path(path).open("ab") as file:
        file.write(f"{text}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: str | Path) -> None:
    """Bring the names in a folder to the disk: a rename survives a power cut only then."""
    if os.name == "nt":  # folders cannot be opened there
        return
    with name_write_errors(path):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def cut_lines(path: str | Path, most: int | None = None) -> list[str]:
    """Cut `path` back to its first `most` whole lines and return them; [] if it is not there.

    A half-written last line goes. Nothing is written anew, so a full disk loses nothing.
    """
    path = Path(path)
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")[:-1][:most]
    with name_write_errors(path), path.open("r+b") as file:
        file.truncate(sum(len(line) + 1 for line in lines))
    return [line.decode("utf-8") for line in lines]


def read_text(path: str | Path) -> str:
    """Return the text of a UTF-8 file, also .gz (a byte-order mark is dropped)."""
    with open_bytes(path) as file:
        data = file.read(MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        raise DataError("is longer than 1 GB; split the file", path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(Path(path), error) from error


def read_json(path: str | Path) -> Any:
    """Return the value of a JSON file."""
    path = Path(path)
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        message = f"is not valid JSON ({error.msg}); correct or remove the line"
        raise DataError(message, path, error.lineno) from error


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line) of a UTF-8 file, also .gz, without loading it whole."""
    path = Path(path)
    with open_bytes(path) as file:
        for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), 1):
            if len(raw) > MAX_LINE_BYTES:
                limit = MAX_LINE_BYTES // 2**20
                raise DataError(f"is longer than {limit} MB; split the file by lines", path, number)
            if b"\0" in raw:
                message = (
                    "holds binary data; expected text in UTF-8 (export the file as JSON Lines)"
                )
                raise DataError(message, path, number)
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise _not_utf8(path, error, number) from error


def read_jsonl(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) of a JSON Lines file; blank lines are skipped."""
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            reason = getattr(error, "msg", "nested too deeply")
            message = f"is not valid JSON ({reason}); correct or remove the line"
            raise DataError(message, path, number) from error
        if not isinstance(row, dict):
            kind = _json_kind(row)
            message = f"holds {kind} where an object {{…}} was expected; correct or remove the line"
            raise DataError(message, path, number)
        yield number, row


def _json_kind(value: object) -> str:
    kinds = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _not_utf8(path: Path, error: UnicodeDecodeError, line: int | None = None) -> DataError:
    return DataError(
        f"is not UTF-8 (byte {error.start}); save the file as UTF-8 and try again", path, line
    )


def check_file(path: str | Path) -> Path:
    """Return `path` if it is a readable file; raise DataError that says what it is otherwise."""
    path = Path(path)
    if path.is_dir():
        raise DataError("is a folder; name a file", path)
    if not path.exists():
        raise DataError("does not exist; check the name", path)
    if not path.is_file():
        raise DataError("is a pipe or a device; name an ordinary file", path)
    if not os.access(path, os.R_OK):
        raise DataError("cannot be read; check its permissions", path)
    return path


@contextmanager
def open_bytes(path: str | Path) -> Iterator[IO[bytes]]:
    """Yield `path` opened for reading; one that ends in .gz or .zst is unpacked on the way."""
    path = check_file(path)
    if path.suffix.lower() == ".zst":
        with _open_zst(path) as file:
            yield file
        return
    try:
        with path.open("rb") as file:
            yield (
                cast(IO[bytes], gzip.GzipFile(fileobj=file))
                if path.suffix.lower() == ".gz"
                else file
            )
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError("is not a whole gzip file; pack it again", path) from error


@contextmanager
def _open_zst(path: Path) -> Iterator[IO[bytes]]:
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtra("zstandard", "mine") from error
    try:
        with path.open("rb") as packed:
            yield cast(IO[bytes], io.BufferedReader(_Unpacked(packed)))
    except (zstandard.ZstdError, EOFError) as error:
        raise DataError("is not a whole zstd file; pack it again", path) from error


class _Unpacked(io.RawIOBase):
    """The bytes that a zstd file holds, in one frame or more; EOFError where it breaks off.

    The library's own reader ends a file that breaks off as if it were whole.
    """

    def __init__(self, packed: IO[bytes]) -> None:
        from zstandard import ZstdDecompressor

        self.packed, self.unpacker = packed, ZstdDecompressor()
        self.frame = self.unpacker.decompressobj()
        self.begun, self.ready, self.rest = False, b"", b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.ready:
            data = self.rest or self.packed.read(_ZST_BYTES)
            if not data:
                if self.begun:
                    raise EOFError
                return 0
            self.ready, self.rest, self.begun = self.frame.decompress(data), b"", True
            if self.frame.eof:
                self.rest, self.begun = self.frame.unused_data, False
                self.frame = self.unpacker.decompressobj()
        size = min(len(buffer), len(self.ready))
        buffer[:size], self.ready = self.ready[:size], self.ready[size:]
        return size


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of `data` as hex."""
    return hashlib.sha256(data).hexdigest()


def hash_file(path: str | Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_tree(folder: str | Path, patterns: Iterable[str] = ("*",)) -> dict[str, str]:
    """Return {relative path: SHA-256} of the files in `folder` that match a glob pattern."""
    folder = Path(folder)
    found = {p for pattern in patterns for p in folder.rglob(pattern) if p.is_file()}
    return {p.relative_to(folder).as_posix(): hash_file(p) for p in sorted(found)}


class RunFolder:
    """One stage's output folder: made from a key, complete when its manifest stands.

    >>> run = RunFolder(path, key)
    >>> if not run.complete():
    ...     run.start()                  # keeps partial work made from the same key
    ...     ...                          # write files into run.path
    ...     run.finish({"rows": 40})     # manifest last
    """

    def __init__(self, path: str | Path, key: str) -> None:
        self.path, self.key = Path(path), key

    def manifest(self) -> dict[str, Any] | None:
        """Return the manifest, or None if the folder is not complete."""
        file = self.path / "manifest.json"
        value = read_json(file) if file.is_file() else None
        return value if isinstance(value, dict) else None

    def complete(self) -> bool:
        """True if the folder was made from this key and every file is as it was written."""
        manifest = self.manifest()
        if manifest is None or manifest.get("key") != self.key:
            return False
        files: dict[str, str] = manifest["files"]
        return all(
            (self.path / name).is_file() and hash_file(self.path / name) == digest
            for name, digest in files.items()
        )

    def start(self) -> None:
        """Make the folder ready; partial work from another key is removed."""
        marker = self.path / "stage.json"
        same = marker.is_file() and read_json(marker).get("key") == self.key
        if self.path.is_dir() and (not same or (self.path / "manifest.json").is_file()):
            with name_write_errors(self.path):
                # The manifest goes first, so that a half-removed folder never looks complete.
                (self.path / "manifest.json").unlink(missing_ok=True)
                shutil.rmtree(self.path)
        for left in self.path.rglob(f"*{UNFINISHED}"):
            left.unlink()
        write_json(marker, {"key": self.key})

    def finish(self, facts: Mapping[str, Any], drop: Sequence[str] = ()) -> dict[str, Any]:
        """Write the manifest (facts, key, hash of every file) and return it.

        Timings are no part of it: the same work has the same manifest, however long it took.
        Files to `drop` are what a killed run goes on from; they go once the manifest stands.
        """
        hidden = ("stage.json", "manifest.json", "timings.json", *drop)
        files = {k: v for k, v in hash_tree(self.path).items() if k not in hidden}
        manifest = {**facts, "key": self.key, "files": files}
        write_json(self.path / "manifest.json", manifest)
        for name in drop:
            (self.path / name).unlink(missing_ok=True)
        return manifest
