"""What to collect next, from the scores of an evaluation.

What is gained is answers in the language of the question (`right_language`): it is measured in
every language, with or without references. That they are also good answers is not claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from pinchtune.advice.gain import (
    Drawn,
    Group,
    Measured,
    allot,
    compare_groups,
    draw_gain,
    draw_group,
    exponent,
    to_json,
)
from pinchtune.errors import UsageError
from pinchtune.stats import Array, Estimate, summarise_draws

MEASURE = "right_language"
FEW = 20
"""Below so many prompts a language's own figures are hardly more than an impression."""
DRAWS = 4000
GROUPS = ("seen", "unseen")


class Cluster(NamedTuple):
    """A group of enquiries that mean about the same."""

    id: str
    name: str
    asked: Mapping[str, float]
    """Enquiries by language; `""` is any language."""
    have: int = 0
    """Examples that were chosen from it already."""

    def asked_in(self, code: str) -> float:
        """Return the enquiries in a language, or in any where the languages are not known."""
        return self.asked.get(code, self.asked.get("", 0))


@dataclass(frozen=True)
class Step:
    """One language, and what collecting in it would bring."""

    code: str
    group: str
    control: float
    """Answers in the right language without the pinch, in percent."""
    now: float
    """And with it."""
    effect: Estimate
    """Points that the pinch added here, drawn toward the mean of the group."""
    measured: Measured
    """The same as it was measured."""
    have: int
    """Examples of the language in the pinch."""
    examples: int
    """Examples that would be added."""
    gain: Estimate | None
    """Points that they are expected to add; None where nothing can be said."""
    best: float | None
    """Share of the draws in which it gains, and no other language gains more."""
    cautions: tuple[str, ...] = ()
    clusters: tuple[tuple[str, str, int], ...] = ()
    """(id, name, how many) of the clusters to write for."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            **{k: getattr(self, k) for k in ("code", "group", "have", "examples", "best")},
            "control": round(self.control, 1),
            "now": round(self.now, 1),
            "effect": to_json(self.effect),
            "measured": self.measured._asdict(),
            "gain": to_json(self.gain) if self.gain else None,
            "cautions": list(self.cautions),
            "clusters": [{"id": i, "name": n, "examples": k} for i, n, k in self.clusters],
        }


@dataclass(frozen=True)
class Plan:
    """All steps, the most promising first."""

    verdict: str
    """`collect`: the first step gains in 95 % of the draws; `unclear`: it may; `none`: no step is
    expected to; `unknown`: there is no group to compare with."""
    steps: tuple[Step, ...]
    ratio: Estimate | None
    """Of what an untuned language lacks, the share that a tuned one lacks."""
    usual: int
    """Examples that a tuned language has."""
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "verdict": self.verdict,
            "measure": MEASURE,
            "usual": self.usual,
            "ratio": _ratio(self.ratio),
            "steps": [step.to_json() for step in self.steps],
            "notes": list(self.notes),
        }


def _ratio(ratio: Estimate | None) -> dict[str, float] | None:
    if ratio is None:
        return None
    return {k: round(v, 2) for k, v in ratio._asdict().items() if k != "n"}


def plan_next(
    scores: Mapping[str, Any],
    have: Mapping[str, int],
    examples: int = 0,
    clusters: Sequence[Cluster] = (),
    weak: frozenset[str] = frozenset(),
    seed: int = 0,
) -> Plan:
    """Return what the content of scores.json, and the examples tuned on, advise.

    `examples` is the size of the step (0: as many as a tuned language has), `weak` the languages
    that the base hardly knows.
    """
    groups = {name: _group(scores, name) for name in GROUPS}
    counts = [have.get(code, 0) for code in groups["seen"].codes]
    usual = round(sum(counts) / len(counts)) if counts else 0
    rng = np.random.default_rng(seed)
    drawn = {n: draw_group(g, DRAWS, rng) for n, g in groups.items() if g.codes}
    if not drawn:
        raise UsageError("the evaluation has no language but English; add some to [languages]")
    ratio = None
    if len(drawn) == len(GROUPS) and usual:
        drawn["seen"], drawn["unseen"], ratio = compare_groups(drawn["seen"], drawn["unseen"], rng)
    steps = _steps(groups, drawn, ratio, have, examples or max(1, usual), usual)
    told = [_tell(step, clusters, weak) for step in steps]
    return Plan(
        _verdict(told),
        tuple(told),
        None if ratio is None else summarise_draws(ratio, len(groups["seen"].codes)),
        usual,
        _notes(ratio, clusters),
    )


def _group(scores: Mapping[str, Any], name: str) -> Group:
    measure = scores["measures"][MEASURE]
    control = measure["arms"]["english"]
    effect = measure["difference"]["languages"]
    codes = tuple(
        row["code"]
        for row in scores["languages"]
        if row["group"] == name and effect.get(row["code"], {}).get("value") is not None
    )
    return Group(
        codes,
        tuple(_measured(control["languages"][code]) for code in codes),
        tuple(_measured(effect[code]) for code in codes),
        _measured(control["groups"][name]),
    )


def _measured(estimate: Mapping[str, Any]) -> Measured:
    value = estimate["value"]
    return Measured(
        0.0 if value is None else value, estimate["low"], estimate["high"], estimate["n"]
    )


def _steps(
    groups: Mapping[str, Group],
    drawn: Mapping[str, Drawn],
    ratio: Array | None,
    have: Mapping[str, int],
    examples: int,
    usual: int,
) -> list[Step]:
    rows = [(n, i, c) for n in drawn for i, c in enumerate(groups[n].codes)]
    gains: dict[str, Array] = {}
    if ratio is not None:
        for name, i, code in rows:
            steps = exponent(have.get(code, 0), examples, usual)
            gains[code] = draw_gain(drawn[name].gaps[:, i], ratio, steps)
    best = _best(gains)
    found = [
        Step(
            code=code,
            group=name,
            control=groups[name].control[i].value,
            now=groups[name].control[i].value + groups[name].effect[i].value,
            effect=summarise_draws(drawn[name].effects[:, i], groups[name].effect[i].n),
            measured=groups[name].effect[i],
            have=have.get(code, 0),
            examples=examples,
            gain=summarise_draws(gains[code], groups[name].effect[i].n) if gains else None,
            best=best.get(code),
        )
        for name, i, code in rows
    ]
    return sorted(found, key=_order)


def _order(step: Step) -> tuple[float, str]:
    """The largest gain first, or the lowest rate where no gain can be told; then by code."""
    return (round(step.now, 6) if step.gain is None else -round(step.gain.value, 6), step.code)


def _best(gains: Mapping[str, Array]) -> dict[str, float]:
    """Return the share of draws in which each language gains most, and gains at all.

    Ties go to the first code.
    """
    if not gains:
        return {}
    codes = sorted(gains)
    table = np.round(np.stack([gains[c] for c in codes]), 6)
    first = np.where(table.max(axis=0) > 0, np.argmax(table, axis=0), -1)
    return {code: round(float((first == i).mean()), 3) for i, code in enumerate(codes)}


def _tell(step: Step, clusters: Sequence[Cluster], weak: frozenset[str]) -> Step:
    cautions = []
    if step.gain is not None and step.gain.low <= 0:
        cautions.append("may_be_nothing")
    if step.measured.n < FEW:
        cautions.append("few_prompts")
    if step.code in weak:
        cautions.append("hardly_known")
    names = {c.id: c.name for c in clusters}
    asked = {c.id: float(c.asked_in(step.code)) for c in clusters}
    given = allot(step.examples, asked, {c.id: c.have for c in clusters})
    told = [(i, names[i], n) for i, n in sorted(given.items(), key=lambda p: (-p[1], p[0]))]
    return Step(**{**step.__dict__, "cautions": tuple(cautions), "clusters": tuple(told)})


def _verdict(steps: Sequence[Step]) -> str:
    first = steps[0].gain
    if first is None:
        return "unknown"
    if first.low > 0:
        return "collect"
    return "unclear" if first.value > 0 else "none"


def _notes(ratio: Array | None, clusters: Sequence[Cluster]) -> tuple[str, ...]:
    notes = ["measure", "dose", "languages_differ", "one_run"] if ratio is not None else ["measure"]
    if not clusters:
        notes.append("no_clusters")
    return tuple(notes)
