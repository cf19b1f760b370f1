"""What an arm answered, as numbers by prompt: every measure of every prompt, in one small file.

Rates are strings with a character a prompt (1, 0, and - where it does not count), so that a file
of 300 prompts takes a few kilobytes and can be kept in a repository. Tables and figures are made
from these files alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.errors import DataError, MissingExtra
from pinchtune.evaluation.judge import LOSS, TIE, TIE_BAND, WIN
from pinchtune.evaluation.measures import MEASURES, Case, Measure, Score
from pinchtune.files import read_json
from pinchtune.languages import Identifier, get_language
from pinchtune.records import Answer, Example

Json = dict[str, Any]
VERSION = 1
"""Version of the measures; kept answers are scored anew under another one, without a model."""
SIGNS = {"1": 100.0, "0": 0.0}
DIGITS = 3


class Prompt(NamedTuple):
    """One prompt, as far as scores need it."""

    id: str
    language: str
    cluster: str
    """Shared by the same prompt in other languages."""


def score_answers(
    prompts: Sequence[Example],
    answers: Iterable[Answer],
    bits: Mapping[str, tuple[float, int]],
    languages: Iterable[str],
) -> Json:
    """Return the prompts and every measure of the answers, as a score file holds them."""
    identifier = Identifier(languages)
    given = {answer.prompt_id: answer for answer in answers}
    ordered = sorted(prompts, key=lambda p: p.id)
    cases = [Case(p, given[p.id], bits.get(p.id), identifier) for p in ordered]
    found: Json = {}
    missing: dict[str, list[str]] = {}
    for measure in MEASURES:
        try:
            column = _column(measure, cases)
        except MissingExtra as error:
            missing[measure.name] = [error.what, error.extra]
            continue
        if column is not None:
            found[measure.name] = column
    rows = [[p.id, get_language(p.language).code, p.parallel_id or p.id] for p in ordered]
    return {"version": VERSION, "missing": missing, "prompts": rows, "measures": found}


def is_current(found: Mapping[str, Any]) -> bool:
    """True if scoring anew would measure nothing else: no newer version, no library that came."""
    missing = found.get("missing", {}).values()
    return found.get("version") == VERSION and not any(_is_there(what) for what, _ in missing)


def _is_there(what: str) -> bool:
    try:
        version(what.split()[0])
    except PackageNotFoundError:
        return False
    return True


def missing_lines(found: Mapping[str, Any]) -> list[str]:
    """Return which measures a score file is without, and what to install for them."""
    missing = found.get("missing", {}).items()
    return [f"not measured: {name}: {MissingExtra(*pair)}" for name, pair in missing]


def _column(measure: Measure, cases: Sequence[Case]) -> Any:
    """Return one measure of all prompts; None if it is about none of them."""
    scores = [_score(measure, case) for case in cases]
    return pack(scores) if any(scores) else None


def _score(measure: Measure, case: Case) -> Score | None:
    code = get_language(case.prompt.language).code
    counts = measure.languages is None or code in measure.languages
    return measure.score(case) if counts else None


def pack(scores: Sequence[Score | None]) -> Any:
    """Return scores as a string of signs, a list of numbers, or a list of [value, weight]."""
    signs = {Score(value): sign for sign, value in SIGNS.items()}
    if all(score is None or score in signs for score in scores):
        return "".join("-" if score is None else signs[score] for score in scores)
    if all(score is None or score.weight == 1 for score in scores):
        return [None if score is None else round(score.value, DIGITS) for score in scores]
    return [
        None if score is None else [round(score.value, DIGITS), score.weight] for score in scores
    ]


def unpack(column: Any) -> list[Score | None]:
    """Return the scores that `pack` has packed."""
    if isinstance(column, str):
        return [Score(SIGNS[sign]) if sign in SIGNS else None for sign in column]
    return [_unpack(value) for value in column]


def _unpack(value: Any) -> Score | None:
    if value is None:
        return None
    return Score(*value) if isinstance(value, list) else Score(float(value))


@dataclass(frozen=True)
class Scored:
    """The scores of one arm, read from its file."""

    prompts: tuple[Prompt, ...]
    columns: Mapping[str, Any]
    facts: Mapping[str, Any]
    """What else the file holds: key, examples, tokens."""

    @cached_property
    def names(self) -> list[str]:
        """The measures that it has."""
        return list(self.columns)

    def __getitem__(self, measure: str) -> list[Score | None]:
        """Return one measure, prompt by prompt; no score at all where it was not measured."""
        column = self.columns.get(measure)
        return [None] * len(self.prompts) if column is None else unpack(column)

    def wins_against(self, other: Scored) -> dict[str, Score]:
        """Return the reference judge's scores against another arm, by prompt, in percent.

        The judge knows no more than these two columns: right language first, then chrF.
        """
        mine, theirs = (arm._judged() for arm in (self, other))
        return {
            i: Score(100.0 * _compare(mine[i], theirs[i])) for i in mine if i in theirs and mine[i]
        }

    def _judged(self) -> dict[str, tuple[bool, float]]:
        """Return (right language, chrF) of the prompts that have a reference."""
        columns = zip(self.prompts, self["right_language"], self["chrf"], strict=True)
        return {p.id: (right.value > 0, chrf.value) for p, right, chrf in columns if right and chrf}


def _compare(mine: tuple[bool, float], theirs: tuple[bool, float]) -> float:
    if mine[0] != theirs[0]:
        return WIN if mine[0] else LOSS
    lead = mine[1] - theirs[1]
    if not mine[0] or abs(lead) <= TIE_BAND:
        return TIE
    return WIN if lead > 0 else LOSS


def read_scored(path: Path) -> Scored:
    """Return the scores in a file; DataError if it holds none."""
    found = read_json(path)
    try:
        prompts = tuple(Prompt(*row) for row in found["prompts"])
        columns = dict(found["measures"])
        if any(len(column) != len(prompts) for column in columns.values()):
            raise ValueError
    except (KeyError, TypeError, ValueError) as error:
        raise DataError("holds no scores of an arm; remove it and run again", path) from error
    facts = {k: v for k, v in found.items() if k not in ("prompts", "measures")}
    return Scored(prompts, columns, facts)
