"""The real command line in this process, and what it leaves on the disk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pinchtune.cli.main import main
from pinchtune.files import hash_file


class Told(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str


Pinch = Callable[..., Told]


@pytest.fixture
def pinch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pinch:
    """Run `pinch` with these words and return what it said; whatever it raises is a traceback."""

    def run(*words: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["pinch", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Told(code, *capsys.readouterr())

    return run


@pytest.fixture
def look() -> Callable[[Path], dict[str, str]]:
    """Return {path: hash} of all that a folder holds, hidden files and empty folders too."""

    def look(folder: Path) -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): hash_file(path) if path.is_file() else "folder"
            for path in sorted(folder.rglob("*"))
        }

    return look
