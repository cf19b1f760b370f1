"""One page for the meeting: the verdict, three sentences to say, one figure, one line on the rest.

The sentences are filled from the decision. What may not be claimed, because a claim before it is
not shown, is not said as if it might.
"""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from pinchtune.reporting.charts import NARROW, forest_sheet
from pinchtune.reporting.costs import costs_line
from pinchtune.reporting.figures import forest_rows
from pinchtune.reporting.headline import HeadlineView, build_headline
from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.safety import clip
from pinchtune.reporting.shell import render
from pinchtune.reporting.slides import forest_slide
from pinchtune.reporting.wording import LOCALES, Wording, check_locale

NAME_CHARACTERS = 80
_STATES = {"helped": "shown", "kept": "shown", "harmed": "harmed", "lost": "harmed"}


class MeetingView(NamedTuple):
    """The page in one language."""

    words: Wording
    title: str
    kicker: str
    top: HeadlineView
    sentences: list[str]
    drawings: list[tuple[str, Markup]]
    """Class and SVG; none if nothing was compared."""
    costs: str
    next: str
    limit: str


def build_meeting(data: ReportData, locale: str = "en") -> str:
    """Return the page for the meeting as one HTML file that opens in `locale`."""
    check_locale(locale)
    views = [_view(data, Wording(code)) for code in LOCALES]
    return render("meeting.html.j2", views, locale, ["meeting.css"])


def _view(data: ReportData, words: Wording) -> MeetingView:
    top = build_headline(data, words)
    kicker = words(
        "meeting.kicker",
        prompts=words.number(len(data.prompts)),
        languages=len(data.scores["languages"]),
        model=clip(data.config.model.base, NAME_CHARACTERS, 1).text,
    )
    return MeetingView(
        words,
        words("page.title", name=clip(data.name, NAME_CHARACTERS, 1).text),
        kicker,
        top,
        [sentence(data, group, words) for group in data.groups],
        _drawings(data, words),
        costs_line(data.costs, data.config.costs, words) if data.costs else top.cost.after,
        _next(data, top, words),
        _limit(data, words),
    )


def _next(data: ReportData, top: HeadlineView, words: Wording) -> str:
    """Return what to do now, and the title of what is recommended after this very result."""
    if not data.advice:
        return top.next[0]
    return words("meeting.step", now=top.next[0], title=data.advice[words.locale]["title"])


def sentence(data: ReportData, group: str, words: Wording) -> str:
    """Return what to say of a group, with its uncertainty in plain words."""
    rate, limit = data.win_rate(group), data.limit(group)
    if None in (rate["value"], rate["low"], rate["high"]):
        return words(f"meeting.{group}_unknown")
    numbers = {key: words.score(rate[key], limit) for key in ("value", "low", "high")}
    said = words(f"meeting.{group}", **numbers)
    end = words(f"meeting.{_kind(group)}_{state(data, group)}", limit=f"{limit:g}")
    return said + end


def _kind(group: str) -> str:
    return "english" if group == "english" else "others"


def state(data: ReportData, group: str) -> str:
    """Return `shown`, `held` (it would be, but a claim before it is not), `harmed` or `unclear`."""
    found, step = _STATES.get(str(data.decision[group]), "unclear"), data.step(group)
    if found != "shown" or step is None or step["shown"]:
        return found
    return "unclear" if group == data.sequence[0] else "held"


def _drawings(data: ReportData, words: Wording) -> list[tuple[str, Markup]]:
    slide = forest_slide(data, words)
    if slide is None:
        return []
    narrow = forest_sheet(forest_rows(data, words), words, NARROW)
    sheets = (("wide", slide.sheet), ("narrow", narrow))
    return [
        (name, sheet.markup(f"{words.locale}-meeting-{name}", slide.title, slide.text))
        for name, sheet in sheets
    ]


def _limit(data: ReportData, words: Wording) -> str:
    judge = str(data.scores["win_rate"]["judge"])
    if not judge:
        return words("meeting.limit_none")
    kinds = ("reference", "people")
    return words(f"meeting.limit_{next((k for k in kinds if judge.startswith(k)), 'judge')}")
