"""People as judges: from what each of them said to one verdict a prompt.

A pair's score is the mean of its raters' scores: 1 for the second arm's answer, 0 for the first's,
0.5 for both good or both bad. Answers that were graded apart are compared by their mean grades.
A person sees each pair once, in an order that was drawn for them, so nothing is said of the
other order; over many pairs the orders show whether people prefer what stands first.

A pair that nobody has judged is unscored, and what was said of other answers to a prompt is not
about these. Raters have numbers here, no names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from statistics import mean
from typing import Any

from pinchtune.evaluation.health import agreement
from pinchtune.evaluation.judge import ERROR, LOSS, TIE, WIN
from pinchtune.records import Example, Judgement, Verdict, content_hash
from pinchtune.stats import Estimate, alpha

Pair = tuple[Example, str, str]
"""A prompt with the first and the second arm's answer."""
ARMS = ("a", "b")
SCORES = {"a": LOSS, "b": WIN, "good": TIE, "bad": TIE}
GRADES = {"fail": 0.0, "pass": 1.0, "excellent": 2.0}
"""Grades of one answer in their order; their distances count only where several are averaged."""
SAID = {"a": "the first arm's is better", "b": "the second arm's is better"}
SAID |= {"good": "both good", "bad": "both bad"}
NOBODY = "nobody has judged it"


def judge_name(judgements: Iterable[Judgement]) -> str:
    """Return the name and version under which people's verdicts are kept."""
    modes = sorted({j.mode for j in judgements}) or ["pairs"]
    return f"people-1 ({', '.join(modes)})"


def name_pair(first: str, second: str) -> str:
    """Return the name of two answers, the first arm's before the second's."""
    return content_hash([first, second])


def combine(pairs: Sequence[Pair], judgements: Sequence[Judgement]) -> list[Verdict]:
    """Return the verdict of all people on each pair, in order."""
    name = judge_name(judgements)
    said = _by_pair(judgements)
    return [
        _combine(prompt.id, prompt.language, said.get((prompt.id, name_pair(a, b)), []), name)
        for prompt, a, b in pairs
    ]


def opinions(judgements: Sequence[Judgement]) -> list[tuple[str, Verdict]]:
    """Return (rater, verdict) of each person on each pair that they judged whole.

    The verdict names the pair beside its prompt: a prompt may have several.
    """
    found = []
    for key, said in _by_pair(judgements).items():
        for rater in sorted({j.rater for j in said}):
            own = [j for j in said if j.rater == rater]
            verdict = _combine(" ".join(key), own[0].language, own, f"rater {rater}")
            if verdict.score is not None:
                found.append((str(rater), verdict))
    return found


def _by_pair(judgements: Iterable[Judgement]) -> dict[tuple[str, str], list[Judgement]]:
    """Return what was said of each pair; of one person's words on one thing, the last."""
    last = {(j.prompt_id, j.pair, j.mode, j.arm, j.rater): j for j in judgements}
    found: dict[tuple[str, str], list[Judgement]] = {}
    for judgement in last.values():
        found.setdefault((judgement.prompt_id, judgement.pair), []).append(judgement)
    return found


def _combine(prompt: str, language: str, said: Sequence[Judgement], name: str) -> Verdict:
    pairs = [j for j in said if j.mode == "pairs"]
    score = mean(SCORES[j.choice] for j in pairs) if pairs else _compare_grades(said)
    first, second = (_winner([j for j in pairs if j.swapped is s]) for s in (False, True))
    return Verdict(
        prompt_id=prompt,
        language=language,
        score=score,
        first_order=ERROR if score is None else first,
        second_order=ERROR if score is None else second,
        reason="; ".join(f"rater {j.rater}: {_say(j)}" for j in said) or NOBODY,
        judge=name,
        a_in_language=_in_language("a", said),
        b_in_language=_in_language("b", said),
    )


def _compare_grades(said: Sequence[Judgement]) -> float | None:
    """Return who has the better mean grade; None unless both answers were graded."""
    grades = [[GRADES[j.choice] for j in said if j.arm == arm] for arm in ARMS]
    if not all(grades):
        return None
    first, second = (mean(found) for found in grades)
    return TIE if first == second else WIN if second > first else LOSS


def _winner(said: Sequence[Judgement]) -> str:
    """Return the arm that those chose who saw one order; empty if nobody saw it."""
    if not said:
        return ""
    score = mean(SCORES[j.choice] for j in said)
    return "tie" if score == TIE else "b" if score > TIE else "a"


def _say(judgement: Judgement) -> str:
    what = SAID.get(judgement.choice, judgement.choice)
    arm = {"a": "first arm: ", "b": "second arm: "}.get(judgement.arm, "")
    wrong = {"a": "first", "b": "second"}
    ticked = " and ".join(wrong[arm] for arm in judgement.wrong)
    return f"{arm}{what}" + (f", wrong language: {ticked}" if ticked else "")


def _in_language(arm: str, said: Sequence[Judgement]) -> bool | None:
    """Return what most say of an answer's language; None if as many say the contrary."""
    votes = [arm not in j.wrong for j in said if j.arm in ("", arm)]
    yes = sum(votes)
    return None if 2 * yes == len(votes) else 2 * yes > len(votes)


def people_facts(
    pairs: Sequence[Pair],
    verdicts: Sequence[Verdict],
    judgements: Sequence[Judgement],
    count: int,
) -> dict[str, Any]:
    """Return what scores.json says of people: how many, and how far they and the judge agree.

    The verdicts are the judge's on the pairs, in order. Where they are the people's own, only
    their agreement among each other is told.
    """
    said = opinions(judgements)
    themselves = judge_name(judgements) in {v.judge for v in verdicts}
    found = agreement(_name_pairs(pairs, verdicts), said, count) if said else {}
    languages = {
        name: {
            key: estimate.to_json()
            for key, estimate in facts._asdict().items()
            if key == "among_people" or not themselves
        }
        for name, facts in found.items()
    }
    return {
        "raters": len({j.rater for j in judgements}),
        "judgements": len(judgements),
        "pairs": len({v.prompt_id for _, v in said}),
        "all": languages.pop("all", {}),
        "languages": languages,
        "grades": grade_facts(judgements, count),
    }


def _name_pairs(pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield verdicts that name their pair as `opinions` does."""
    for (prompt, a, b), verdict in zip(pairs, verdicts, strict=True):
        yield replace(verdict, prompt_id=f"{prompt.id} {name_pair(a, b)}")


def grade_facts(judgements: Sequence[Judgement], count: int) -> dict[str, Any]:
    """Return by language how often each arm got each grade, and whether raters agree on grades."""
    graded = [j for j in judgements if j.mode == "grades"]
    scale = sorted(GRADES, key=lambda grade: GRADES[grade])
    return {
        code: {
            **{
                arm: {g: sum(j.arm == arm and j.choice == g for j in own) for g in scale}
                for arm in ARMS
            },
            "among_people": _grade_alpha(own, scale, count).to_json(),
        }
        for code in sorted({j.language for j in graded})
        for own in [[j for j in graded if j.language == code]]
    }


def _grade_alpha(graded: Sequence[Judgement], scale: Sequence[str], count: int) -> Estimate:
    ratings = [(f"{j.prompt_id} {j.pair} {j.arm}", str(j.rater), j.choice) for j in graded]
    return alpha(ratings, scale, count=count)
