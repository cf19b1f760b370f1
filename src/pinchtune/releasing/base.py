"""The base model that an adapter is laid on: whether it is still the one that was tuned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pinchtune.errors import UsageError
from pinchtune.files import hash_file
from pinchtune.model.embedded import resolve_base

ADAPTER = "lora"


def find_base_problems(method: str, base: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the base model of a version, a sentence each.

    `base` is what the arm's manifest says of it. A base that comes from a hub has no hashes
    there, and nothing is said of it; a version with all its weights needs no base.
    """
    weights = base.get("weights") or {}
    if method != ADAPTER or not weights:
        return []
    try:
        folder = Path(resolve_base(base["base"]))
    except UsageError as error:
        return [str(error)]
    if not folder.is_dir():
        return [f"model.base: {base['base']}: is not on this machine any more; put it back"]
    return [
        f"{folder / name}: is not the base model that was tuned; put the old one back"
        for name, digest in weights.items()
        if not (folder / name).is_file() or hash_file(folder / name) != digest
    ]
