"""What a pinch cost, what that brings, and what another step would.

Facts and prices go in, one record comes out. Every line of it says where its amount is from:
`measured` (counted by pinchtune) or `assumed` (pinch.toml says how long it is thought to take).
Prices are always the user's; what has no price has no money. Not counted: the English base set,
whoever runs pinchtune, and what a model costs in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pinchtune.advice.plan import Plan, Step, plan_next
from pinchtune.advice.worth import Json, Range, Return, Worth, monthly, share_out, weigh
from pinchtune.config import CostsConfig
from pinchtune.errors import UsageError

Basis = Literal["measured", "assumed"]
MORE_LANGUAGES = 2
"""Languages that the what-if table adds."""


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
    return Costs(
        currency=config.currency,
        lines=lines,
        total=total,
        worth=worth,
        per_point=_per_point(worth.points, total.money),
        hours_per_point=_per_point(worth.points, total.hours),
        back=back,
        months=_per_point(back.money, total.money) if back and back.money else None,
        minutes=minutes,
        what_if=tuple(_what_if(facts, config, lines, worth, minutes)),
    )


def _per_point(points: Range | None, amount: float | None) -> Range | None:
    return None if points is None or amount is None else points.divide(amount)


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


def _what_if(
    facts: Facts,
    config: CostsConfig,
    lines: Sequence[Line],
    worth: Worth,
    minutes: Mapping[str, tuple[float, Basis]],
) -> Iterator[WhatIf]:
    plan = _plan(facts)
    run = [line for line in lines if line.name in ("computing", "judging")]
    price = _Pricer(config, {name: value for name, (value, _) in minutes.items()}, run)
    if plan and plan.usual:
        for name, steps in _steps(plan, worth).items():
            counts = {step.code: step.examples for step in steps}
            yield price.tell(name, counts, _gain(steps, worth), config.translated)
    if config.translation and facts.pinch:
        yield price.tell("translated", facts.pinch, worth.points, tuple(facts.pinch))


def _plan(facts: Facts) -> Plan | None:
    try:
        return plan_next(facts.scores, facts.pinch, seed=facts.seed)
    except UsageError:
        return None


def _steps(plan: Plan, worth: Worth) -> dict[str, list[Step]]:
    """Return the steps of each row: all tuned languages, and the untuned ones that add most."""
    shares = worth.shares.of

    def adds(step: Step) -> float:
        return shares.get(step.code, 0.0) * (step.gain.value if step.gain else 1.0)

    seen = [step for step in plan.steps if step.have]
    new = [step for step in plan.steps if not step.have and shares.get(step.code)]
    new = sorted(new, key=lambda step: (-round(adds(step), 6), step.code))[:MORE_LANGUAGES]
    return {name: rows for name, rows in (("twice", seen), ("languages", new)) if rows}


def _gain(steps: Sequence[Step], worth: Worth) -> Range | None:
    """Return the points that steps add; their ranges are added up, which is wide."""
    gains = [step.gain for step in steps if step.gain is not None]
    if len(gains) < len(steps):
        return None
    shares = [worth.shares.of.get(step.code, 0.0) for step in steps]
    parts = [[n * bound for bound in gain[:3]] for n, gain in zip(shares, gains, strict=True)]
    value, low, high = (sum(column) for column in zip(*parts, strict=True))
    return Range(value, low, high)


class _Pricer(NamedTuple):
    """What examples cost, and one more run with them."""

    config: CostsConfig
    minutes: Mapping[str, float]
    run: Sequence[Line]

    def tell(
        self,
        name: str,
        counts: Mapping[str, int],
        points: Range | None,
        bought: Sequence[str],
    ) -> WhatIf:
        """Return a row for examples by language, those in `bought` at the prices given."""
        examples = sum(counts.values())
        own = sum(n for code, n in counts.items() if code not in bought)
        hours = (own * self.minutes["writing"] + examples * self.minutes["approving"]) / 60
        paid = sum(n * price_of(c, self.config) for c, n in counts.items() if c in bought)
        rate, run = self.config.hourly_rate, add_up(self.run).money
        money = None if rate is None or run is None else hours * rate + paid + run
        each, back = _per_point(points, money), monthly(points, self.config)
        return WhatIf(name, tuple(counts), examples, Total(hours, money), points, each, back)
