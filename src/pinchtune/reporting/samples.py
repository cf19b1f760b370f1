"""Real answers side by side, chosen by a rule that anybody can check.

In each language the first prompt where only one answer is in the right language, else the
first with a winner, else the first. What the pinch did worse is looked for apart, so that a
page of successes cannot come about by choosing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from pinchtune.config import ENGLISH
from pinchtune.errors import UsageError
from pinchtune.languages import UNKNOWN, Identifier, get_language, is_rtl
from pinchtune.records import Answer, Example
from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.safety import clip
from pinchtune.reporting.sources import anchor, answers_file
from pinchtune.reporting.wording import Wording

PROMPT_CHARACTERS, ANSWER_CHARACTERS = 400, 600
OPEN_SAMPLES = 6
"""Languages shown at once; the others are folded away."""
WORSE_SAMPLES = 3


class Pair(NamedTuple):
    """One prompt with both answers, and what is known of them."""

    prompt: Example
    language: str
    answers: tuple[Answer, Answer]
    """Of the control arm and of the arm with the pinch."""
    found: tuple[str, str]
    """Languages that the answers are identified as."""
    score: float | None
    """1 if the pinch won, 0 if it lost, None if nobody judged."""

    @property
    def right(self) -> tuple[bool, bool]:
        """Whether each answer is in the language of the prompt."""
        return self.found[0] == self.language, self.found[1] == self.language

    @property
    def is_worse(self) -> bool:
        """True if the pinch lost, or, where nobody judged, only it missed the language."""
        return self.score == 0 if self.score is not None else self.right == (True, False)


class TextView(NamedTuple):
    """A piece of text with what a browser must know of it."""

    text: str
    lang: str
    """BCP-47 tag; empty if unknown."""
    dir: str
    note: str
    """That it was shortened; else empty."""


class AnswerView(NamedTuple):
    """One answer as the page shows it."""

    arm: str
    body: TextView
    right: bool
    word: str
    """`Right language`, `Wrong language`."""
    language: str
    """Which language it is in, and which it should be in."""
    unfinished: str


class SampleView(NamedTuple):
    """A prompt with both answers as the page shows them."""

    title: str
    href: str
    """Where it stands among all answers of its language."""
    group: str
    prompt: TextView
    gloss: TextView | None
    """The same prompt in the reader's language, if the test has it."""
    gloss_label: str
    answers: list[AnswerView]
    reference: TextView | None
    outcome: str
    """`better`, `worse`, `same` or `unjudged`."""


class SamplesView(NamedTuple):
    """The section of real answers."""

    shown: list[SampleView]
    folded: list[SampleView]
    worse_lead: str
    worse: list[SampleView]


class Choice(NamedTuple):
    """The pairs to show, before they are put into words."""

    shown: list[Pair]
    worse: list[Pair]
    lost: int
    judged: int


def choose_pairs(data: ReportData) -> Choice:
    """Return one pair a language, scripts by turns, and pairs where the pinch did worse."""
    pairs = list(match_pairs(data))
    order = _by_script([code for group in data.groups for code in data.codes(group)])
    by_language = {code: [p for p in pairs if p.language == code] for code in order}
    shown = [_most_telling(found) for found in by_language.values() if found]
    ids = {pair.prompt.id for pair in shown}
    worse = [p for found in by_language.values() for p in found if p.is_worse]
    hidden: dict[str, Pair] = {}
    for pair in worse:
        if pair.prompt.id not in ids:
            hidden.setdefault(pair.language, pair)
    judged = sum(v.score is not None for v in data.shown_verdicts) or len(pairs)
    return Choice(shown, list(hidden.values())[:WORSE_SAMPLES], len(worse), judged)


def build_samples(data: ReportData, choice: Choice, words: Wording) -> SamplesView:
    """Return the section in a locale."""
    glosses = _glosses(data.prompts, words.locale)
    views = [_sample(data, pair, glosses, words) for pair in choice.shown]
    worse = [_sample(data, pair, glosses, words) for pair in choice.worse]
    key = "worse_lead" if worse else "worse_shown" if choice.lost else "worse_none"
    lost, judged = words.number(choice.lost), words.number(choice.judged)
    lead = words(f"answers.{key}", lost=lost, judged=judged)
    return SamplesView(views[:OPEN_SAMPLES], views[OPEN_SAMPLES:], lead if views else "", worse)


