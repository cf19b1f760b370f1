"""What the pinch brings: the effect of each language, weighed by how often it is asked.

The effect is answers in the language of the question (`right_language`), in points of a hundred
enquiries. What the languages have in common of their error is read from the groups: the mean of K
languages errs less than they do by as much as they err apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pinchtune.advice.gain import Measured
from pinchtune.advice.plan import MEASURE
from pinchtune.config import ENGLISH, CostsConfig

NORMAL_TAIL = 1.96
"""Standard errors from the middle of a 95 % interval to its end."""
Json = Mapping[str, Any]


class Range(NamedTuple):
    """A value with its 95 % interval; None is a bound that cannot be told."""

    value: float
    low: float | None
    high: float | None

    def times(self, factor: float) -> Range:
        """Return the range in another unit; the factor is not negative."""
        bounds = (None if bound is None else bound * factor for bound in self[1:])
        return Range(self.value * factor, *bounds)

    def divide(self, amount: float) -> Range | None:
        """Return what `amount` comes to for each point; None unless a point was gained."""
        if self.value <= 0:
            return None
        low, high = (amount / bound if bound and bound > 0 else None for bound in self[1:])
        return Range(amount / self.value, high, low)


class Shares(NamedTuple):
    """How the enquiries spread over languages."""

    source: str
    """`given` (pinch.toml), `mined` (the logs) or `alike` (nothing is known: all the same)."""
    of: Mapping[str, float]
    """Share of all enquiries by language; 1 together."""


class Weighed(NamedTuple):
    """One language with its share and its effect."""

    code: str
    share: float
    effect: Range
    adds: float
    """Points that it adds to the whole."""


class Worth(NamedTuple):
    """The effect over all enquiries."""

    shares: Shares
    languages: tuple[Weighed, ...]
    """Those with a share and a measured effect; the largest share first."""
    covered: float
    """Share of the enquiries in these languages; the others count as no effect."""
    points: Range | None
    """Of a hundred enquiries, so many more are answered in the right language."""


class Return(NamedTuple):
    """What the effect brings in a month."""

    answers: Range
    """Enquiries more that are answered in the right language."""
    hours: Range
    """Working time that they save."""
    money: Range | None
    """Its price; None without an hourly rate."""


def share_out(config: CostsConfig, mined: Mapping[str, int] | None, codes: Sequence[str]) -> Shares:
    """Return the shares that were given, else the mined ones, else the same for each of `codes`."""
    for source, counts in (("given", config.shares), ("mined", mined or {})):
        total = sum(counts.values())
        if total > 0:
            return Shares(source, {code: n / total for code, n in counts.items() if n})
    others = [code for code in codes if code != ENGLISH]
    return Shares("alike", {code: 1 / len(others) for code in others})


def weigh(scores: Json, shares: Shares) -> Worth:
    """Return the effect that the content of scores.json shows, over all enquiries."""
    table = scores["measures"][MEASURE]["difference"]
    measured = {code: m for code, row in table["languages"].items() if (m := _measured(row))}
    rows = [
        Weighed(code, share, Range(*measured[code][:3]), share * measured[code].value)
        for code, share in sorted(shares.of.items(), key=lambda item: (-item[1], item[0]))
        if code in measured
    ]
    errors = [row.share * measured[row.code].error for row in rows]
    together = common_part(scores, measured)
    apart = (1 - together) * sum(error**2 for error in errors)
    error = math.sqrt(apart + together * sum(errors) ** 2)
    points = sum(row.adds for row in rows)
    reach = NORMAL_TAIL * error
    found = Range(points, points - reach, points + reach) if rows else None
    return Worth(shares, tuple(rows), sum(row.share for row in rows), found)


def _measured(row: Json) -> Measured | None:
    if row["value"] is None:
        return None
    return Measured(row["value"], row["low"], row["high"], row["n"])


def common_part(scores: Json, measured: Mapping[str, Measured]) -> float:
    """Return the correlation of the errors of two languages, 0 to 1; 1 where nothing tells it."""
    found, weights = 0.0, 0.0
    groups = scores["measures"][MEASURE]["difference"]["groups"]
    for name, row in groups.items():
        codes = [r["code"] for r in scores["languages"] if r["group"] == name]
        errors = [measured[code].error for code in codes if code in measured]
        mean, pairs = _measured(row), sum(errors) ** 2 - sum(e**2 for e in errors)
        if mean is None or len(errors) < 2:
            continue
        found += (len(errors) * mean.error) ** 2 - sum(e**2 for e in errors)
        weights += pairs
    return min(1.0, max(0.0, found / weights)) if weights else 1.0


def monthly(points: Range | None, config: CostsConfig) -> Return | None:
    """Return what so many points bring in a month; None unless enquiries and minutes are given."""
    if points is None or not (config.enquiries_a_month and config.minutes_saved):
        return None
    answers = points.times(config.enquiries_a_month / 100)
    hours = answers.times(config.minutes_saved / 60)
    rate = config.hourly_rate
    return Return(answers, hours, None if rate is None else hours.times(rate))
