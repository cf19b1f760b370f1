"""The advice in words, Japanese and English, from the catalogues in `wording/`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pinchtune.languages import language_name

LOCALES = ("en", "ja")
Json = Mapping[str, Any]


@cache
def words(locale: str) -> dict[str, dict[str, str]]:
    """Return the texts of a locale, by section."""
    return tomllib.loads(
        (files("pinchtune.advice") / "wording" / f"{locale}.toml").read_text("utf-8")
    )


def _name(code: str, locale: str) -> str:
    name = language_name(code, locale)
    return name[:1].upper() + name[1:]


def _join(items: list[str], locale: str) -> str:
    return words(locale)["page"]["comma"].join(items)


def _names(codes: list[str], locale: str) -> str:
    return _join([_name(code, locale) for code in codes], locale)


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"  # noqa: RUF001 - a dash


def languages_text(advice: Json, locale: str) -> str:
    """Return the advice on languages as a page of Markdown."""
    said = words(locale)["languages"]
    best = advice["recommended"]
    facts = {row["code"]: row for row in advice["facts"]}
    lines = [
        f"# {said['title']}",
        "",
        said["collect"].format(
            names=_names(best["codes"], locale),
            dose=advice["dose"],
            share=-(-advice["dose"] // len(best["codes"])),
        ),
        "",
    ]
    lines += [f"- {part_sentence(p, facts[p['code']], locale)}" for p in best["parts"]]
    if advice["warnings"]:
        lines += ["", f"## {said['warnings']}", ""]
        lines += [f"- {warning_sentence(w, locale)}" for w in advice["warnings"]]
    lines += ["", f"## {said['sets']}", "", said["sets_head"], "| --- " + "| ---: " * 5 + "|"]
    lines += [_set_line(row, locale) for row in _all_sets(advice)]
    lines += ["", f"## {said['facts']}", "", said["facts_head"], "| --- " * 3 + "| ---: " * 8 + "|"]
    lines += [_fact_line(row, locale) for row in advice["facts"]]
    return "\n".join([*lines, "", said["rests_on"], ""])


def _all_sets(advice: Json) -> list[Json]:
    return [row for size in sorted(advice["sets"]) for row in advice["sets"][size]]


def _set_line(row: Json, locale: str) -> str:
    parts = ("score", "coverage", "known", "enquiries", "cost")
    numbers = " | ".join(_number(row[part]) for part in parts)
    return f"| {_names(row['codes'], locale)} | {numbers} |"


def _fact_line(row: Json, locale: str) -> str:
    measured = ("premium", "tokens_per_word", "tokens_per_character", "bits_per_byte", "parity")
    numbers = [_number(row[name]) for name in (*measured, "mexa")]
    asked = "–" if row["enquiries"] is None else str(row["enquiries"])  # noqa: RUF001
    family = (
        row["branch"] if row["branch"] == row["family"] else f"{row['family']}, {row['branch']}"
    )
    cells = [_name(row["code"], locale), row["script"], family, *numbers, asked, row["examples"]]
    return "| " + " | ".join(map(str, cells)) + " |"


def part_sentence(part: Json, facts: Json, locale: str) -> str:
    """Return why a language is in the set."""
    said = words(locale)["part"]
    kinds: dict[str, list[str]] = {}
    for code, why in part["stands_for"]:
        kinds.setdefault(why, []).append(code)
    others = [
        said[why].format(names=_names(codes, locale))
        for why, codes in kinds.items()
        if why != "same"
    ]
    name = _name(part["code"], locale)
    kind = "stands" if others else "alone" if "same" in kinds else "spare"
    text = said[kind].format(name=name, others=_join(others, locale))
    if facts["mexa"] is not None:
        text += said["known"].format(mexa=f"{100 * facts['mexa']:.0f}")
    if facts["parity"]:
        text += said["parity"].format(cost=f"{1 / facts['parity']:.1f}")
    if facts["enquiries"] is not None:
        text += said["enquiries"].format(n=facts["enquiries"])
    missing = part["missing"]
    pool = said["pool" if missing else "pool_full"]
    return text + pool.format(n=facts["examples"], missing=missing) + said["end"]


def warning_sentence(warned: Json, locale: str) -> str:
    """Return why a pinch in a language is not expected to help."""
    said = words(locale)["warning"]
    share = {
        k: f"{100 * warned[k]:.1f}" for k in ("value", "limit", "chance") if warned[k] is not None
    }
    cost = f"{1 / warned['value']:.1f}" if warned["value"] else "–"  # noqa: RUF001 - a dash
    name = _name(warned["code"], locale)
    return said[warned["reason"]].format(**{"chance": "", **share}, cost=cost, name=name)


def next_text(plan: Json, locale: str) -> str:
    """Return the advice on the next step as a page of Markdown."""
    said = words(locale)["next"]
    first = plan["steps"][0]
    lines = [f"# {said['title']}", "", step_sentence(first, plan["verdict"], locale), ""]
    if first["clusters"]:
        lines += [said["clusters"], ""]
        lines += [f"- {c['name'] or c['id']}: {c['examples']}" for c in first["clusters"]] + [""]
    lines += [said["head"], "| --- " * 2 + "| ---: " * 7 + "|"]
    lines += [_step_line(step, locale) for step in plan["steps"]]
    lines += ["", f"## {said['rests']}", ""]
    lines += [f"- {_note(note, plan, locale)}" for note in plan["notes"]]
    return "\n".join([*lines, ""])


def step_sentence(step: Json, verdict: str, locale: str) -> str:
    """Return the advice on one language, with what is not certain about it."""
    said = words(locale)["next"]
    gain = step["gain"] or {"value": 0.0, "low": 0.0, "high": 0.0}
    text = said[verdict].format(
        name=_name(step["code"], locale),
        n=step["examples"],
        now=f"{step['now']:.0f}",
        control=f"{step['control']:.0f}",
        gain=_signed(gain["value"]),
        low=_signed(gain["low"]),
        high=_signed(gain["high"]),
        best=f"{100 * (step['best'] or 0):.0f}",
    )
    return text + "".join(said[f"caution_{c}"] for c in step["cautions"])


def _signed(value: float) -> str:
    rounded = round(value) + 0
    return f"−{-rounded}" if rounded < 0 else f"+{rounded}" if rounded else "0"  # noqa: RUF001


def _step_line(step: Json, locale: str) -> str:
    said = words(locale)["next"]
    gain = step["gain"]
    dash = "–"  # noqa: RUF001 - a dash
    effect, measured = step["effect"], step["measured"]
    cells = [
        _name(step["code"], locale),
        said[step["group"]],
        f"{step['have']}",
        f"{step['control']:.0f}",
        f"{step['now']:.0f}",
        f"{_signed(measured['value'])}{_range(measured)}",
        f"{_signed(effect['value'])}{_range(effect)}",
        f"{_signed(gain['value'])}{_range(gain)}" if gain else dash,
        dash if step["best"] is None else f"{100 * step['best']:.0f} %",
    ]
    return "| " + " | ".join(cells) + " |"


def _range(estimate: Json) -> str:
    if estimate["low"] is None or estimate["high"] is None:
        return ""
    return f" [{_signed(estimate['low'])}, {_signed(estimate['high'])}]"


def _note(note: str, plan: Json, locale: str) -> str:
    ratio = plan["ratio"] or {"value": 0, "low": 0, "high": 0}
    share = {k: f"{100 * ratio[k]:.0f}" for k in ("value", "low", "high")}
    return words(locale)["notes"][note].format(usual=plan["usual"], **share)
