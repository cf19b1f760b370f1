r"""Regular expressions over Unicode properties (`\p{Han}`), compiled once.

The library is loaded at the first pattern, not at import: the command line starts without it.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def compile_pattern(pattern: str, ignore_case: bool = False) -> Any:
    """Return the pattern of the library `regex`, with its set operations."""
    import regex

    return regex.compile(pattern, regex.V1 | (regex.I if ignore_case else 0))
