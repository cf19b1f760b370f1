"""Costs and return in words: what was counted and what is assumed never share a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pinchtune.advice.costs import Costs
from pinchtune.advice.ledger import Line, Total, WhatIf
from pinchtune.advice.worth import Range
from pinchtune.config import Config, CostsConfig
from pinchtune.reporting.safety import clip
from pinchtune.reporting.wording import Wording

CURRENCY_CHARACTERS = 12
COLUMNS = ("what_it_costs", "what_it_adds", "each_point", "in_a_month")
"""Of the what-if table."""
SOURCES = {
    ("writing", "measured"): "{database}: history",
    ("writing", "assumed"): "pinch.toml: costs.writing_minutes",
    ("approving", "measured"): "{database}: history",
    ("approving", "assumed"): "pinch.toml: costs.approving_minutes",
    ("translating", "measured"): "pinch.toml: costs.translation",
    ("computing", "measured"): "runs/arms/*/timings.json, runs/answers/*/timings.json",
    ("judging", "measured"): "runs/evaluation/manifest.json: cost",
}
"""Where the amount of a line is from."""


class CostRow(NamedTuple):
    """One line of the costs."""

    name: str
    amount: str
    basis: str
    """`measured` or `assumed`."""
    money: str
    source: str


class ShareRow(NamedTuple):
    """One language."""

    code: str
    name: str
    cells: list[str]
    """Share of the enquiries, effect, what it adds."""


class WhatIfRow(NamedTuple):
    """One other way, or a next step."""

    name: str
    cells: list[str]


class CostsView(NamedTuple):
    """The section on costs and return."""

    rows: list[CostRow]
    total: str
    effect: list[str]
    shares: list[ShareRow]
    back: list[str]
    what_if: list[WhatIfRow]
    notes: list[str]

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns of the what-if table."""
        return COLUMNS


def build_costs(costs: Costs, config: Config, words: Wording) -> CostsView:
    """Return the section in a locale."""
    return CostsView(
        [_row(line, costs, config, words) for line in costs.lines],
        total_text(costs, words),
        list(_effect(costs, words)),
        list(_shares(costs, words)),
        list(_back(costs, config.costs, words)),
        [_what_if(row, costs, words) for row in costs.what_if],
        list(_notes(costs, words)),
    )


def costs_line(costs: Costs, config: CostsConfig, words: Wording) -> str:
    """Return costs and effect in a line or two, for a page that has room for no more."""
    parts, points = [total_text(costs, words)], costs.worth.points
    if points is not None:
        parts.append(words("costs.effect", **_range(points, words, 0)))
    if costs.back and costs.back.money:
        said = _assumed(config, words) | _money_range(costs.back.money, costs, words)
        parts.append(words("costs.back_short", **said))
    return words("page.space").join(parts)


def _assumed(config: CostsConfig, words: Wording) -> dict[str, str]:
    enquiries = words.number(config.enquiries_a_month)
    return {"enquiries": enquiries, "minutes": f"{config.minutes_saved:g}"}


def total_text(costs: Costs, words: Wording) -> str:
    """Return the sum of the lines, and how much of it is assumed."""
    hours = words.number(costs.total.hours, 1)
    assumed = sum(
        line.amount for line in costs.lines if line.basis == "assumed" and line.unit == "hours"
    )
    kind = _kind(assumed, costs.total.hours)
    rest = words(f"costs.hours_{kind}", assumed=words.number(assumed, 1))
    if costs.total.money is None:
        return words("costs.total_hours", hours=hours, rest=rest)
    money = _money(costs.total.money, costs, words)
    return words("costs.total", money=money, hours=hours, rest=rest)


def _kind(assumed: float, hours: float) -> str:
    if not assumed:
        return "measured"
    return "assumed" if assumed >= hours else "mixed"


def _row(line: Line, costs: Costs, config: Config, words: Wording) -> CostRow:
    database = clip(str(config.collect.database), 120, 1).text
    digits = 2 if line.name == "computing" else 1 if line.unit == "hours" else 0
    amount = words(f"costs.{line.unit}", n=words.number(line.amount, digits))
    if line.unit == "hours" and line.about:
        amount = words("costs.for", amount=amount, n=words.number(line.about))
    source = SOURCES[line.name, line.basis].format(database=_no_secret(database))
    money = _money(line.money, costs, words)
    return CostRow(words(f"costs.{line.name}"), amount, line.basis, money, source)


def _no_secret(database: str) -> str:
    """Return the address of a database without user and password."""
    scheme, separator, rest = database.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else database


def _money(value: float | None, costs: Costs, words: Wording) -> str:
    if value is None:
        return words("costs.unpriced")
    currency = clip(costs.currency, CURRENCY_CHARACTERS, 1).text
    number = words.number(value, 0 if abs(value) >= 100 else 2)
    return words("costs.money", n=number, currency=currency).strip()


