"""The records of costs: what the files of a project say, the lines of a bill, and a next step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from pinchtune.advice.worth import Json, Range, Return
from pinchtune.config import CostsConfig

Basis = Literal["measured", "assumed"]


class Work(NamedTuple):
    """What people did for the examples of one language."""

    language: str
    examples: int
    """Examples that were handed in."""
    examples_seen: int = 0
    """Those on whose writing time was measured."""
    writing: float = 0.0
    """Hours measured."""
    decisions: int = 0
    """Approvals and returns."""
    decisions_seen: int = 0
    """Those on which time was measured."""
    approving: float = 0.0
    """Hours measured."""


class Facts(NamedTuple):
    """What the files of a project say."""

    scores: Json
    """Content of scores.json."""
    pinch: Mapping[str, int]
    """Examples of the pinch by language."""
    work: tuple[Work, ...]
    computing: float | None
    """Hours of tuning and answering; None if they were not recorded."""
    requests: int
    """Questions to a model as judge."""
    judging: float
    """Money that these cost."""
    mined: Mapping[str, int] | None
    """Enquiries by language; None if none were mined."""
    seed: int = 0


class Line(NamedTuple):
    """One thing that was paid for, in time or in money."""

    name: str
    """`writing`, `approving`, `translating`, `computing` or `judging`."""
    amount: float
    unit: str
    """`hours`, `examples` or `requests`."""
    basis: Basis
    about: int
    """Examples or decisions that it is about; 0 where it is about none."""
    money: float | None
    """None where no price is given."""


class Total(NamedTuple):
    """The lines together."""

    hours: float
    """Of people."""
    money: float | None
    """None if a line has no price."""


class WhatIf(NamedTuple):
    """Another way, or a next step: all of it is assumed."""

    name: str
    """`twice`, `languages` or `translated`."""
    codes: tuple[str, ...]
    examples: int
    cost: Total
    points: Range | None
    """Of a hundred enquiries; None where nothing can be said."""
    per_point: Range | None
    back: Return | None


def add_up(lines: Sequence[Line]) -> Total:
    """Return the hours of people, and the money if every line has a price."""
    people = ("writing", "approving")
    money = [line.money for line in lines if line.money is not None]
    whole = sum(money) if len(money) == len(lines) else None
    return Total(sum(line.amount for line in lines if line.name in people), whole)


def price_of(code: str, config: CostsConfig) -> float:
    """Return the price of a translated example; of a language without one the mean of all."""
    prices = config.translation
    return prices.get(code, sum(prices.values()) / len(prices) if prices else 0.0)


def per_point(points: Range | None, amount: float | None) -> Range | None:
    """Return what an amount comes to for each point; None where one of the two is not known."""
    return None if points is None or amount is None else points.divide(amount)
