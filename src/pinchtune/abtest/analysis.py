"""The result of a test at any time: looks by day, what may be claimed, the verdict.

In each language, and in all together if there are several, the hypothesis is that both arms
satisfy alike. Its p-value is always valid: the least of all daily looks. Holm's procedure over
these p-values keeps the chance of any false claim at the plan's level at whatever moment one
looks: it errs first where a true hypothesis has a p-value of at most level / (number of true
ones), and by each of them that happens with that probability over all looks together.
The intervals are by themselves: each holds its difference at all looks with 1 - level.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pinchtune.abtest.counts import Values, read_values
from pinchtune.abtest.guards import look_at_guards
from pinchtune.abtest.journal import reading
from pinchtune.abtest.measures import MEASURES
from pinchtune.abtest.plan import ALL, DAY, Plan, read_plan
from pinchtune.abtest.stops import GUARD, PLAN, Stops
from pinchtune.languages import language_name
from pinchtune.stats import Bounds, Design, confidence_bounds, holm, p_differs

Json = dict[str, Any]
MOST_POINTS = 30
"""Intervals that are computed for a picture."""
BETTER, WORSE, MIXED, UNCLEAR = "better", "worse", "mixed", "unclear"


def analyse(folder: Path, now: float) -> Json:
    """Return the result of the test in `folder` as it stands at `now`."""
    plan, facts = read_plan(folder / "plan.json")
    stops = Stops(folder / "stops").now()
    started = float(facts["started"])
    ended = stops[ALL]["time"] if ALL in stops else started + plan.days * DAY
    until = min(now, ended)
    with reading(folder / "journal.db") as db:
        measured = {name: read_values(db, name, plan).until(now) for name in MEASURES}
        facts["counts"] = _count(db)
    looks = _looks(started, ended, now if now < ended else max(ended, _last(measured.values())))
    groups = {g: _group(plan, measured[plan.measure].of(g), g, looks, started) for g in plan.groups}
    claims = _claims(plan, groups)
    alarms = look_at_guards(plan, folder / "journal.db", (), now)
    stopped_by = [stop.get("guard") for stop in stops.values()]
    return {
        "name": folder.name,
        "plan": facts["id"],
        "promised": facts["promised"],
        "started": started,
        "by": facts["by"],
        "until": until,
        "is_over": ALL in stops or now >= ended,
        "stops": stops,
        "groups": groups,
        "claims": claims,
        "verdict": _verdict(claims, stops),
        "measures": {name: _measure(plan, name, values) for name, values in measured.items()},
        "guards": [
            {
                "measure": a.guard.measure, "group": a.group, "limit": a.guard.limit,
                "first": _finite(a.first), "second": _finite(a.second), "users": list(a.users),
                "p": a.p, "level": a.level, "is_broken": a.is_broken or a.place in stopped_by,
            }
            for a in alarms
        ],
        "counts": facts["counts"],
        "deviations": _deviations(stops, facts),
    }  # fmt: skip


def _last(measured: Iterable[Values]) -> float:
    return max((float(v.times.max()) for v in measured if len(v.times)), default=0.0)


def _looks(started: float, ended: float, until: float) -> list[float]:
    """Return the ends of the days, the end of the test if it is over, and now."""
    days = np.arange(started + DAY, until, DAY)
    return sorted({*days.tolist(), min(ended, until), until})


def look_at_claims(plan: Plan, journal: Path, until: float) -> dict[str, Json]:
    """Return what this one look lets one claim of each group."""
    with reading(journal) as db:
        values = read_values(db, plan.measure, plan).until(until)
    groups = {}
    for group in plan.groups:
        inside = values.of(group)
        first, second = inside.means()
        value = float(second.mean() - first.mean()) if len(first) and len(second) else None
        p = p_differs(*inside.counts(), plan.design(plan.measure, group))
        groups[group] = {"p": p, "value": value}
    return _claims(plan, groups)


def describe_shown(claims: dict[str, Json]) -> str:
    """Return what is shown as one sentence for people, in English; empty if nothing is."""
    shown = [
        f"{claim['verdict']} in {'all languages' if group == ALL else language_name(group)} "
        f"(p = {claim['adjusted']:.1g})"
        for group, claim in claims.items()
        if claim["verdict"] != UNCLEAR
    ]
    return "; ".join(shown)


def _group(plan: Plan, inside: Values, group: str, looks: Sequence[float], started: float) -> Json:
    """Return what is known of a group: its effect, by day and now, and the p-value."""
    design = plan.design(plan.measure, group)
    counts = [inside.until(time).counts() for time in looks]
    p = min((_p(_key(*pair), design) for pair in counts), default=1.0)
    drawn = np.unique(np.linspace(0, len(looks) - 1, MOST_POINTS).round().astype(int))
    days = [
        {"day": (looks[at] - started) / DAY, **_bounds(counts[at], design, plan.level)}
        for at in drawn
    ]
    first, second = inside.means()
    return {
        "users": [len(first), len(second)],
        "answers": len(inside.values),
        "first": _mean(first),
        "second": _mean(second),
        **_bounds(counts[-1], design, plan.level),
        "p": p,
        "days": [day for day in days if day["value"] is not None],
    }


def _key(first: Any, second: Any) -> tuple[bytes, bytes]:
    return first.tobytes(), second.tobytes()


@lru_cache(20_000)
def _p(key: tuple[bytes, bytes], design: Design) -> float:
    """Return a p-value; days that are over are not computed again by a page that is live."""
    return p_differs(np.frombuffer(key[0]), np.frombuffer(key[1]), design)


@lru_cache(20_000)
def _interval(key: tuple[bytes, bytes], design: Design, level: float) -> Bounds:
    return confidence_bounds(np.frombuffer(key[0]), np.frombuffer(key[1]), design, level)


def _bounds(pair: tuple[Any, Any], design: Design, level: float) -> Json:
    found = _interval(_key(*pair), design, level)
    return {"value": _finite(found.value), "low": found.low, "high": found.high}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mean(values: Any) -> float | None:
    return float(values.mean()) if len(values) else None


def _claims(plan: Plan, groups: Json) -> dict[str, Json]:
    """Return what may be claimed of each group, Holm's procedure over all of them."""
    adjusted = holm([groups[g]["p"] for g in groups])
    found = {}
    for group, p in zip(groups, adjusted):
        value = groups[group]["value"]
        sign = BETTER if value is not None and value > 0 else WORSE
        found[group] = {"adjusted": p, "verdict": sign if p <= plan.level else UNCLEAR}
    return found


