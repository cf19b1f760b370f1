"""A plan: what is compared and what would count, written down before anything is tuned.

What is promised has an id, the hash of it. A decision names the plan by this id and says what
deviates. How many prompts it takes is counted on made-up studies (stats/power.py). The checksum is
over everything that the file says: dates, assumptions and powers are read as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from pinchtune.config import ENGLISH, Config
from pinchtune.evaluation.scores import GROUPS
from pinchtune.languages import get_language
from pinchtune.records import Example, content_hash
from pinchtune.stats import (
    LEVEL,
    NEUTRAL,
    Assumptions,
    PlannedTest,
    find_headline_power,
    find_prompts,
    find_smallest_effect,
)

Json = dict[str, Any]
ONE_SEED = {"seeds": 1}
"""What a plan promised before a project could have several seeds."""


@dataclass(frozen=True)
class Guess:
    """What is thought of the verdicts before they are there."""

    effect: float = 8.0
    """Smallest effect worth having, in points of win rate above 50."""
    ties: float = 0.33
    """Share of ties; the demo of the starter set had 31 to 35 %."""
    correlation: float = 0.09
    """Of the verdicts on one prompt in two languages; in the demo 0.09 in tuned languages."""
    seed_correlation: float = 0.1
    """Of the verdicts on one prompt in one language from two seeds, where there are several; 0 to
    0.16 in docs/results/pinch-270m.md."""
    seed_spread: float = 3.0
    """Standard deviation between the win rates of seeds, in points, where there are several; 2.3
    to 3.6 in docs/results/pinch-270m.md, the chance in the prompts included."""

    def assumed(self, seeds: int) -> dict[str, Any]:
        """Return what is assumed of so many seeds."""
        facts = asdict(self) | {"seeds": seeds}
        kept = facts if seeds > 1 else {k: v for k, v in facts.items() if "seed_" not in k}
        return dict(kept)


def promise(config: Config, prompts: Mapping[str, int], judge: Mapping[str, Any]) -> Json:
    """Return what a plan commits to; `prompts` counts what is judged in each language."""
    return {
        "languages": config.languages.model_dump(mode="json"),
        "base_model": config.model.base,
        "mix": config.mix.model_dump(mode="json"),
        "select": config.select.model_dump(mode="json"),
        "train": config.train.recipe,
        "seeds": config.train.seeds,
        "generate": config.generate.model_dump(mode="json"),
        "judge": dict(judge),
        "english_margin": config.evaluate.english_margin,
        "prompts": dict(prompts),
        "sequence": list(GROUPS),
        "level": LEVEL,
    }


def plan_id(promised: Mapping[str, Any]) -> str:
    """Return the name of a plan: the hash of what it promises."""
    return content_hash(dict(promised))


def seal(facts: Mapping[str, Any]) -> Json:
    """Return a plan with the checksum of all that it says."""
    return {**facts, "checksum": content_hash(dict(facts))}


def is_intact(found: Mapping[str, Any]) -> bool:
    """True if a plan says what it said when it was made.

    One without a checksum is of before there were any: only its promise can be checked.
    """
    facts = {key: value for key, value in found.items() if key != "checksum"}
    whole = found.get("checksum", "") in ("", content_hash(facts))
    return whole and plan_id(found.get("promised", {})) == found.get("id")


def count_prompts(prompts: Sequence[Example], every: bool, languages: Sequence[str]) -> Json:
    """Return how many prompts of each language are judged: `every`, or those with a reference."""
    counts = dict.fromkeys(languages, 0)
    for prompt in prompts:
        code = get_language(prompt.language).code
        if prompt.response or every:
            counts[code] = counts.get(code, 0) + 1
    return counts


def planned_tests(promised: Mapping[str, Any], guess: Guess) -> list[PlannedTest]:
    """Return the tests of the headline, in their order; English is thought to stay as it is."""
    groups = {
        "english": [ENGLISH],
        "seen": promised["languages"]["tuned"],
        "unseen": promised["languages"]["unseen"],
    }
    lasting = {"seed_correlation": guess.seed_correlation, "seed_spread": guess.seed_spread}
    seeds = lasting if promised["seeds"] > 1 else {}
    tests = []
    for name in promised["sequence"]:
        codes = [code for code in groups[name] if promised["prompts"].get(code)]
        if not codes:
            continue
        is_english = name == "english"
        assumptions = Assumptions(
            effect=0.0 if is_english else guess.effect,
            ties=guess.ties,
            languages=len(codes),
            correlation=guess.correlation if len(codes) > 1 else 0.0,
            **seeds,
        )
        limit = NEUTRAL - promised["english_margin"] if is_english else NEUTRAL
        fewest = min(promised["prompts"][code] for code in codes)
        tests.append(PlannedTest(name, assumptions, fewest, limit))
    return tests


def find_powers(tests: Sequence[PlannedTest], seeds: int = 1) -> Json:
    """Return, for each test: its prompts, the power of it and of all before it, what is needed."""
    return deepcopy(_find_powers(tuple(tests), seeds))


@lru_cache(maxsize=8)
def _find_powers(tests: tuple[PlannedTest, ...], seeds: int) -> Json:
    together = find_headline_power(tests, seeds)
    found: Json = {}
    for test in tests:
        needed = find_prompts(test, seeds)
        smallest = find_smallest_effect(test, seeds)
        found[test.name] = {
            "prompts": test.prompts,
            "languages": test.assumptions.languages,
            "effect": test.assumptions.effect,
            "limit": test.limit,
            "power_with_all_before": together[test.name].value,
            "error": round(together[test.name].error, 4),
            "prompts_needed": needed.prompts,
            "smallest_effect": smallest.effect,
        }
    return found


def make_plan(promised: Json, guess: Guess, made: str, is_late: bool) -> Json:
    """Return the content of plan.json; `is_late` says that answers were there already."""
    return {
        "id": plan_id(promised),
        "made": made,
        "is_late": is_late,
        "promised": promised,
        "assumed": guess.assumed(promised["seeds"]),
        "tests": find_powers(planned_tests(promised, guess), promised["seeds"]),
    }


def deviations(promised: Mapping[str, Any], now: Mapping[str, Any]) -> list[Json]:
    """Return where what is done differs from what was promised: key, planned, now."""
    found = []
    for key in promised.keys() | now.keys():
        planned, done = promised.get(key), now.get(key)
        if isinstance(planned, dict) and isinstance(done, dict):
            found += [{**d, "key": f"{key}.{d['key']}"} for d in deviations(planned, done)]
        elif planned != done:
            found.append({"key": key, "planned": planned, "now": done})
    return sorted(found, key=lambda d: str(d["key"]))
