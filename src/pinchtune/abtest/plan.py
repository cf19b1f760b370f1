"""The plan of an A/B test: what is compared and what would count, fixed before it starts.

Its id is the hash of all it promises. A plan whose file was changed is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pinchtune.abtest.measures import MEASURES, SATISFACTION, WRONG_LANGUAGE
from pinchtune.errors import UsageError
from pinchtune.files import read_json, write_json
from pinchtune.languages import get_language
from pinchtune.records import content_hash
from pinchtune.stats import Design

Json = dict[str, Any]
PRODUCTION = "production"
"""Arm of everybody who takes no part."""
ENGLISH, EACH, ALL = "en", "each", "all"
DAY = 86_400.0


@dataclass(frozen=True)
class Guard:
    """A harm that stops the test once it is shown."""

    measure: str
    limit: float
    """How much worse the second arm may be, as a difference of shares."""
    where: str = ALL
    """`each` language by itself, `all` together, or the code of one."""

    @property
    def name(self) -> str:
        """The measure, and the language if it is about one."""
        return self.measure if self.where in (EACH, ALL) else f"{self.measure} ({self.where})"


GUARDS = (
    Guard(WRONG_LANGUAGE, 0.02, EACH),
    Guard("errors", 0.02),
    Guard("slow", 0.05),
    Guard(SATISFACTION, 0.05, ENGLISH),
)


@dataclass(frozen=True)
class Plan:
    """What is promised."""

    arms: tuple[str, str]
    """The arm in use, and the one that may take its place."""
    languages: tuple[str, ...]
    """Languages that take part; all others get production."""
    split: float = 0.5
    """Share of users who get the first arm."""
    days: int = 60
    """The test ends by itself after so many days."""
    users: int = 300
    """About how many users of a language will say something."""
    satisfaction: float = 0.7
    """About how satisfied they will be, 0 to 1."""
    level: float = 0.05
    """Chance of any false claim, over all languages and looks."""
    guard_level: float = 0.05
    """Chance that a harmless candidate is stopped, over all guards and looks."""
    guard_stops: Literal["test", "language"] = "test"
    """What a guard of one language stops."""
    until_shown: bool = False
    """The test ends before its days as soon as a difference is shown."""
    slow_seconds: float = 10.0
    """An answer that takes longer is slow."""
    guards: tuple[Guard, ...] = GUARDS
    correction: str = field(default="holm", init=False)
    """How several languages are tested at once."""
    measure: str = field(default=SATISFACTION, init=False)
    """What decides."""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def id(self) -> str:
        """The hash of all that is promised."""
        return content_hash(self.to_json())

    @property
    def groups(self) -> tuple[str, ...]:
        """The languages, and all together if there are several: the hypotheses of the test."""
        return self.languages if len(self.languages) == 1 else (*self.languages, ALL)

    def scopes(self, guard: Guard) -> tuple[str, ...]:
        """Return the groups that a guard watches: none where its language takes no part."""
        if guard.where == EACH:
            return self.languages
        return (guard.where,) if guard.where in (*self.languages, ALL) else ()

    @property
    def watched(self) -> int:
        """How many tests the guards are; each has its part of guard_level."""
        return sum(len(self.scopes(guard)) for guard in self.guards)

    def design(self, measure: str, group: str) -> Design:
        """Return what is expected of a measure in a group."""
        row, many = MEASURES[measure], len(self.languages) if group == ALL else 1
        mean = self.satisfaction if row.is_good else row.mean
        return Design(mean, self.users * many, self.split)

    def to_json(self) -> Json:
        """Return what is promised as a JSON object."""
        values = asdict(self)
        return {**values, "arms": list(self.arms), "languages": list(self.languages),
                "guards": [asdict(guard) for guard in self.guards]}  # fmt: skip


def _check(plan: Plan) -> None:
    """Raise UsageError for a plan that cannot be carried out."""
    first, second = plan.arms
    if first == second:
        raise UsageError(f"--arms: both are {first!r}; name two different arms")
    if not plan.languages:
        raise UsageError("--languages: names none; name those that take part, as in es,ja")
    for code in plan.languages:
        if get_language(code).code != code or plan.languages.count(code) > 1:
            raise UsageError(f"--languages: {code!r} is no code of the table, or stands twice")
    for name, share in (
        *(("--split", plan.split), ("--satisfaction", plan.satisfaction)),
        *(("--level", plan.level), ("guard_level", plan.guard_level)),
    ):
        if not 0 < share < 1:
            raise UsageError(f"{name}: {share:g} is not between 0 and 1; correct it")
    for name, number in (
        *(("--days", plan.days), ("--users", plan.users)),
        *(("--slow-seconds", plan.slow_seconds),),
    ):
        if not number > 0:
            raise UsageError(f"{name}: {number:g} is not above 0; correct it")
    if plan.guard_stops not in ("test", "language"):
        raise UsageError(f"--guard-stops: {plan.guard_stops!r} is none of test or language")
    for guard in plan.guards:
        _check_guard(guard)


def _check_guard(guard: Guard) -> None:
    if guard.measure not in MEASURES:
        raise UsageError(
            f"--guard: no measure {guard.measure!r}; use one of: {', '.join(MEASURES)}"
        )
    if not 0 <= guard.limit < 1:
        raise UsageError(
            f"--guard: {guard.measure}={100 * guard.limit:g} is not a number of points from 0 to "
            "99; correct it"
        )


def parse_plan(values: Mapping[str, Any]) -> Plan:
    """Return the plan that `to_json` wrote."""
    given = {k: v for k, v in values.items() if k not in ("correction", "measure")}
    return Plan(
        **{
            **given,
            "arms": tuple(given["arms"]),
            "languages": tuple(given["languages"]),
            "guards": tuple(Guard(**guard) for guard in given["guards"]),
        }
    )


def write_plan(path: Path, plan: Plan, started: float, by: str) -> None:
    """Write a plan with its id, when the test started, and who started it."""
    facts = {"id": plan.id, "started": started, "by": by, "promised": plan.to_json()}
    write_json(path, facts)


def read_plan(path: Path) -> tuple[Plan, Json]:
    """Return the plan of a file, and the file's content; UsageError if it was changed."""
    facts: Json = read_json(path)
    if content_hash(facts.get("promised")) != facts.get("id"):
        raise UsageError(
            f"{path}: was changed after the test began, so it is no plan any more; put the old "
            "file back"
        )
    return parse_plan(facts["promised"]), facts


