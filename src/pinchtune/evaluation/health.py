"""How far a judge is to be trusted, from its verdicts alone, and beside those of people.

Each figure is a row of a table: what one verdict adds to it, in percent, or None where it says
nothing. Records in, estimates out: nothing here asks a judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from pinchtune.evaluation.judge import ERROR, LOSS, TIE, WIN
from pinchtune.records import Verdict
from pinchtune.stats import NEUTRAL, ClusteredScores, Estimate, Resamples, alpha

SCALE = ("first arm", "tie", "second arm")
"""Verdicts in their order: a tie lies between the two arms."""
JUDGE, PEOPLE = "judge", "people"


class Judged(NamedTuple):
    """One verdict, and what our own program knows of the two answers."""

    verdict: Verdict
    lengths: tuple[int, int]
    """Characters of the first and the second arm's answer."""
    in_language: tuple[bool, bool]
    """Whether each is in the prompt's language, by our own identification."""


class Figure(NamedTuple):
    """One row of the table."""

    name: str
    neutral: float | None
    """The value of a judge that is not biased; None where there is none."""
    value: Callable[[Judged], float | None]


def flipped(judged: Judged) -> float | None:
    """100 if the order decided: swapped, the other arm was chosen; None unless both were judged."""
    v = judged.verdict
    return (
        None
        if v.score is None or not both_orders(v)
        else 100.0 * ({v.first_order, v.second_order} == {"a", "b"})
    )


def both_orders(verdict: Verdict) -> bool:
    """Say whether both orders were judged; people see a pair in one order each."""
    return bool(verdict.first_order and verdict.second_order)


def first_shown(judged: Judged) -> float | None:
    """How often the answer that was shown first was chosen, of the orders that had a winner."""
    v = judged.verdict
    chosen = [
        100.0 * (winner == shown)
        for winner, shown in ((v.first_order, "a"), (v.second_order, "b"))
        if winner in ("a", "b")
    ]
    return sum(chosen) / len(chosen) if chosen else None


def tied(judged: Judged) -> float | None:
    """100 if neither arm won; None if unscored."""
    score = judged.verdict.score
    return None if score is None else 100.0 * (score == TIE)


def unscored(judged: Judged) -> float | None:
    """100 if no verdict could be had."""
    return 100.0 * (ERROR in (judged.verdict.first_order, judged.verdict.second_order))


def longer_won(judged: Judged) -> float | None:
    """100 if the longer answer won; None if none won or both are equally long."""
    score, (a, b) = judged.verdict.score, judged.lengths
    if score not in (WIN, LOSS) or a == b:
        return None
    return 100.0 * ((score == WIN) == (b > a))


def agrees_on_language(judged: Judged) -> float | None:
    """How often the judge and our identification say the same of an answer's language."""
    said = (judged.verdict.a_in_language, judged.verdict.b_in_language)
    pairs = [(s, o) for s, o in zip(said, judged.in_language, strict=True) if s is not None]
    return 100.0 * sum(s == o for s, o in pairs) / len(pairs) if pairs else None


FIGURES = (
    Figure("flips", None, flipped),
    Figure("first_shown", NEUTRAL, first_shown),
    Figure("ties", None, tied),
    Figure("unscored", None, unscored),
    Figure("longer_wins", NEUTRAL, longer_won),
    Figure("agrees_on_language", None, agrees_on_language),
)


def gated(judged: Judged) -> float | None:
    """Return the verdict's score, or what the language alone says; None if unscored.

    An answer in the wrong language, by our own identification, has lost; two have tied.
    """
    right_a, right_b = judged.in_language
    if judged.verdict.score is None or (right_a and right_b):
        return judged.verdict.score
    return TIE if right_a == right_b else WIN if right_b else LOSS


BIASES = ("longer_wins", "first_shown")


def biases(health: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the figures that stand for a bias and whose whole interval is on one side of 50."""
    found = []
    for name in BIASES:
        low, high = (health[name]["all"][bound] for bound in ("low", "high"))
        if low is not None and high is not None and not low <= NEUTRAL <= high:
            found.append(name)
    return found


def bias_warnings(health: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each bias."""
    texts = {
        "longer_wins": "the longer answer won {value:.0f} % of the decided comparisons "
        "({low:.0f} to {high:.0f}): look at the length-controlled win rate too",
        "first_shown": "the judge chose the answer that it was shown first {value:.0f} % of the "
        "time ({low:.0f} to {high:.0f}): what the order decides counts as a tie",
    }
    return [texts[name].format(**health[name]["all"]) for name in biases(health)]


class Agreement(NamedTuple):
    """How far a judge and people agree on the same prompts."""

    same: Estimate
    """Share of the prompts with the same verdict, in percent."""
    discounted: Estimate
    """The same, where one tie counts as half: as LIMA and Shaham et al. count it."""
    alpha: Estimate
    """Krippendorff's ordinal alpha of the judge and what most people say."""
    among_people: Estimate
    """The same among the people: a judge can hardly agree with them better."""


def agreement(
    judge: Iterable[Verdict], people: Iterable[tuple[str, Verdict]], count: int = 2000
) -> dict[str, Agreement]:
    """Return the agreement by language, and over all under `all`.

    `people` are (person, verdict); what several say of a prompt is the median of their scores.
    Unscored verdicts say nothing. Prompts are drawn again for the intervals.
    """
    ours = {v.prompt_id: v for v in judge if v.score is not None}
    theirs: dict[str, dict[str, float]] = {}
    for person, v in people:
        if v.score is not None and v.prompt_id in ours:
            theirs.setdefault(v.prompt_id, {})[person] = v.score
    languages = {i: ours[i].language for i in theirs}
    groups = {code: [i for i in theirs if languages[i] == code] for code in languages.values()}
    return {
        name: _agree([(i, ours[i].score or 0.0, theirs[i]) for i in ids], count)
        for name, ids in {**dict(sorted(groups.items())), "all": list(theirs)}.items()
    }


def _agree(rows: Sequence[tuple[str, float, Mapping[str, float]]], count: int) -> Agreement:
    middle = {i: _settle(median(votes.values())) for i, _, votes in rows}
    apart = [abs(score - middle[i]) for i, score, _ in rows]
    ids = [i for i, _, _ in rows]
    both = [(i, JUDGE, _label(score)) for i, score, _ in rows]
    both += [(i, PEOPLE, _label(middle[i])) for i in ids]
    votes = [(i, person, _label(vote)) for i, _, votes in rows for person, vote in votes.items()]
    return Agreement(
        same=pooled([100.0 * (d == 0) for d in apart], ids, count),
        discounted=pooled([100.0 * (1 - d) for d in apart], ids, count),
        alpha=alpha(both, SCALE, count=count),
        among_people=alpha(votes, SCALE, count=count),
    )


def pooled(values: Sequence[float], clusters: Sequence[str], count: int) -> Estimate:
    """Return the mean over all, whatever their language."""
    resamples = Resamples(clusters, count)
    return ClusteredScores(resamples, values, clusters, [""] * len(values)).estimate()


def _settle(score: float) -> float:
    """Return the verdict that a median stands for: people halfway to a win see no winner."""
    return score if score in (WIN, LOSS) else TIE


def _label(score: float) -> str:
    return SCALE[int(2 * score)]
