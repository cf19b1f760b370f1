"""Guards: a harm that is shown stops the test.

A guard asks whether the second arm is worse by more than its limit. It may be asked at any moment
(pinchtune.stats.sequential); the chance that any of them stops a candidate that is not, in the
whole test, is `guard_level` at most: each has its part of it.
"""

from __future__ import annotations

import math
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

from pinchtune.abtest.counts import Values, read_values
from pinchtune.abtest.journal import reading
from pinchtune.abtest.measures import MEASURES
from pinchtune.abtest.plan import ALL, Guard, Plan
from pinchtune.languages import language_name
from pinchtune.stats import p_above, p_below


class Alarm(NamedTuple):
    """What a guard sees in a group at a look."""

    guard: Guard
    group: str
    first: float
    """Mean of the arm in use; NaN without users."""
    second: float
    users: tuple[int, int]
    p: float
    """p-value of the harm being above the limit."""
    level: float
    """The guard's part of the level."""

    @property
    def is_broken(self) -> bool:
        """True if the harm is shown."""
        return self.p <= self.level

    @property
    def place(self) -> list[str]:
        """Measure and group: what a stop says of the guard that made it."""
        return [self.guard.measure, self.group]

    @property
    def reason(self) -> str:
        """One sentence for people, in English."""
        place = "all languages" if self.group == ALL else language_name(self.group)
        return (
            f"guard {self.guard.measure}: {100 * self.second:.1f} % against "
            f"{100 * self.first:.1f} % in {place}, worse by more than "
            f"{100 * self.guard.limit:g} points (p = {self.p:.1g})"
        )


def look_at_guards(plan: Plan, journal: Path, stopped: Container[str], until: float) -> list[Alarm]:
    """Return what each guard sees now; languages that are stopped are watched no more."""
    alarms = []
    with reading(journal) as db:
        for measure in dict.fromkeys(guard.measure for guard in plan.guards):
            values = read_values(db, measure, plan).until(until)
            alarms += [
                see(plan, guard, group, values.of(group))
                for guard in plan.guards
                if guard.measure == measure
                for group in plan.scopes(guard)
                if group not in stopped
            ]
    return alarms


def see(plan: Plan, guard: Guard, group: str, values: Values) -> Alarm:
    """Return what a guard sees in the values of a group."""
    first, second = values.counts()
    design = plan.design(guard.measure, group)
    if MEASURES[guard.measure].is_good:
        p = p_below(first, second, design, -guard.limit)
    else:
        p = p_above(first, second, design, guard.limit)
    means = values.means()
    below, above = (float(m.mean()) if len(m) else math.nan for m in means)
    users, level = (len(means[0]), len(means[1])), plan.guard_level / plan.watched
    return Alarm(guard, group, below, above, users, p, level)
