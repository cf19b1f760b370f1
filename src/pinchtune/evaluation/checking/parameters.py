"""What a checker takes: kinds of parameters, and the sentence for a value that is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pinchtune.config import ENGLISH
from pinchtune.data.values import name_kind
from pinchtune.errors import DataError, UsageError
from pinchtune.languages import SCRIPTS, get_language

Parameters = Mapping[str, Any]


class Kind(NamedTuple):
    """One kind of parameter."""

    about: str
    """What it is, as in `give a whole number`."""
    accepts: Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_language(value: Any) -> bool:
    try:
        return _is_text(value) and bool(get_language(value))
    except UsageError:
        return False


def choice(names: Iterable[str]) -> Kind:
    """Return the kind of one of a few names."""
    known = tuple(names)
    # A value of JSON may be a list, which no set can look up.
    return Kind(f"one of {', '.join(known)}", lambda value: value in known)


COUNT = Kind("a whole number, 0 or more", _is_count)
TEXT = Kind("a text that is not empty", _is_text)
TEXTS = Kind('a list of texts, such as ["invoice"]', _is_texts)
LANGUAGE = Kind(f"the code of a language, such as {ENGLISH}", _is_language)
SCRIPT = choice(sorted(SCRIPTS))
BOUNDS = {"at_least": COUNT, "at_most": COUNT, "exactly": COUNT}


def check_parameters(
    name: str, given: Parameters, required: Mapping[str, Kind], optional: Mapping[str, Kind]
) -> None:
    """Raise DataError, with the parameter as its field, if `given` does not fit."""
    kinds = {**required, **optional}
    for key, value in given.items():
        if key not in kinds:
            takes = f"it takes {', '.join(kinds)}" if kinds else "it takes none"
            raise DataError(f"is no parameter of {name}; {takes}", field=key)
        if not kinds[key].accepts(value):
            shown = f"{value!r}" if isinstance(value, str | int | float) else name_kind(value)
            raise DataError(f"is {shown}; give {kinds[key].about}", field=key)
    for key, kind in required.items():
        if key not in given:
            raise DataError(f"is missing in {name}; give {kind.about}", field=key)


def check_bounds(name: str, given: Parameters, needed: bool) -> None:
    """Raise DataError if bounds are needed and missing, or if no count could keep them."""
    if needed and BOUNDS.keys().isdisjoint(given):
        raise DataError(f"are missing in {name}; give one of them", field=", ".join(BOUNDS))
    if "exactly" in given and len(BOUNDS.keys() & given.keys()) > 1:
        raise DataError("stands beside another bound; remove one", field="exactly")
    if given.get("at_least", 0) > given.get("at_most", float("inf")):
        raise DataError("is more than at_most; correct one of the two", field="at_least")


def within(count: int, given: Parameters) -> bool:
    """Return True if `count` keeps the bounds that are given."""
    low = given.get("exactly", given.get("at_least", 0))
    high = given.get("exactly", given.get("at_most", count))
    return bool(low <= count <= high)
