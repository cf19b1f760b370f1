"""Which two to four languages to collect in, so that all that must work are stood for.

The score of a set S is

    mean over the languages that must work of max over j in S of likeness(i, j)
    + known_weight * mean over S of how well the base knows j
    + enquiry_weight * share of the enquiries that are in S
    - cost_weight * what is still to be paid for S, over what the dearest would cost

and every part lies between 0 and 1. All sets are scored; of equals, the first by code comes
first. The weights are options (`[advise]`): a preference, not a measurement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.advice.facts import LanguageFacts
from pinchtune.config import AdviseConfig
from pinchtune.errors import UsageError
from pinchtune.languages import get_language

Array = NDArray[np.float64]
SIZES = (2, 3, 4)
"""Languages of a set: in the paper, two to four bring most of the gain."""
AT_ONCE = 20_000
"""Sets that are scored at a time."""
DIGITS = 9
"""Decimals of a score that count."""
RELATED = 0.5
"""Likeness of two branches of one family, where the same branch is 1."""


class Part(NamedTuple):
    """What one language of a set is there for."""

    code: str
    stands_for: tuple[tuple[str, str], ...]
    """(language that must work, why it is closest): `same`, `script`, `branch`, `family`,
    `model` (the base lays them close) or `rest`."""
    missing: int
    """Examples that its pool lacks for an even share of the dose."""


@dataclass(frozen=True)
class Choice:
    """One set with its score and the parts of it."""

    codes: tuple[str, ...]
    score: float
    coverage: float
    known: float
    enquiries: float
    cost: float
    parts: tuple[Part, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        rounded = {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}
        return {**rounded, "parts": [part._asdict() for part in self.parts]}


class Closeness(NamedTuple):
    """How close the base model lays languages: MEXA of each pair, NaN where unmeasured."""

    codes: tuple[str, ...]
    values: Array

    def of(self, a: str, b: str) -> float:
        """Return the value of a pair; NaN if it was not measured."""
        if a not in self.codes or b not in self.codes:
            return float("nan")
        return float(self.values[self.codes.index(a), self.codes.index(b)])


def likeness(a: str, b: str, closeness: Closeness, config: AdviseConfig) -> float:
    """Return how alike two languages are, 0 to 1; what is unmeasured is left out of the mean."""
    if a == b:
        return 1.0
    model = closeness.of(a, b)
    rest = 0.0 if np.isnan(model) else 1 - config.script_share - config.family_share
    total = config.script_share + config.family_share + rest
    same = config.script_share * _same_script(a, b) + config.family_share * _related(a, b)
    return (same + (rest * model if rest else 0.0)) / total if total else 0.0


def _same_script(a: str, b: str) -> float:
    return float(get_language(a).scripts[0] == get_language(b).scripts[0])


def _related(a: str, b: str) -> float:
    first, second = get_language(a), get_language(b)
    if first.family == second.family:
        return 1.0
    return RELATED if first.stock == second.stock else 0.0


def likenesses(
    must: Sequence[str], candidates: Sequence[str], closeness: Closeness, config: AdviseConfig
) -> Array:
    """Return the likeness of each language that must work with each candidate."""
    return np.array([[likeness(i, j, closeness, config) for j in candidates] for i in must])


def rank_sets(
    must: Sequence[str],
    candidates: Sequence[str],
    facts: Mapping[str, LanguageFacts],
    closeness: Closeness,
    config: AdviseConfig,
    dose: int,
    keep: int = 5,
) -> dict[int, list[Choice]]:
    """Return the best `keep` sets of each size, best first, with their parts."""
    codes = sorted(set(candidates))
    if not must:
        raise UsageError("languages: none but English is to work; name the others")
    if len(codes) < SIZES[0]:
        raise UsageError(
            f"advise.candidates: {len(codes)} languages are left to choose from, and at least "
            f"{SIZES[0]} are needed; name more languages"
        )
    like = likenesses(must, codes, closeness, config)
    worth = _Worth.of(codes, facts, dose)
    found = {}
    for size in SIZES:
        ranked = sorted(
            (c for part in _score(codes, like, worth, size, config, keep) for c in part),
            key=lambda c: (-c.score, c.codes),
        )[:keep]
        if ranked:
            found[size] = [_explain(c, must, codes, like, worth, closeness) for c in ranked]
    return found


def best_set(ranked: Mapping[int, Sequence[Choice]]) -> Choice:
    """Return the best of all sizes; of equals the smaller, then the first by code."""
    return min((c for row in ranked.values() for c in row), key=_order)


def _order(choice: Choice) -> tuple[float, int, tuple[str, ...]]:
    return -choice.score, len(choice.codes), choice.codes


class _Worth(NamedTuple):
    """What each candidate is worth by itself."""

    known: Array
    enquiries: Array
    costs: Array
    pool: NDArray[np.int64]
    dose: int

    @classmethod
    def of(cls, codes: Sequence[str], facts: Mapping[str, LanguageFacts], dose: int) -> _Worth:
        rows = [facts.get(code, LanguageFacts(code)) for code in codes]
        measured = [row.knowledge for row in rows if row.knowledge is not None]
        # What nobody measured counts as much as the mean of the others: neither for nor against.
        middle = sum(measured) / len(measured) if measured else 0.5
        asked = np.array([float(row.enquiries or 0) for row in rows])
        total = sum(row.enquiries or 0 for row in facts.values())
        return cls(
            np.array([middle if row.knowledge is None else row.knowledge for row in rows]),
            asked / total if total else asked,
            np.array([row.cost for row in rows]),
            np.array([row.examples for row in rows], np.int64),
            dose,
        )

    def missing(self, size: int) -> NDArray[np.int64]:
        """Return how many examples each candidate lacks for its share of the dose."""
        share = -(-self.dose // size)
        return np.maximum(0, share - self.pool)


def _score(
    codes: Sequence[str], like: Array, worth: _Worth, size: int, config: AdviseConfig, keep: int
) -> Iterator[list[Choice]]:
    """Yield the best sets of each block of sets."""
    dearest = worth.costs.max() * max(1, worth.dose)
    prices = worth.costs * worth.missing(size) / dearest
    sets = combinations(range(len(codes)), size)
    while block := list(islice(sets, AT_ONCE)):
        rows = np.array(block)
        parts = np.stack(
            [
                like[:, rows].max(axis=2).mean(axis=0),
                worth.known[rows].mean(axis=1),
                worth.enquiries[rows].sum(axis=1),
                np.minimum(1.0, prices[rows].sum(axis=1)),
            ]
        )
        weights = [1.0, config.known_weight, config.enquiry_weight]
        scores = np.round(np.array([*weights, -config.cost_weight]) @ parts, DIGITS)
        # Sets come in the order of their codes, and the sort is stable.
        for_now = np.argsort(-scores, kind="stable")[:keep]
        yield [
            Choice(tuple(codes[j] for j in block[k]), float(scores[k]), *parts[:, k].tolist())
            for k in for_now
        ]


def _explain(
    choice: Choice,
    must: Sequence[str],
    codes: Sequence[str],
    like: Array,
    worth: _Worth,
    closeness: Closeness,
) -> Choice:
    columns = [codes.index(code) for code in choice.codes]
    nearest = np.argmax(np.round(like[:, columns], DIGITS), axis=1)
    missing = worth.missing(len(columns))
    parts = []
    for place, (code, column) in enumerate(zip(choice.codes, columns, strict=True)):
        stands = [must[i] for i in np.flatnonzero(nearest == place).tolist()]
        why = tuple((other, _why(code, other, closeness)) for other in stands)
        parts.append(Part(code, why, int(missing[column])))
    return Choice(**{**choice.__dict__, "parts": tuple(parts)})


CLOSE = 0.3
"""MEXA of two languages from which the model is said to lay them close."""


def _why(code: str, other: str, closeness: Closeness) -> str:
    if code == other:
        return "same"
    related = _related(code, other)
    if related:
        return "branch" if related == 1 else "family"
    if _same_script(code, other):
        return "script"
    return "model" if closeness.of(code, other) >= CLOSE else "rest"
