"""pinch doctor: what this machine has, what the project has, and what will be slow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from pinchtune.config import CONFIG_NAME
from pinchtune.errors import PinchError
from pinchtune.stages.data import list_data
from pinchtune.stages.project import LIBRARIES, Project

MATRIX_FLOPS = 2 * 1024**3
"""Operations of the timed matrix product."""
SLOW_FLOPS = 50e9
"""Below this rate tuning the embedded model takes hours rather than minutes."""


class Fact(NamedTuple):
    """One line of the examination."""

    name: str
    value: str
    advice: str = ""
    """What to do about it; empty if all is well."""


def doctor(folder: str | Path = ".") -> list[Fact]:
    """Return the facts of this machine and, if `folder` is a project, of its model and data."""
    facts = [*_machine(), *libraries()]
    if (Path(folder) / CONFIG_NAME).is_file():
        facts += _project(Path(folder))
    return facts


def _machine() -> list[Fact]:
    import torch

    from pinchtune.model.embedded import cache_folder
    from pinchtune.model.load import bf16_gain, pick_device, pick_dtype, time_matmul

    device = pick_device("auto")
    rate = MATRIX_FLOPS / time_matmul(pick_dtype("auto", device)) if device == "cpu" else 0.0
    slow = (
        "tuning will take hours; use a smaller dose of work or a GPU" if rate < SLOW_FLOPS else ""
    )
    free = shutil.disk_usage(_existing(cache_folder())).free / 2**30
    memory = _memory_gib()
    return [
        Fact("device", device),
        Fact("processors", f"{os.cpu_count()} (threads used: {torch.get_num_threads()})"),
        Fact("memory", f"{memory:.1f} GiB", "" if memory >= 6 else "tuning needs about 4 GiB free"),
        Fact("dtype", f"{pick_dtype('auto', device)} (bfloat16 {bf16_gain():.1f}x float32)"),
        *([Fact("matrix rate", f"{rate / 1e9:.0f} GFLOP/s", slow)] if device == "cpu" else []),
        Fact("disk free", f"{free:.1f} GiB", "" if free >= 3 else "free at least 3 GiB"),
        Fact("cache", str(cache_folder())),
    ]


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def libraries(installed: Callable[[str], str] = version) -> list[Fact]:
    """Return the versions of what pinchtune stands on, with advice where it asks for another."""
    asked = _asked_for()
    facts = []
    for name in LIBRARIES:
        wanted = f"pip install '{name}{asked.get(name, '')}'"
        try:
            found = installed(name)
        except PackageNotFoundError:
            facts.append(Fact(name, "missing", wanted))
            continue
        fits = name not in asked or asked[name].contains(found, prereleases=True)
        facts.append(
            Fact(name, found, "" if fits else f"pinchtune needs another version: {wanted}")
        )
    return facts


def _asked_for() -> dict[str, SpecifierSet]:
    """Return which versions of other libraries pinchtune asks for."""
    found = [Requirement(line) for line in requires("pinchtune") or ()]
    return {one.name: one.specifier for one in found}


def _project(folder: Path) -> list[Fact]:
    from pinchtune.model.embedded import resolve_base

    try:
        project = Project.open(folder)
    except PinchError as error:
        return [Fact("pinch.toml", "not valid", str(error))]
    facts: list[Fact] = []
    try:
        facts.append(Fact("model", resolve_base(project.config.model.base)))
        sets: dict[str, Any] = list_data(project)
    except PinchError as error:
        return [*facts, Fact("project", "not ready", str(error))]
    for name, found in sets.items():
        languages = ", ".join(f"{code} {n}" for code, n in found["languages"].items())
        way = f"add some: pinch data import FILE --into {name}"
        if name == "pinch" and project.collects:
            way = "have some approved: pinch collect status"
        advice = "" if found["examples"] else way
        facts.append(Fact(f"data.{name}", f"{found['examples']} examples: {languages}", advice))
    return facts