@lru_cache(maxsize=4)
def _identifier(codes: tuple[str, ...]) -> Identifier:
    return Identifier(codes)


def match_pairs(data: ReportData) -> Iterator[Pair]:
    """Yield the prompts that both arms have answered, in the order of the evaluation."""
    codes = [row["code"] for row in data.scores["languages"]]
    identifier = _identifier(tuple(codes))
    by_arm = [
        {a.prompt_id: a for a in data.answers.get(arm, ())} for arm in (data.control, data.treated)
    ]
    scores = {v.prompt_id: v.score for v in data.shown_verdicts}
    for prompt in data.prompts:
        before, after = (answers.get(prompt.id) for answers in by_arm)
        code = get_language(prompt.language).code
        if before is None or after is None or code not in codes:
            continue
        found = tuple(identifier.identify(a.text).language for a in (before, after))
        yield Pair(prompt, code, (before, after), (found[0], found[1]), scores.get(prompt.id))


def _by_script(codes: Sequence[str]) -> list[str]:
    """Return the languages with each script's first one before the others."""
    seen: set[str] = set()
    first: list[str] = []
    rest: list[str] = []
    for code in codes:
        script = get_language(code).scripts[0]
        (rest if script in seen else first).append(code)
        seen.add(script)
    return first + rest


def _most_telling(pairs: Sequence[Pair]) -> Pair:
    def rank(pair: Pair) -> int:
        return 0 if pair.right[0] != pair.right[1] else 1 if pair.score in (0.0, 1.0) else 2

    return min(pairs, key=rank)


def _glosses(prompts: Sequence[Example], locale: str) -> dict[str, Example]:
    """Return the prompts in the reader's language, by parallel id; English where there is none."""
    found: dict[str, Example] = {}
    for code in (ENGLISH, locale):
        found |= {p.parallel_id: p for p in prompts if p.parallel_id and p.language == code}
    return found


def _sample(
    data: ReportData, pair: Pair, glosses: dict[str, Example], words: Wording
) -> SampleView:
    prompt = pair.prompt
    gloss = glosses.get(prompt.parallel_id)
    if gloss is not None and gloss.language in (pair.language, prompt.language):
        gloss = None
    outcomes = {None: "unjudged", 1.0: "better", 0.0: "worse"}
    arms = (data.control, data.treated)
    return SampleView(
        title=words.language(pair.language),
        href=f"{answers_file(pair.language)}#{anchor(prompt.id)}",
        group=next(group for group in data.groups if pair.language in data.codes(group)),
        prompt=view_text(prompt.prompt, PROMPT_CHARACTERS, pair.language, words),
        gloss=view_text(gloss.prompt, PROMPT_CHARACTERS, gloss.language, words) if gloss else None,
        gloss_label=words("answers.gloss")
        if gloss and gloss.language == words.locale
        else "English",
        answers=[_answer(pair, i, arms[i], words) for i in (0, 1)],
        reference=view_text(prompt.response, ANSWER_CHARACTERS, pair.language, words)
        if prompt.response
        else None,
        outcome=outcomes.get(pair.score, "same"),
    )


def _answer(pair: Pair, index: int, arm: str, words: Wording) -> AnswerView:
    answer, found, right = pair.answers[index], pair.found[index], pair.right[index]
    expected = words.language(pair.language)
    if right:
        language = words("answers.right", language=expected)
    elif found == UNKNOWN:
        language = words("answers.wrong_unknown", expected=expected)
    else:
        language = words("answers.wrong", language=words.language(found), expected=expected)
    return AnswerView(
        arm=words.choose("arm", arm),
        body=view_text(answer.text, ANSWER_CHARACTERS, found, words),
        right=right,
        word=words("answers.right_word" if right else "answers.wrong_word"),
        language=language,
        unfinished="" if answer.stopped else words("answers.unfinished"),
    )


def view_text(text: str, limit: int, language: str, words: Wording) -> TextView:
    """Return the beginning of a text with what a browser must know of it."""
    short = clip(text, limit)
    note = words("answers.clipped", n=words.number(short.length)) if short.length else ""
    return TextView(short.text, *text_direction(language), note)


def text_direction(language: str) -> tuple[str, str]:
    """Return the `lang` and `dir` attributes of a text that was identified as `language`."""
    try:
        return language if get_language(language) else "", "rtl" if is_rtl(language) else "ltr"
    except UsageError:
        return "", "auto"
