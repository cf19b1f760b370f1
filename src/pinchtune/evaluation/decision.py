"""The gate: go, no-go or unclear, by a rule fixed before anything was tuned.

    go       English is kept, the seen languages are helped, the unseen ones are not harmed
    no-go    English is lost, or the seen or the unseen languages are harmed
    unclear  anything else

Helped and harmed mean that the whole 95 % interval of the win rate is above or below 50.
English is kept if its interval is above 50 minus the margin, and lost if it is below that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pinchtune.errors import UsageError
from pinchtune.evaluation.wording import WORDS
from pinchtune.languages import language_name
from pinchtune.stats import NEUTRAL

Verdict = Literal["go", "no-go", "unclear"]
Outcome = Literal["helped", "harmed", "unclear"]
English = Literal["kept", "lost", "unclear"]

FLAGS = {"late": "is_late", "replaced": "replaced", "unguarded": "unguarded"}
"""What speaks against a plan, by the word for it and the fact."""
FEW = 20
"""Below so many judged prompts in a group the intervals themselves are unsure."""
FEW_SEEDS = 2
"""So many seeds hardly tell how far seeds lie apart; one does not claim to tell it."""


@dataclass(frozen=True)
class Reason:
    """One ground of a decision, as a code that a report puts into words."""

    code: str
    """`GROUP_OUTCOME` (`seen_helped`), `few_prompts`, `few_seeds` or `unscored`."""
    group: str = ""
    """`english`, `seen`, `unseen`, or empty for all."""
    value: float | None = None
    """Win rate in percent; None where it could not be estimated."""
    low: float | None = None
    """Lower bound of its 95 % interval."""
    high: float | None = None
    """Upper bound of its 95 % interval."""
    n: int = 0
    """Prompts, or seeds, that stand behind it."""


@dataclass(frozen=True)
class Decision:
    """The answer of the gate, with the numbers it rests on."""

    verdict: Verdict
    english: English
    seen: Outcome
    unseen: Outcome
    margin: float
    """Points below 50 that English was allowed, fixed beforehand."""
    reasons: tuple[Reason, ...]
    """First the three groups, then what makes the numbers less sure."""

    def to_json(self) -> dict[str, Any]:
        """Return the content of decision.json."""
        return asdict(self) | {"reasons": [asdict(reason) for reason in self.reasons]}


def decide(scores: Mapping[str, Any]) -> Decision:
    """Return the decision that the content of scores.json leads to."""
    groups, margin = scores["win_rate"]["groups"], scores["english"]["margin"]
    english = _english(scores["english"])
    seen, unseen = _outcome(groups["seen"]), _outcome(groups["unseen"])
    outcomes = {"english": english, "seen": seen, "unseen": unseen}
    reasons = [
        _reason(f"{group}_{outcome}", group, groups[group]) for group, outcome in outcomes.items()
    ]
    reasons += [
        _reason("few_prompts", group, groups[group])
        for group in outcomes
        if 0 < groups[group]["n"] < FEW
    ]
    seeds = count_seeds(scores)
    if seeds == FEW_SEEDS:
        reasons.append(Reason("few_seeds", n=seeds))
    if scores["win_rate"]["unscored"]:
        reasons.append(Reason("unscored", n=scores["win_rate"]["unscored"]))
    verdict = _verdict(english, seen, unseen)
    return Decision(verdict, english, seen, unseen, margin, tuple(reasons))


def count_seeds(scores: Mapping[str, Any]) -> int:
    """Return how many seeds the scores are from."""
    return int(scores.get("seeds", {"count": 1})["count"])


def _verdict(english: English, seen: Outcome, unseen: Outcome) -> Verdict:
    if english == "lost" or "harmed" in (seen, unseen):
        return "no-go"
    return "go" if english == "kept" and seen == "helped" else "unclear"


def _outcome(estimate: Mapping[str, Any]) -> Outcome:
    low, high = estimate["low"], estimate["high"]
    if low is not None and low > NEUTRAL:
        return "helped"
    return "harmed" if high is not None and high < NEUTRAL else "unclear"


def _english(english: Mapping[str, Any]) -> English:
    high = english["estimate"]["high"]
    if english["kept"]:
        return "kept"
    return "lost" if high is not None and high < NEUTRAL - english["margin"] else "unclear"


def _reason(code: str, group: str, estimate: Mapping[str, Any]) -> Reason:
    return Reason(code, group, *(estimate[key] for key in ("value", "low", "high", "n")))


def verdict_text(decision: Decision, scores: Mapping[str, Any], locale: str = "en") -> str:
    """Return one paragraph on the decision in `locale` (`en` or `ja`), uncertainty included."""
    locale = _check_locale(locale)
    words = WORDS[locale]
    sentences = [words[decision.verdict], words["scale"]]
    for group in ("seen", "unseen", "english"):
        sentences.append(_group_sentence(decision, scores, group, locale))
    few = [reason.n for reason in decision.reasons if reason.code == "few_prompts"]
    if few:
        sentences.append(words["few_prompts"].format(n=min(few)))
    if (seeds := count_seeds(scores)) > 1:
        sentences.append(words["few_seeds" if seeds == FEW_SEEDS else "seeds"].format(n=seeds))
    if decision.verdict == "unclear":
        sentences.append(words["more_seeds" if seeds > 1 else "more"])
    return words["space"].join(filter(None, sentences))


def plan_text(facts: Mapping[str, Any], locale: str = "en") -> str:
    """Return one or two sentences on the plan that a test followed, or deviated from."""
    words = WORDS[_check_locale(locale)]
    keys = words["comma"].join(str(d["key"]) for d in facts["deviations"])
    said = [words["plan_deviates" if keys else "plan_kept"].format(made=facts["made"], keys=keys)]
    said += [words[f"plan_{code}"] for code, fact in FLAGS.items() if facts.get(fact)]
    return words["space"].join(said)


def space(locale: str = "en") -> str:
    """Return what stands between two sentences."""
    return WORDS[_check_locale(locale)]["space"]


def warning_text(unapproved: int, locale: str = "en") -> str:
    """Return the warning that examples which nobody approved were let into the tuning."""
    return WORDS[_check_locale(locale)]["unapproved"].format(n=unapproved)


def benchmarks_text(locale: str = "en") -> str:
    """Return what stands above public benchmarks that are shown beside a decision."""
    return WORDS[_check_locale(locale)]["benchmarks"]


def _check_locale(locale: str) -> str:
    short = locale.replace("_", "-").split("-")[0].lower()
    if short not in WORDS:
        raise UsageError(f"no wording for locale {locale!r}; use one of: {' '.join(WORDS)}")
    return short


def _group_sentence(decision: Decision, scores: Mapping[str, Any], group: str, locale: str) -> str:
    words = WORDS[locale]
    codes = [row["code"] for row in scores["languages"] if row["group"] == group]
    if not codes:
        return ""
    names = words["comma"].join(language_name(code, locale) for code in codes)
    limit = NEUTRAL - decision.margin if group == "english" else NEUTRAL
    estimate = scores["win_rate"]["groups"][group]
    numbers = [estimate[key] for key in ("value", "low", "high")]
    if None in numbers:
        return words[f"{group}_unknown"].format(names=names)
    value, low, high = (_round(number, limit) for number in numbers)
    template = words[group] + words[f"{group}_{getattr(decision, group)}"]
    return template.format(names=names, value=value, low=low, high=high, limit=f"{limit:g}")


def _round(number: float, limit: float) -> str:
    """Round to whole points, or as far as needed to stay on the same side of the limit."""
    for digits in (0, 1, 2):
        text = f"{number:.{digits}f}"
        if (float(text) > limit) == (number > limit) and (float(text) < limit) == (number < limit):
            break
    return text
