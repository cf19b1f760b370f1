"""The page of an A/B test: verdict, effect by language and by day, guards, plan, deviations.

It is made from the result alone, the same while the test runs and after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from markupsafe import Markup

from pinchtune.drawing.svg import INK, SOFT, Picture
from pinchtune.reporting.safety import clip
from pinchtune.reporting.shell import render
from pinchtune.reporting.wording import LOCALES, Wording

Json = Mapping[str, Any]
ALL = "all"
TONES = {
    "better": ("go", "✓"), "worse": ("no-go", "✗"), "mixed": ("unclear", "±"),
    "unclear": ("unclear", "?"),
}  # fmt: skip
CHIPS = {"better": "good", "worse": "bad", "unclear": "open"}
_NAME, _TEXT = 80, 300
_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT = 560.0, 220.0, 54.0, 8.0, 40.0
BLUE, RED, PALE, RULE = "#005b96", "#a63c06", "#9ec3dd", "#e4e7eb"


class Line(NamedTuple):
    """A row of a table; what is not text is a chip's tone and word."""

    name: str
    cells: list[str]
    tone: str = ""
    word: str = ""


class View(NamedTuple):
    """The page in one language."""

    words: Wording
    title: str
    tone: str
    icon: str
    word: str
    line: str
    when: str
    lead: str
    effects: list[Line]
    drawings: list[tuple[str, Markup, str]]
    """Name of the group, drawing (empty if there is nothing), the same in words."""
    days_lead: str
    measures: list[tuple[str, list[Line]]]
    guards: list[Line]
    guards_lead: str
    plan: list[tuple[str, str]]
    deviations: list[str]
    arms: tuple[str, str]

    @property
    def locale(self) -> str:
        """`en` or `ja`."""
        return self.words.locale


def build_page(name: str, result: Json, locale: str = "en") -> str:
    """Return one HTML file that opens in `locale`; UsageError for an unknown one."""
    views = [_view(name, result, Wording(code)) for code in LOCALES]
    return render("abtest.html.j2", views, locale)


def _view(name: str, result: Json, words: Wording) -> View:
    first, second = (clip(arm, _NAME, 1).text for arm in result["promised"]["arms"])
    verdict = result["verdict"]
    tone, icon = TONES[verdict]
    over = "ab.over" if result["is_over"] else "ab.running"
    level = words.number(100 * (1 - result["promised"]["level"]), 0)
    return View(
        words=words,
        title=words("ab.title", name=clip(name, _NAME, 1).text, first=first, second=second),
        tone=tone,
        icon=icon,
        word=words(f"ab.{verdict}"),
        line=_line(result, words, first, second),
        when=words(over, start=_moment(result["started"]), end=_moment(result["until"])),
        lead=words("ab.effect_lead", level=level),
        effects=[_effect(result, group, words) for group in result["groups"]],
        drawings=[_drawing(result, group, words) for group in result["groups"]],
        days_lead=words("ab.days_lead", second=second),
        measures=_measures(result, words),
        guards=[_guard(guard, words) for guard in result["guards"]],
        guards_lead=words("ab.guards_lead", second=second),
        plan=_plan(result, words, first, second),
        deviations=_deviations(result, words),
        arms=(first, second),
    )


def _line(result: Json, words: Wording, first: str, second: str) -> str:
    """Return the verdict as a sentence."""
    if result["stops"].get(ALL, {}).get("by") == "guard":
        return words("ab.guard_line", second=second)
    found = {
        verdict: words.join(
            words("ab.all_inside") if group == ALL else words.language(group)
            for group, claim in result["claims"].items()
            if claim["verdict"] == verdict
        )
        for verdict in ("better", "worse")
    }
    verdict = result["verdict"]
    return words(
        f"ab.{verdict}_line", first=first, second=second, groups=found.get(verdict, ""), **found
    )


def _group(group: str, words: Wording) -> str:
    return words("ab.all") if group == ALL else words.language(group)


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _points(value: float | None, words: Wording, sign: bool = False) -> str:
    return words.number(None if value is None else 100 * value, 1, sign)


def _span(group: Json, words: Wording) -> str:
    """Return a range, or a dash while there is none."""
    if group["value"] is None:
        return words.number(None)
    low, high = (_points(group[bound], words, True) for bound in ("low", "high"))
    return words("page.bracket", low=low, high=high)


def _effect(result: Json, group: str, words: Wording) -> Line:
    found, claim = result["groups"][group], result["claims"][group]
    cells = [
        " / ".join(words.number(n) for n in found["users"]),
        _points(found["first"], words),
        _points(found["second"], words),
        _points(found["value"], words, True),
        _span(found, words),
        words.p_value(claim["adjusted"]),
    ]
    verdict = claim["verdict"]
    return Line(_group(group, words), cells, CHIPS[verdict], words(f"ab.{verdict}"))


def _drawing(result: Json, group: str, words: Wording) -> tuple[str, Markup, str]:
    """Draw the range of each day, and say the last one in words."""
    name, days = _group(group, words), result["groups"][group]["days"]
    if not days:
        return name, Markup(""), words("ab.nobody")
    last = days[-1]
    values = {k: _points(last[k], words, True) for k in ("value", "low", "high")}
    text = words("ab.days_text", group=name, day=words.number(last["day"], 1), **values)
    picture = _paint(days, words)
    ident = f"ab-{words.locale}-{group}"
    return name, Markup(picture.described(ident, name, text)), text


