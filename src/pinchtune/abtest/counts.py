"""What a journal holds of a measure, as units and their means so far.

A unit is a user in a language. All that a look needs is how many units of each arm have which
mean: what a unit said later moves its mean, and is not counted a second time.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.abtest.measures import MEASURES
from pinchtune.abtest.plan import ALL, Plan
from pinchtune.stats import Array, count_values

LATEST_FEEDBACK = (
    "(SELECT exchange, time, score, thumb, reason, MAX(number) FROM feedback GROUP BY exchange)"
)
"""The last word on each answer: SQLite takes the columns of the row that has the maximum."""


class Values(NamedTuple):
    """The values of a measure, in no order."""

    times: Array
    values: Array
    units: NDArray[np.int_]
    """Number of the unit of each value."""
    arms: NDArray[np.int_]
    """0 or 1 for each unit."""
    languages: tuple[str, ...]
    """Language of each unit."""

    def of(self, group: str) -> Values:
        """Return the values of a language, or `all`."""
        if group == ALL:
            return self
        inside = np.array([code == group for code in self.languages], dtype=bool)[self.units]
        return self._replace(
            times=self.times[inside], values=self.values[inside], units=self.units[inside]
        )

    def until(self, time: float) -> Values:
        """Return the values that were known at a time."""
        known = self.times <= time
        return self._replace(
            times=self.times[known], values=self.values[known], units=self.units[known]
        )

    def means(self) -> tuple[Array, Array]:
        """Return the means of the units of either arm."""
        said = np.bincount(self.units, minlength=len(self.arms))
        sums = np.bincount(self.units, self.values, minlength=len(self.arms))
        known = said > 0
        means, arms = sums[known] / said[known], self.arms[known]
        return means[arms == 0], means[arms == 1]

    def counts(self) -> tuple[Array, Array]:
        """Return the means of either arm as bets count them."""
        first, second = self.means()
        return count_values(first), count_values(second)


def read_values(db: sqlite3.Connection, measure: str, plan: Plan) -> Values:
    """Return the values of a measure; of feedback on one answer the last word counts.

    Feedback that came after a language was stopped counts too, if its answer was given before.
    """
    row = MEASURES[measure]
    found = db.execute(
        f"SELECT {row.time}, {row.value}, e.user, e.language, e.arm FROM exchanges e "
        f"LEFT JOIN {LATEST_FEEDBACK} f ON f.exchange = e.id "
        "LEFT JOIN followed v ON v.exchange = e.id "
        f"LEFT JOIN checks c ON c.exchange = e.id WHERE e.counted AND ({row.known})",
        {"slow": plan.slow_seconds},
    ).fetchall()
    units: dict[tuple[str, str], int] = {}
    arms: list[int] = []
    numbers = np.empty(len(found), dtype=int)
    for place, (_, _, user, language, arm) in enumerate(found):
        number = units.setdefault((user, language), len(units))
        if number == len(arms):
            arms.append(plan.arms.index(arm))
        numbers[place] = number
    return Values(
        np.array([r[0] for r in found], dtype=float),
        np.array([r[1] for r in found], dtype=float),
        numbers,
        np.array(arms, dtype=int),
        tuple(language for _, language in units),
    )