def _verdict(claims: dict[str, Json], stops: Json) -> str:
    """Return the verdict on the second arm; a guard that stopped the test decides."""
    if stops.get(ALL, {}).get("by") == GUARD:
        return WORSE
    found = {claim["verdict"] for claim in claims.values()}
    if {BETTER, WORSE} <= found:
        return MIXED
    return next((verdict for verdict in (BETTER, WORSE) if verdict in found), UNCLEAR)


def _measure(plan: Plan, name: str, values: Values) -> Json:
    """Return a measure in each group: means, and the range of the difference by itself."""
    found = {}
    for group in plan.groups:
        inside = values.of(group)
        first, second = inside.means()
        found[group] = {
            "first": _mean(first),
            "second": _mean(second),
            "users": [len(first), len(second)],
            **_bounds(inside.counts(), plan.design(name, group), plan.level),
        }
    return found


def _count(db: Any) -> Json:
    names = ("exchanges", "counted", "other_arm")
    row = db.execute(
        "SELECT COUNT(*), COALESCE(SUM(counted), 0), "
        "COALESCE(SUM(user != '' AND NOT counted), 0) FROM exchanges"
    ).fetchone()
    versions: dict[str, list[str]] = {}
    for arm, version in db.execute(
        "SELECT DISTINCT arm, version FROM exchanges WHERE counted ORDER BY arm, version"
    ):
        versions.setdefault(arm, []).append(version)
    feedback = db.execute("SELECT COUNT(*) FROM feedback").fetchone()[0]
    checks = db.execute("SELECT COUNT(*) FROM checks").fetchone()[0]
    lost = db.execute("SELECT COALESCE(SUM(count), 0) FROM lost").fetchone()[0]
    return dict(zip(names, row)) | {
        "feedback": feedback, "checks": checks, "lost": lost, "versions": versions
    }  # fmt: skip


def _deviations(stops: Json, facts: Json) -> list[Json]:
    """Return where the test went another way than planned: what, and the facts of it."""
    found: list[Json] = []
    for group, stop in sorted(stops.items()):
        day = (stop["time"] - facts["started"]) / DAY
        if stop["by"] not in (GUARD, PLAN):
            found.append({"what": "stopped", "group": group, "day": round(day, 2), **stop})
    for what in ("other_arm", "lost"):
        if count := facts["counts"][what]:
            found.append({"what": what, "count": count})
    for arm, versions in facts["counts"]["versions"].items():
        if len(versions) > 1:
            found.append({"what": "versions", "arm": arm, "versions": versions})
    return found
