"""All answers of one language: what each number of that language comes from.

The texts stand once, in their own language; only the words around them exist twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pinchtune.evaluation.decision import count_seeds
from pinchtune.records import Verdict
from pinchtune.reporting.figures import MEASURE
from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.safety import clip
from pinchtune.reporting.samples import Pair, match_pairs, text_direction
from pinchtune.reporting.shell import render
from pinchtune.reporting.sources import VERDICTS, Source, anchor, answers_file, scores
from pinchtune.reporting.wording import LOCALES, Wording, check_locale

PROMPTS, CHARACTERS, REASON_CHARACTERS = 200, 1200, 300
"""A page holds no more; the files hold everything."""
Said = Mapping[str, str]
"""The same in each locale."""


class Passage(NamedTuple):
    """A text, and what a browser must know of it."""

    text: str
    lang: str
    dir: str
    length: int
    """Characters of the whole text if it was shortened, else 0."""


class AnswerItem(NamedTuple):
    """The answer of one arm."""

    arm: Said
    body: Passage
    right: bool
    language: Said
    stopped: bool


class Item(NamedTuple):
    """One prompt with its answers and its verdict."""

    id: str
    prompt: Passage
    reference: Passage | None
    answers: list[AnswerItem]
    outcome: str
    """`better`, `worse`, `same` or `unjudged`."""
    verdict: Said
    """Where the verdict stands, and what was said."""
    reason: str


class Fact(NamedTuple):
    """One number of the language, and how it comes about."""

    name: str
    value: str
    how: str
    source: Source


class AnswersView(NamedTuple):
    """What a page says in one language of the reader."""

    words: Wording
    title: str
    facts: list[Fact]
    hints: list[str]
    """What the page does not show: prompts beyond the most, answers of further seeds."""


def build_answers(data: ReportData, locale: str = "en") -> Iterator[tuple[str, str]]:
    """Yield file name and page of each language that both arms have answers in."""
    check_locale(locale)
    pairs = list(match_pairs(data))
    verdicts: dict[str, tuple[int, Verdict]] = {}
    for line, verdict in enumerate(data.verdicts, 1):
        verdicts.setdefault(verdict.prompt_id, (line, verdict))
    words = [Wording(code) for code in LOCALES]
    for code in dict.fromkeys(pair.language for pair in pairs):
        own = [pair for pair in pairs if pair.language == code]
        items = [_item(data, pair, verdicts.get(pair.prompt.id), words) for pair in own[:PROMPTS]]
        views = [_view(data, code, own, one) for one in words]
        yield answers_file(code), render("answers.html.j2", views, locale, items=items)


def _view(data: ReportData, code: str, pairs: list[Pair], words: Wording) -> AnswersView:
    return AnswersView(
        words,
        words("trace.title", language=words.language(code)),
        list(_facts(data, code, pairs, words)),
        list(_hints(data, len(pairs) - PROMPTS, words)),
    )


def _hints(data: ReportData, left: int, words: Wording) -> Iterator[str]:
    if (seeds := count_seeds(data.scores)) > 1:
        yield words("trace.seeds", n=seeds)
    if left > 0:
        yield words("trace.left", n=words.number(left))


def _facts(data: ReportData, code: str, pairs: list[Pair], words: Wording) -> Iterator[Fact]:
    judged = [pair.score for pair in pairs if pair.score is not None]
    rate = data.win_rate(language=code)
    if rate["value"] is not None:
        counts = {"won": judged.count(1.0), "tied": judged.count(0.5), "lost": judged.count(0.0)}
        how = words("trace.won", judged=len(judged), **counts)
        yield Fact(
            words("tables.win_rate"),
            f"{words.number(rate['value'], 1)} {words.bracket(rate)}".strip(),
            how,
            scores(f"win_rate.languages.{code}"),
        )
    for index, arm in enumerate((data.control, data.treated)):
        estimate = data.estimate(MEASURE, arm, language=code)
        if estimate["value"] is None:
            continue
        right = sum(pair.right[index] for pair in pairs)
        name = words("trace.right", arm=words.choose("arm", arm))
        value = f"{words.number(estimate['value'], 1)}% {words.bracket(estimate)}".strip()
        how = words("trace.right_of", right=right, n=len(pairs))
        place = scores(f"measures.{MEASURE}.arms.{arm}.languages.{code}")
        yield Fact(name, value, how, place)


def _item(
    data: ReportData, pair: Pair, found: tuple[int, Verdict] | None, words: list[Wording]
) -> Item:
    outcomes = {None: "unjudged", 1.0: "better", 0.0: "worse"}
    prompt, arms = pair.prompt, (data.control, data.treated)
    reason = clip(found[1].reason, REASON_CHARACTERS, 4).text if found else ""
    return Item(
        anchor(prompt.id),
        _passage(prompt.prompt, pair.language),
        _passage(prompt.response, pair.language) if prompt.response else None,
        [_answer(pair, i, arm, words) for i, arm in enumerate(arms)],
        outcomes.get(pair.score, "same"),
        {one.locale: _verdict(data, found, one) for one in words},
        reason,
    )


def _answer(pair: Pair, index: int, arm: str, words: list[Wording]) -> AnswerItem:
    answer, found = pair.answers[index], pair.found[index]
    return AnswerItem(
        {one.locale: one.choose("arm", arm) for one in words},
        _passage(answer.text, found),
        pair.right[index],
        {one.locale: one.language(found) for one in words},
        answer.stopped,
    )


def _verdict(data: ReportData, found: tuple[int, Verdict] | None, words: Wording) -> str:
    if found is None:
        return ""
    line, verdict = found
    names = {"a": data.control, "b": data.treated}
    first, second = (
        words.choose("arm", names.get(choice, choice))
        if choice in names
        else words.choose("trace", f"choice_{choice}")
        for choice in (verdict.first_order, verdict.second_order)
    )
    return words("trace.verdict", line=line, first=first, second=second, path=VERDICTS.path)


def _passage(text: str, language: str) -> Passage:
    short = clip(text, CHARACTERS, 40)
    return Passage(short.text, *text_direction(language), short.length)
