"""A dozen prompts with what the model said to them, and whether it still says so.

Two computations of the same weights are not the same numbers: another processor, number format
or library adds in another order. So the cost of the reference responses may differ by a little,
and an answer may differ where the model was undecided between two tokens. Other weights differ
by far more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from pinchtune.errors import DataError
from pinchtune.records import Example

COUNT = 12
"""Prompts of a smoke evaluation."""


class Tolerance(NamedTuple):
    """How far two computations of the same weights may be apart."""

    bits: float
    """Difference of bits per byte in a language, as a share."""
    drift: float
    """Mean difference of the cost of one reference, up or down, as a share."""
    gap: float
    """How undecided the model must be where its answer changes: nats between the two tokens."""
    ties: float
    """Share of the answers that may change in this way."""


ROUNDED = Tolerance(bits=0.02, drift=0.005, gap=0.25, ties=0.9)
"""Weights in bfloat16, or computed in it: three digits, so sums of hundreds of products move."""
EIGHT_BITS = Tolerance(bits=0.02, drift=0.01, gap=0.5, ties=0.9)
"""Weights of eight bits, 32 of which share a scale."""
EXACT = Tolerance(bits=1e-4, drift=1e-4, gap=1e-3, ties=0.1)
"""The same number format on the same machine."""


@dataclass(frozen=True)
class Probe:
    """One prompt, and what a model said to it."""

    prompt: Mapping[str, Any]
    """The evaluation example as a row."""
    prompt_ids: tuple[int, ...]
    """The prompt as tokens, as the model got it."""
    ids: tuple[int, ...]
    """The greedy answer as tokens, cut at some length."""
    answer: str
    """The same as text."""
    bits: float
    """Cost of the reference response; 0 without one."""
    size: int
    """Its length in bytes; 0 without one."""

    @property
    def language(self) -> str:
        """Language of the prompt."""
        return str(self.prompt["language"])

    def to_row(self) -> dict[str, Any]:
        """Return the JSON row of smoke.jsonl."""
        return asdict(self)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Probe:
        """Return the probe of a row; DataError if it is none."""
        try:
            return cls(**{**row, **{k: tuple(row[k]) for k in ("prompt_ids", "ids")}})
        except (LookupError, TypeError) as error:
            raise DataError("is no stored answer of a smoke evaluation") from error


class Compared(NamedTuple):
    """Probes of one language, before and after."""

    language: str
    prompts: int
    same: int
    """Answers that are the same, token for token."""
    ties: int
    """Answers that differ only from a place on where the model was undecided."""
    bits_before: float
    """Bits per byte of the references; 0 without any."""
    bits_after: float
    gap: float
    """How undecided the model was at worst where an answer differs, in nats; 0 if none does."""


@dataclass(frozen=True)
class Comparison:
    """All languages, and what is wrong."""

    languages: tuple[Compared, ...]
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as records keep it."""
        rows = [row._asdict() for row in self.languages]
        return {"languages": rows, "problems": list(self.problems)}

    def text(self) -> str:
        """Return one line: how many answers are the same."""
        total, same, ties = (
            sum(getattr(row, name) for row in self.languages)
            for name in ("prompts", "same", "ties")
        )
        line = f"{same} of {total} answers are the same"
        return line + (f", {ties} differ where the model was undecided" if ties else "")


def choose_prompts(
    prompts: Sequence[Example], groups: Iterable[Sequence[str]], count: int = COUNT
) -> list[Example]:
    """Return `count` prompts, the groups of languages in turn, and in a group its languages."""
    queues = [_in_turn([[e for e in prompts if e.language == c] for c in g]) for g in groups]
    return _in_turn(queues)[:count]


def _in_turn(queues: Sequence[Sequence[Example]]) -> list[Example]:
    longest = max(map(len, queues), default=0)
    return [queue[i] for i in range(longest) for queue in queues if i < len(queue)]


def first_difference(one: Sequence[int], other: Sequence[int]) -> int | None:
    """Return the place of the first token that differs; None if no token does.

    An answer that was cut agrees with a longer one as far as it goes.
    """
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), None)


def compare(
    before: Sequence[Probe],
    after: Sequence[Probe],
    gaps: Mapping[int, float],
    tolerance: Tolerance,
) -> Comparison:
    """Return how far a model still says the same; `gaps` by the index of answers that differ."""
    by_language: dict[str, list[int]] = defaultdict(list)
    for i, probe in enumerate(before):
        by_language[probe.language].append(i)
    rows, problems = [], []
    for code, index in by_language.items():
        here = {i: gaps[i] for i in index if i in gaps}
        changed = [i for i, gap in here.items() if gap > tolerance.gap]
        problems += [_other_answer(before[i], after[i], gaps[i]) for i in changed]
        rows.append(
            Compared(
                code,
                prompts=len(index),
                same=len(index) - len(here),
                ties=len(here) - len(changed),
                bits_before=_bits_per_byte([before[i] for i in index]),
                bits_after=_bits_per_byte([after[i] for i in index]),
                gap=max(here.values(), default=0.0),
            )
        )
        problems += _other_numbers(rows[-1], tolerance)
        if any(before[i].prompt_ids != after[i].prompt_ids for i in index):
            problems.append(f"{code}: a prompt is cut into other tokens")
    if len(gaps) > tolerance.ties * len(before):
        problems.append(f"{len(gaps)} of {len(before)} answers differ, too many for rounding")
    if (drift := _drift(before, after)) > tolerance.drift:
        problems.append(f"a reference costs {drift:.1%} more or less on average".replace("%", " %"))
    return Comparison(tuple(rows), tuple(problems))


def _other_numbers(row: Compared, tolerance: Tolerance) -> list[str]:
    if abs(row.bits_after - row.bits_before) <= tolerance.bits * row.bits_before:
        return []
    costs = f"{row.bits_after:.4f} bits per byte, not {row.bits_before:.4f}"
    return [f"{row.language}: the references cost {costs}"]


def _drift(before: Sequence[Probe], after: Sequence[Probe]) -> float:
    shares = [abs(b.bits / a.bits - 1) for a, b in zip(before, after, strict=True) if a.bits]
    return sum(shares) / len(shares) if shares else 0.0


def _bits_per_byte(probes: Sequence[Probe]) -> float:
    size = sum(probe.size for probe in probes)
    return sum(probe.bits for probe in probes) / size if size else 0.0


def _other_answer(before: Probe, after: Probe, gap: float) -> str:
    old, new = (" ".join(p.answer.split())[:60] for p in (before, after))
    return f"{before.language}: the answer is {new!r}, not {old!r} ({gap:.1f} nats apart)"
