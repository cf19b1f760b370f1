"""What a pinch cost, what that brings, and what another step would.

Facts and prices go in, one record comes out. Every line of it says where its amount is from:
`measured` (counted by pinchtune) or `assumed` (pinch.toml says how long it is thought to take).
Prices are always the user's; what has no price has no money. Not counted: the English base set,
whoever runs pinchtune, and what a model costs in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pinchtune.advice.ledger import (
    Basis,
    Facts,
    Line,
    Total,
    WhatIf,
    Work,
    add_up,
    per_point,
    price_of,
)
from pinchtune.advice.whatif import what_if
from pinchtune.advice.worth import Range, Return, Worth, monthly, share_out, weigh
from pinchtune.config import CostsConfig


@dataclass(frozen=True)
class Costs:
    """The whole record."""

    currency: str
    lines: tuple[Line, ...]
    total: Total
    worth: Worth
    per_point: Range | None
    """Money for each point; None without all prices, or without a gain."""
    hours_per_point: Range | None
    back: Return | None
    """None unless enquiries and minutes are given: then no return is claimed."""
    months: Range | None
    """Until the money has come back."""
    minutes: Mapping[str, tuple[float, Basis]]
    """For each example `writing` and `approving` take so long in the what-if table."""
    what_if: tuple[WhatIf, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        found: dict[str, Any] = _plain(self.__dict__)
        return found


def _plain(value: Any) -> Any:
    """Return named tuples and tuples as JSON has them, numbers rounded."""
    if isinstance(value, float):
        return round(value, 4)
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value


def count_costs(facts: Facts, config: CostsConfig) -> Costs:
    """Return what the pinch cost and brings."""
    lines = tuple(_lines(facts, config))
    total = add_up(lines)
    codes = [row["code"] for row in facts.scores["languages"]]
    worth = weigh(facts.scores, share_out(config, facts.mined, codes))
    back = monthly(worth.points, config)
    minutes = usual_minutes(facts.work, config)
    taken = {name: value for name, (value, _) in minutes.items()}
    return Costs(
        currency=config.currency,
        lines=lines,
        total=total,
        worth=worth,
        per_point=per_point(worth.points, total.money),
        hours_per_point=per_point(worth.points, total.hours),
        back=back,
        months=per_point(back.money, total.money) if back and back.money else None,
        minutes=minutes,
        what_if=tuple(what_if(facts, config, lines, worth, taken)),
    )


def _lines(facts: Facts, config: CostsConfig) -> Iterator[Line]:
    """Yield the lines of what was done, without those that are empty."""
    own = [work for work in facts.work if work.language not in config.translated]
    yield from _people("writing", _written(own), config.writing_minutes, config.hourly_rate)
    bought = [work for work in facts.work if work.language in config.translated]
    if bought:
        examples = sum(work.examples for work in bought)
        money = sum(work.examples * price_of(work.language, config) for work in bought)
        yield Line("translating", examples, "examples", "measured", examples, money)
    decided = _decided(facts.work)
    yield from _people("approving", decided, config.approving_minutes, config.hourly_rate)
    yield from _machines(facts, config)


class _Done(NamedTuple):
    """Things that were done: how many, how many of them were seen, and the hours of these."""

    number: int
    seen: int
    hours: float


def _written(work: Sequence[Work]) -> _Done:
    counts = (sum(w.examples for w in work), sum(w.examples_seen for w in work))
    return _Done(*counts, sum(w.writing for w in work))


def _decided(work: Sequence[Work]) -> _Done:
    counts = (sum(w.decisions for w in work), sum(w.decisions_seen for w in work))
    return _Done(*counts, sum(w.approving for w in work))


def _people(name: str, done: _Done, minutes: float, rate: float | None) -> Iterator[Line]:
    """Yield the hours that were seen, and those that are assumed for what was not."""
    unseen = done.number - done.seen
    parts: list[tuple[Basis, int, float]] = [("measured", done.seen, done.hours)]
    parts.append(("assumed", unseen, unseen * minutes / 60))
    for basis, about, hours in parts:
        if hours:
            money = None if rate is None else hours * rate
            yield Line(name, hours, "hours", basis, about, money)


def _machines(facts: Facts, config: CostsConfig) -> Iterator[Line]:
    if facts.computing is not None:
        rate = config.machine_rate
        money = None if rate is None else facts.computing * rate
        yield Line("computing", facts.computing, "hours", "measured", 0, money)
    if facts.requests:
        yield Line("judging", facts.requests, "requests", "measured", 0, facts.judging)


def usual_minutes(work: Sequence[Work], config: CostsConfig) -> dict[str, tuple[float, Basis]]:
    """Return how long writing and approving one takes: as measured, or else as assumed."""
    own = [w for w in work if w.language not in config.translated]
    pairs = {
        "writing": (_written(own), config.writing_minutes),
        "approving": (_decided(work), config.approving_minutes),
    }
    return {
        name: (60 * done.hours / done.seen, "measured") if done.seen else (usual, "assumed")
        for name, (done, usual) in pairs.items()
    }