def _range(value: Range, words: Wording, digits: int = 1) -> dict[str, str]:
    low, high = (words.number(bound, digits) for bound in value[1:])
    return {"value": words.number(value.value, digits), "low": low, "high": high}


def _money_range(value: Range, costs: Costs, words: Wording) -> dict[str, str]:
    names = ("value", "low", "high")
    return {name: _money(part, costs, words) for name, part in zip(names, value, strict=True)}


def _effect(costs: Costs, words: Wording) -> Iterator[str]:
    worth = costs.worth
    if worth.points is None:
        yield words("costs.no_effect")
        return
    yield words("costs.effect", **_range(worth.points, words))
    yield words(f"costs.shares_{worth.shares.source}")
    if worth.covered < 0.995:
        covered = words.number(100 * worth.covered)
        yield words("costs.covered", share=words("page.percent", value=covered))
    if costs.per_point:
        yield _each(costs.per_point, words, "costs.per_point", lambda v: _money(v, costs, words))
    elif costs.hours_per_point:
        yield _each(
            costs.hours_per_point, words, "costs.hours_per_point", lambda v: words.number(v, 1)
        )


def _each(value: Range, words: Wording, key: str, show: Callable[[float | None], str]) -> str:
    """Return what a point costs; without an upper bound where no gain is shown."""
    parts = dict(zip(("value", "low", "high"), map(show, value), strict=True))
    return words(key if value.high is not None else f"{key}_open", **parts)


def _shares(costs: Costs, words: Wording) -> Iterator[ShareRow]:
    for row in costs.worth.languages:
        share = words("page.percent", value=words.number(100 * row.share, 1))
        low, high = (words.number(bound, 1, sign=True) for bound in row.effect[1:])
        effect = words.number(row.effect.value, 1, sign=True)
        if row.effect.low is not None:
            effect += " " + words("page.bracket", low=low, high=high)
        cells = [share, effect, words.number(row.adds, 1, sign=True)]
        yield ShareRow(row.code, words.language(row.code), cells)


def _back(costs: Costs, config: CostsConfig, words: Wording) -> Iterator[str]:
    back = costs.back
    if back is None:
        yield words("costs.no_back")
        return
    yield words(
        "costs.back",
        **_assumed(config, words),
        answers=words.number(back.answers.value),
        **_range(back.hours, words),
    )
    if back.money:
        yield words("costs.back_money", **_money_range(back.money, costs, words))
    if costs.months:
        yield _each(costs.months, words, "costs.months", lambda v: words.number(v, 1))


def _what_if(row: WhatIf, costs: Costs, words: Wording) -> WhatIfRow:
    names = words.join(words.language(code) for code in row.codes)
    name = words(f"costs.{row.name}", n=words.number(row.examples), names=names)
    points, each, back = row.points, row.per_point, row.back
    none = words("page.unknown")
    known = "" if points is None else words("costs.bracketed", **_range(points, words))
    money = back.money if back else None
    return WhatIfRow(
        name,
        [
            _price(row.cost, costs, words),
            known or words("costs.nothing_known"),
            none if each is None else _limited(each, costs, words),
            none
            if money is None
            else words("costs.bracketed", **_money_range(money, costs, words)),
        ],
    )


def _price(cost: Total, costs: Costs, words: Wording) -> str:
    hours = words("costs.hours", n=words.number(cost.hours, 1))
    return hours if cost.money is None else _money(cost.money, costs, words)


def _limited(each: Range, costs: Costs, words: Wording) -> str:
    """Return the cost of a point; only its lowest where the step may bring nothing."""
    if each.high is None:
        return words("costs.at_least", low=_money(each.low, costs, words))
    return words("costs.bracketed", **_money_range(each, costs, words))


def _notes(costs: Costs, words: Wording) -> Iterator[str]:
    names = {line.name for line in costs.lines if line.basis == "measured"}
    if names & {"writing", "approving"}:
        yield words("costs.at_least_so_long")
    if costs.what_if:
        minutes = {name: words.number(n, 1) for name, (n, _) in costs.minutes.items()}
        bases = {
            f"{name}_basis": words(f"costs.{basis}") for name, (_, basis) in costs.minutes.items()
        }
        yield words("costs.what_if_note", **minutes, **bases)
    yield words("costs.not_counted")


def costs_text(view: CostsView, words: Wording) -> str:
    """Return the section as plain text, for a terminal."""
    rows = [[r.name, r.amount, words(f"costs.{r.basis}"), r.money, r.source] for r in view.rows]
    parts = [
        words("costs.title"),
        table_text(rows),
        view.total,
        "\n".join(view.effect),
        "\n".join(view.back),
    ]
    if view.what_if:
        head = ["", *(words(f"costs.{name}") for name in view.columns)]
        parts.append(table_text([head, *([row.name, *row.cells] for row in view.what_if)]))
    return "\n\n".join([*parts, "\n".join(view.notes)])


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns; a Japanese letter takes the room of two."""
    from rich.cells import cell_len

    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )
