"""What another way, or a next step, would cost and bring: all of it estimated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pinchtune.advice.ledger import Facts, Line, Total, WhatIf, add_up, per_point, price_of
from pinchtune.advice.plan import Plan, Step, plan_next
from pinchtune.advice.worth import Range, Worth, monthly
from pinchtune.config import CostsConfig
from pinchtune.errors import UsageError

MORE_LANGUAGES = 2
"""Languages that the what-if table adds."""


def what_if(
    facts: Facts,
    config: CostsConfig,
    lines: Sequence[Line],
    worth: Worth,
    minutes: Mapping[str, float],
) -> Iterator[WhatIf]:
    """Yield the steps; `minutes` are those that `writing` and `approving` one example takes."""
    plan = _plan(facts)
    run = [line for line in lines if line.name in ("computing", "judging")]
    price = _Pricer(config, minutes, run)
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
        each, back = per_point(points, money), monthly(points, self.config)
        return WhatIf(name, tuple(counts), examples, Total(hours, money), points, each, back)