class _Scale(NamedTuple):
    """Days and differences to positions."""

    end: float
    most: float
    """The difference at the top."""

    def across(self, day: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 14) * day / self.end

    def down(self, value: float) -> float:
        kept = min(max(value, -self.most), self.most)
        return _TOP + (_HEIGHT - _FOOT - _TOP) * (1 - kept / self.most) / 2


def _paint(days: list[Json], words: Wording) -> Picture:
    """Draw a bar and a mark for each day; the widest bars, of the first days, are cut off."""
    picture = Picture(_WIDTH, _HEIGHT)
    late = [abs(day[bound]) for day in days[len(days) // 3 :] for bound in ("low", "high")]
    scale = _Scale(max(1.0, days[-1]["day"]), min(1.0, max(0.05, *late)))
    _axes(picture, scale, words)
    for day in days:
        x, high, low = scale.across(day["day"]), scale.down(day["high"]), scale.down(day["low"])
        picture.box(x - 2, high, 4.0, max(1.0, low - high), fill=PALE)
        is_shown = day["low"] > 0 or day["high"] < 0
        colour = (BLUE if day["value"] > 0 else RED) if is_shown else SOFT
        picture.box(x - 3.5, scale.down(day["value"]) - 3.5, 7.0, 7.0, fill=colour)
    return picture


def _axes(picture: Picture, scale: _Scale, words: Wording) -> None:
    for value in (-scale.most, -scale.most / 2, 0.0, scale.most / 2, scale.most):
        y, label = scale.down(value), _points(value, words, True)
        picture.box(_LEFT, y, _WIDTH - _LEFT, 1.0, fill=RULE if value else INK)
        picture.text(_LEFT - 6, y, label, 11, anchor="end", fill=SOFT)
    y = _HEIGHT - _FOOT
    for day in sorted({0.0, scale.end / 2, scale.end}):
        picture.text(scale.across(day), y + 14, words.number(day), 11, anchor="middle", fill=SOFT)
    picture.text(_WIDTH / 2, y + 32, words("ab.day"), 11, anchor="middle", fill=SOFT)


def _measures(result: Json, words: Wording) -> list[tuple[str, list[Line]]]:
    """Return the tables of what was counted beside what decides, those with values only."""
    found = []
    for measure, groups in result["measures"].items():
        if measure == result["promised"]["measure"]:
            continue
        lines = [
            Line(
                _group(group, words),
                [
                    " / ".join(words.number(n) for n in facts["users"]),
                    _points(facts["first"], words),
                    _points(facts["second"], words),
                    _points(facts["value"], words, True),
                    _span(facts, words),
                ],
            )
            for group, facts in groups.items()
            if any(facts["users"])
        ]
        if lines:
            found.append((words(f"ab.{measure}"), lines))
    return found


def _guard(guard: Json, words: Wording) -> Line:
    state, tone = ("broken", "bad") if guard["is_broken"] else ("holds", "good")
    name = f"{words('ab.' + guard['measure'])} ({_group(guard['group'], words)})"
    cells = [
        " / ".join(words.number(n) for n in guard["users"]),
        _points(guard["first"], words),
        _points(guard["second"], words),
        words.number(100 * guard["limit"], 1),
    ]
    return Line(name, cells, tone, words(f"ab.{state}"))


def _plan(result: Json, words: Wording, first: str, second: str) -> list[tuple[str, str]]:
    promised, counts = result["promised"], result["counts"]
    share = 100 * promised["split"]
    split = {"share": words.number(share, 0), "rest": words.number(100 - share, 0)}
    numbers = {k: words.number(counts[k]) for k in ("counted", "feedback", "checks")}
    rows = {
        "plan_id": result["plan"],
        "by": clip(result["by"], _NAME, 1).text,
        "split": words("ab.split_text", first=first, second=second, **split),
        "languages": words.join(words.language(code) for code in promised["languages"]),
        "length": words(_length(promised), days=words.number(promised["days"])),
        "level": words("page.percent", value=words.number(100 * promised["level"], 1)),
        "guard_level": words("page.percent", value=words.number(100 * promised["guard_level"], 1)),
        "correction": words("ab.correction_text"),
        "slow_text": words("ab.seconds", value=words.number(promised["slow_seconds"], 1)),
        "counts": words("ab.counts_text", all=words.number(counts["exchanges"]), **numbers),
    }
    return [(words(f"ab.{key}"), value) for key, value in rows.items()]


def _length(promised: Json) -> str:
    # Plans that were written before there was a choice do not say it.
    return "ab.until_shown_text" if promised.get("until_shown") else "ab.length_text"


def _deviations(result: Json, words: Wording) -> list[str]:
    found = [
        words(
            "ab.stopped",
            group=_group(group, words),
            day=words.number((stop["time"] - result["started"]) / 86_400, 1),
            by=clip(stop["by"], _NAME, 1).text,
            why=clip(stop["why"], _TEXT, 2).text,
        )
        for group, stop in sorted(result["stops"].items())
    ]
    for change in result["deviations"]:
        if change["what"] in ("other_arm", "lost"):
            found.append(words(f"ab.{change['what']}", count=words.number(change["count"])))
        if change["what"] == "versions":
            arm, names = change["arm"], " / ".join(change["versions"])
            shown = {"arm": clip(arm, _NAME, 1).text, "versions": clip(names, _TEXT, 1).text}
            found.append(words("ab.versions", **shown))
    return found
