"""Judges: which of two answers to one prompt is the better one.

A judge sees both orders of each pair, and an answer wins only if it is chosen in both. A
verdict that cannot be had is unscored: it never becomes a win, a tie or a loss.

The `ReferenceJudge` can see whether an answer is in the prompt's language, and how close its
wording is to a response that a person wrote. It cannot see whether an answer is true,
helpful, polite or fluent, and it takes a good answer in other words for a bad one. It is
fair between the arms (it is the same for both, and blind to order), free, and repeatable;
for anything that matters, ask people or a strong model (`llm.py`) as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol, get_args

from pinchtune.errors import RunError
from pinchtune.evaluation.closeness import chrf
from pinchtune.evaluation.fidelity import in_language
from pinchtune.languages import Identifier
from pinchtune.records import Example, Verdict

Winner = Literal["first", "second", "tie"]
ATTEMPTS = 2
"""Times that a judge is asked before a verdict is given up as broken."""
TIE_BAND = 2.0
"""Difference in chrF, in points, up to which two answers are equally close."""
WIN, TIE, LOSS = 1.0, 0.5, 0.0
ERROR = "error"


class Choice(NamedTuple):
    """The better answer, as the judge was shown them, and why."""

    winner: Winner
    reason: str = ""
    in_language: tuple[bool, bool] | None = None
    """Whether the first and the second answer are in the right language, if the judge says so."""


class BrokenVerdict(RunError):
    """A judge answered, but not with a choice."""


class Judge(Protocol):
    """Chooses between two answers; raises BrokenVerdict rather than guess."""

    @property
    def name(self) -> str:
        """Name and version, as verdicts record it."""

    def compare(self, prompt: Example, first: str, second: str) -> Choice:
        """Return the better of two answers to `prompt`."""


class ReferenceJudge:
    """Right language first, of those of the project, then closeness to the reference by chrF."""

    def __init__(self, languages: Iterable[str], tie_band: float = TIE_BAND) -> None:
        self.identifier, self.tie_band = Identifier(languages), tie_band

    @property
    def name(self) -> str:
        """Name and version, with the band that makes ties."""
        return f"reference-1 (language, then chrF; tie within {self.tie_band:g})"

    def compare(self, prompt: Example, first: str, second: str) -> Choice:
        """Return the answer in the prompt's language, or else the one nearer to the reference."""
        right = [in_language(self.identifier, t, prompt.language) for t in (first, second)]
        if right[0] != right[1]:
            return Choice("first" if right[0] else "second", "only one is in the right language")
        if not any(right):
            return Choice("tie", "neither is in the right language")
        if not prompt.response:
            return Choice("tie", "no reference response")
        return self._closer(prompt.response, first, second)

    def _closer(self, reference: str, first: str, second: str) -> Choice:
        lead = chrf(first, reference) - chrf(second, reference)
        if abs(lead) <= self.tie_band:
            return Choice("tie", "equally close to the reference")
        return Choice("first" if lead > 0 else "second", "closer to the reference")


class ScriptedJudge:
    """A fake that reads its choices from a list, exceptions included, for tests and rehearsals."""

    name = "scripted"

    def __init__(self, script: Iterable[Choice | Winner | Exception]) -> None:
        self._script = iter(script)
        self.calls: list[tuple[str, str, str]] = []
        """What it was asked: prompt id, first answer, second answer."""

    def compare(self, prompt: Example, first: str, second: str) -> Choice:
        """Return or raise the next entry; RunError when there is none left."""
        self.calls.append((prompt.id, first, second))
        entry = next(self._script, None)
        if entry is None:
            raise RunError(f"the scripted judge has run dry at call {len(self.calls)}; add choices")
        if isinstance(entry, Exception):
            raise entry
        return Choice(entry, "scripted") if isinstance(entry, str) else entry


class _Order(NamedTuple):
    """What the judge said to one order: the chosen arm, why, and the language by arm."""

    winner: str
    reason: str
    in_language: dict[str, bool]


def judge_pair(judge: Judge, prompt: Example, a: str, b: str) -> Verdict:
    """Show both orders and score the second arm: 1 if `b` wins both, 0 if `a` does, else 0.5.

    The discounted tie of LIMA and of Shaham et al.: a judge that contradicts itself has seen
    no difference. Unscored (None) if either order stays broken.
    """
    one = _ask(judge, prompt, {"a": a, "b": b})
    two = _ask(judge, prompt, {"b": b, "a": a})
    return Verdict(
        prompt_id=prompt.id,
        language=prompt.language,
        score=score_orders(one.winner, two.winner),
        first_order=one.winner,
        second_order=two.winner,
        reason="; ".join(dict.fromkeys(filter(None, (one.reason, two.reason)))),
        judge=judge.name,
        a_in_language=_agreed(one, two, "a"),
        b_in_language=_agreed(one, two, "b"),
    )


def score_orders(first: str, second: str) -> float | None:
    """Return the second arm's score from the arms chosen in the two orders."""
    if ERROR in (first, second):
        return None
    return {("b", "b"): WIN, ("a", "a"): LOSS}.get((first, second), TIE)


def _agreed(one: _Order, two: _Order, arm: str) -> bool | None:
    found = {order.in_language.get(arm) for order in (one, two)}
    return found.pop() if len(found) == 1 else None


def _ask(judge: Judge, prompt: Example, shown: dict[str, str]) -> _Order:
    """Show the answers in the order of `shown`; `error` after the last broken attempt."""
    arms, problem = list(shown), ""
    for _ in range(ATTEMPTS):
        try:
            choice = judge.compare(prompt, *shown.values())
        except BrokenVerdict as error:
            problem = str(error)
            continue
        if choice.winner in get_args(Winner):
            winner = dict(zip(("first", "second"), arms, strict=True)).get(choice.winner, "tie")
            return _Order(winner, choice.reason, dict(zip(arms, choice.in_language or ())))
        problem = f"not a choice: {choice.winner!r}"
    return _Order(ERROR, problem, {})
