"""What to do next, by a table: the first row that fits what was found counts.

    English   tuned     unseen    and                                    next
    lost      any       any                                              stop
    any       harmed    any                                              check
    any       any       harmed                                           cover
    any       any       any       seeds differ too much to tell          seeds
    any       any       any       an open group has too few prompts      prompts
    unclear   any       any                                              fewer
    any       unclear   any       the base hardly knows a tuned language base
    any       unclear   any                                              better
    kept      helped    unclear                                          script
    kept      helped    none                                             release
    kept      helped    helped                                           languages

A group is open if neither an effect nor a loss has been shown in it. It has too few prompts if so
many would have shown the smallest effect worth having in fewer than 80 % of all tests; how many
it takes is counted with the plan's machinery, from the ties and the seeds that were seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pinchtune.evaluation.decision import FEW, Decision, count_seeds
from pinchtune.evaluation.next_words import NEXT_WORDS
from pinchtune.evaluation.planning import Guess, planned_tests
from pinchtune.evaluation.scores import GROUPS
from pinchtune.languages import get_language, language_name
from pinchtune.stats import MOST_PROMPTS, NEUTRAL, PlannedTest, find_prompts

ANY = ""
NONE = "none"
"""The outcome of the unseen languages where there are none."""
MORE_SEEDS, FEWEST_SEEDS = 2, 3
"""Seeds to add where those at hand differ too much; with fewer than three it is hardly told."""
MOST_TIES = 0.95
"""More are not counted with: without a win or a loss there is no chance to make up."""


@dataclass(frozen=True)
class Situation:
    """What the table looks at."""

    english: str
    """`kept`, `lost` or `unclear`."""
    seen: str
    """`helped`, `harmed` or `unclear`."""
    unseen: str
    """The same, or `none` where there are no unseen languages."""
    needed: Mapping[str, int | None] = field(default_factory=dict)
    """Prompts a language that open groups with too few of them need; None if no number would do."""
    weak: Collection[str] = ()
    """Tuned languages that the base model hardly knows."""


class Row(NamedTuple):
    """One row of the table."""

    step: str
    english: str = ANY
    seen: str = ANY
    unseen: str = ANY
    when: Callable[[Situation], bool] = lambda _: True

    def fits(self, found: Situation) -> bool:
        """True if the row is about this situation."""
        pairs = zip(self[1:4], (found.english, found.seen, found.unseen), strict=True)
        return all(wanted in (ANY, is_so) for wanted, is_so in pairs) and self.when(found)


TABLE = (
    Row("stop", english="lost"),
    Row("check", seen="harmed"),
    Row("cover", unseen="harmed"),
    Row("seeds", when=lambda found: None in found.needed.values()),
    Row("prompts", when=lambda found: bool(found.needed)),
    Row("fewer", english="unclear"),
    Row("base", seen="unclear", when=lambda found: bool(found.weak)),
    Row("better", seen="unclear"),
    Row("script", unseen="unclear"),
    Row("release", unseen=NONE),
    Row("languages"),
)


class Step(NamedTuple):
    """What to do next."""

    name: str
    """As in the table."""
    prompts: dict[str, int]
    """Prompts a language that each open group needs."""
    languages: list[str]
    """Languages that it is about."""
    seeds: int
    """Seeds that the next comparison should have."""

    def text(self, locale: str = "en") -> dict[str, str]:
        """Return the step as a title, and the sentences that say why."""
        words = NEXT_WORDS[locale]
        names = [language_name(code, locale) for code in self.languages]
        numbers = [words["number"].format(group=words[g], n=n) for g, n in self.prompts.items()]
        comma = words["comma"]
        why = words[f"{self.name}_why"].format(
            names=comma.join(names) or words["some"],
            numbers=comma.join(numbers),
            seeds=self.seeds,
        )
        return {"title": words[self.name], "why": why}


def find_step(found: Situation) -> str:
    """Return the name of the first row that fits."""
    return next(row.step for row in TABLE if row.fits(found))


def recommend(
    scores: Mapping[str, Any],
    decision: Decision,
    guess: Guess | None = None,
    weak: Collection[str] = (),
) -> Step:
    """Return what to do next after a decision, from the content of scores.json.

    `guess` has the smallest effect worth having; `weak` are languages that the base hardly knows.
    """
    groups = {g: [r["code"] for r in scores["languages"] if r["group"] == g] for g in GROUPS}
    found = Situation(
        decision.english,
        decision.seen,
        decision.unseen if groups["unseen"] else NONE,
        dict(_needed(scores, decision, groups, guess or Guess())),
        [code for code in groups["seen"] if code in weak],
    )
    step = find_step(found)
    prompts = {g: n for g, n in found.needed.items() if n} if step == "prompts" else {}
    seeds = max(count_seeds(scores) + MORE_SEEDS, FEWEST_SEEDS)
    return Step(step, prompts, _languages(step, scores, groups, found), seeds)


def _needed(
    scores: Mapping[str, Any], decision: Decision, groups: Mapping[str, list[str]], guess: Guess
) -> Iterator[tuple[str, int | None]]:
    """Yield the open groups whose prompts are too few, with how many it takes."""
    seeds = count_seeds(scores)
    for test in _tests(scores, decision.margin, groups, guess):
        if getattr(decision, test.name) == "unclear":
            needed = find_prompts(test, seeds).prompts or (None if seeds > 1 else MOST_PROMPTS)
            if needed is None or needed > test.prompts:
                yield test.name, needed


def _tests(
    scores: Mapping[str, Any], margin: float, groups: Mapping[str, list[str]], guess: Guess
) -> Iterator[PlannedTest]:
    """Yield the test of each group as a plan would have it, with the ties and seeds that were seen.

    Where ties leave no room for an effect worth having, no number of prompts would find it.
    """
    rates = scores["win_rate"]
    judged = sum(row["n"] for row in rates["languages"].values())
    ties = min(rates["ties"] if judged >= FEW else guess.ties, MOST_TIES)
    facts = {
        "languages": {"tuned": groups["seen"], "unseen": groups["unseen"]},
        "prompts": {code: max(row["n"], 1) for code, row in rates["languages"].items()},
        "english_margin": margin,
        "seeds": count_seeds(scores),
    }
    spreads = scores.get("seeds", {}).get("spread", {})
    for group in GROUPS:
        if group == "english" or guess.effect <= NEUTRAL * (1 - ties):
            effect = 0.0 if group == "english" else guess.effect
            spread = spreads.get(group, {}).get("seeds")
            seen = replace(guess, ties=ties, effect=effect)
            seen = seen if spread is None else replace(seen, seed_spread=spread)
            yield from planned_tests({**facts, "sequence": [group]}, seen)


def _languages(
    step: str, scores: Mapping[str, Any], groups: Mapping[str, list[str]], found: Situation
) -> list[str]:
    """Return the languages that a step is about; none where it is about no special ones."""
    if step == "base":
        return list(found.weak)
    if step == "script":
        return unlike(groups["unseen"], groups["seen"])
    if step == "cover":
        return sorted(groups["unseen"], key=lambda code: _value(scores, code))[:1]
    return groups["unseen"] if step == "languages" else []


def _value(scores: Mapping[str, Any], code: str) -> float:
    value = scores["win_rate"]["languages"].get(code, {"value": None})["value"]
    return NEUTRAL if value is None else float(value)


def unlike(codes: Collection[str], tuned: Collection[str]) -> list[str]:
    """Return the languages whose script no tuned language has; else those of another family."""
    scripts = {script for code in tuned for script in get_language(code).scripts}
    other = [code for code in codes if not scripts & set(get_language(code).scripts)]
    stocks = {get_language(code).stock for code in tuned}
    return other or [code for code in codes if get_language(code).stock not in stocks]
