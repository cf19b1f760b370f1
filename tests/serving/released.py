"""A registry for tests: versions are folders, pointers are files, and any can be damaged."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.errors import UsageError
from pinchtune.files import read_json, write_json


class Made(NamedTuple):
    name: str
    seal: str
    base: str
    model_path: Path


@dataclass
class Versions:
    folder: Path
    made: dict[str, Made] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)

    def add(self, name: str, model: Path) -> None:
        self.made[name] = Made(name, f"seal of {name}", str(model), model)

    def point(self, kind: str, name: str | None) -> None:
        write_json(self.pointer_path(kind), {"version": name})

    def pointer_path(self, kind: str) -> Path:
        return self.folder / f"{kind}.json"

    def pointer(self, kind: str) -> str | None:
        path = self.pointer_path(kind)
        return read_json(path)["version"] if path.exists() else None

    def get(self, name: str) -> Any:
        if name not in self.made:
            raise UsageError(f"there is no version {name}")
        return self.made[name]

    def verify(self, name: str) -> list[str]:
        return [f"{name}/model: is not what was released"] if name in self.damaged else []

    def touch(self, kind: str) -> None:
        os.utime(self.pointer_path(kind), ns=(1, 1))