def parse_split(text: str) -> float:
    """Return the share of the first arm that `50/50` or `90/10` names."""
    parts = text.split("/")
    try:
        first, second = (float(part) for part in parts)
    except ValueError as error:
        raise UsageError(f"--split: {text!r} is no split such as 50/50; correct it") from error
    if not (first > 0 and second > 0 and math.isfinite(first + second)):
        raise UsageError(f"--split: {text!r} leaves an arm without users; correct it")
    return first / (first + second)


def parse_guards(given: Sequence[str]) -> tuple[Guard, ...]:
    """Return the usual guards with the limits that `MEASURE=POINTS` names; `off` takes one away."""
    guards = {guard.measure: guard for guard in GUARDS}
    for text in given:
        measure, separator, points = text.partition("=")
        if not separator or measure not in MEASURES:
            raise UsageError(
                f"--guard: {text!r} is not MEASURE=POINTS with one of: {', '.join(MEASURES)}"
            )
        if points == "off":
            guards.pop(measure, None)
            continue
        try:
            limit = float(points) / 100
        except ValueError as error:
            raise UsageError(f"--guard: {points!r} is no number of points; correct it") from error
        old = guards.get(measure, Guard(measure, limit))
        guards[measure] = Guard(measure, limit, old.where)
    return tuple(guards.values())
