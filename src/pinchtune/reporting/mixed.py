"""What was mixed, and how it was compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.safety import clip
from pinchtune.reporting.wording import Wording

SOURCE_CHARACTERS = 120


class Bar(NamedTuple):
    """One bar of the pinch."""

    name: str
    number: str
    width: float
    """Per cent of the longest bar."""


class MixedView(NamedTuple):
    """The section on the mixture and the comparison."""

    recipe: str
    source: str
    """Where the pinch was drawn from, and who approved it; empty if that was not recorded."""
    strip: list[float]
    """Examples of each pinch language, in a strip that is as long as the tuning set."""
    rest: float
    """Examples in English of the same strip."""
    strip_text: str
    bars: list[Bar]
    compared: list[str]


def build_mixed(data: ReportData, words: Wording) -> MixedView:
    """Return the section in a locale."""
    counts = Counter(row["language"] for row in data.mixture.get("pinch", []))
    dose = counts.total()
    total = sum(data.mixture["examples"]["pinch"].values())
    longest = max(counts.values(), default=1)
    return MixedView(
        _recipe(data, dose, words),
        _source(data, dose, words),
        [float(n) for n in counts.values()],
        float(total - dose),
        words("mixed.strip", share=words.number(100 * dose / max(1, total), 1)),
        [
            Bar(words.language(code), words.number(n), round(100 * n / longest, 1))
            for code, n in counts.most_common()
        ],
        list(_compared(data, words)),
    )


def _recipe(data: ReportData, dose: int, words: Wording) -> str:
    english = sum(data.mixture["examples"]["english"].values())
    rest = data.mixture["untouched"]["examples"]
    mode = str(data.mixture["recipe"]["mode"]) if dose else "none"
    numbers = {"english": english, "dose": dose, "rest": rest}
    return words(f"mixed.{mode}", **{name: words.number(n) for name, n in numbers.items()})


def _source(data: ReportData, dose: int, words: Wording) -> str:
    pool = data.mixture.get("pool")
    if not pool or not dose or data.unapproved:
        return ""
    source = clip(str(pool["source"]), SOURCE_CHARACTERS, 1).text
    return words("mixed.collected" if pool["collected"] else "mixed.file", source=source)


def _compared(data: ReportData, words: Wording) -> Iterator[str]:
    languages = len(data.scores["languages"])
    yield words("mixed.models")
    yield words("mixed.questions", prompts=words.number(len(data.prompts)), languages=languages)
    if data.counts.judged:
        won, tied, lost = map(words.number, data.counts)
        judged = words.number(data.counts.judged)
        yield words("mixed.judged")
        yield words("mixed.outcome", judged=judged, won=won, tied=tied, lost=lost)
    if "english" in data.groups:
        yield words("mixed.rule", margin=f"{data.scores['english']['margin']:g}")
