"""Costs and return on the page, in the terminal and in the summary."""

from __future__ import annotations

import re
from dataclasses import replace

import lxml.html
import pytest
from made_up_runs import cost_facts
from test_report_page import check

from pinchtune.advice.costs import count_costs
from pinchtune.config import Config
from pinchtune.reporting import build_report, build_summary
from pinchtune.reporting.costs import build_costs, costs_text
from pinchtune.reporting.wording import LOCALES, Wording

EN, JA = Wording("en"), Wording("ja")
FULL = {
    "currency": "EUR",
    "hourly_rate": 40.0,
    "machine_rate": 2.0,
    "translation": {"es": 6.0},
    "translated": ("ja",),
    "enquiries_a_month": 2000.0,
    "minutes_saved": 3.0,
}


def with_costs(data, **options):
    """Return the run with these options of [costs]."""
    config = data.config.model_copy(
        update={"costs": Config(languages=data.config.languages, costs=options).costs}
    )
    facts = cost_facts(data.scores, data.config.languages.tuned)
    return replace(data, config=config, costs=count_costs(facts, config.costs))


def view_of(data, words=EN):
    return build_costs(data.costs, data.config, words)


def section(html, locale):
    tree = lxml.html.document_fromstring(html.removeprefix("<!DOCTYPE html>"))
    (found,) = tree.xpath(f"//section[@aria-labelledby='{locale}-costs']")
    return found


def test_each_line_says_what_it_is_and_where_it_is_from(small):
    rows = view_of(with_costs(small, **FULL)).rows
    assert [(row.name, row.basis) for row in rows] == [
        ("Writing examples", "measured"),
        ("Writing examples", "assumed"),
        ("Translations bought", "measured"),
        ("Approving examples", "measured"),
        ("Approving examples", "assumed"),
        ("Computing: tuning and answering", "measured"),
    ]
    assert rows[0].source == "collect.db: history"
    assert rows[1].source == "pinch.toml: costs.writing_minutes"
    assert (rows[1].amount, rows[1].money) == ("1.0 hours for 6", "40.00 EUR")
    assert rows[2].money == "60.00 EUR"


def test_without_prices_and_enquiries_no_money_is_claimed(small):
    for words in (EN, JA):
        text = costs_text(view_of(with_costs(small), words), words)
        assert words("costs.unpriced") in text and words("costs.no_back") in text
        assert "EUR" not in text and not re.search(r"None|nan", text)
    assert "Each" not in view_of(with_costs(small), EN).total


def test_the_return_names_its_assumptions(small):
    view = view_of(with_costs(small, **FULL))
    assert "Assumed are 2,000 enquiries a month, and 3 minutes saved" in view.back[0]
    assert "EUR a month" in view.back[1]
    assert view.effect[1].endswith("count alike: an assumption.")
    assert [row.name.split()[0] for row in view.what_if] == ["Twice", "More", "Instead:"]
    assert "writing" not in view.notes[1] and "(measured)" in view.notes[1]


def test_what_may_bring_nothing_is_not_priced_as_if_it_would(small):
    data = with_costs(small, **FULL)
    step = data.costs.what_if[0]
    unsure = step._replace(per_point=step.points._replace(value=90.0, low=30.0, high=None))
    view = view_of(replace(data, costs=replace(data.costs, what_if=(unsure,))))
    assert view.what_if[0].cells[2] == "30.00 EUR at least; it may bring nothing"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_section_speaks_the_language_of_the_page(small, locale):
    html = build_report(with_costs(small, **FULL))
    check(html)
    found = section(html, locale)
    for code in found.xpath(".//td[@class='source'] | .//p[@class='source']"):
        code.getparent().remove(code)
    text = found.text_content()
    if locale == "en":
        assert not re.search(r"[ぁ-んァ-ン一-龥]", text)
    else:
        known = ("EUR", "pinchtune", "pinch.toml", "docs/advice.md", "pinch", "toml")
        for word in known:
            text = text.replace(word, "")
        assert not re.findall(r"[A-Za-z]{3,}", text)
    marks = [chip.text_content().split()[-1] for chip in found.find_class("chip")]
    assert set(marks) == {Wording(locale)(f"costs.{basis}") for basis in ("measured", "assumed")}


def test_hostile_words_stay_text_and_a_password_stays_secret(small):
    data = with_costs(small, **FULL | {"currency": "<b>&{x}"})
    database = "postgresql://ana:secret@db.example/<i>x"
    collect = data.config.collect.model_copy(update={"database": database})
    data = replace(data, config=data.config.model_copy(update={"collect": collect}))
    html = build_report(data)
    check(html)
    assert "secret" not in html and "&lt;b&gt;&amp;{x}" in html and "<b>" not in html
    assert "postgresql://db.example/&lt;i&gt;x: history" in html
    assert "\\<b\\>" in build_summary(data)


def test_a_report_without_costs_has_no_section(small):
    html = build_report(replace(small, costs=None))
    check(html)
    assert 'id="en-costs"' not in html and "#en-costs" not in html
    assert "Of 100 enquiries" not in build_summary(replace(small, costs=None))


def test_nothing_measured_is_told(small):
    data = with_costs(small, **FULL)
    worth = data.costs.worth._replace(points=None, languages=())
    bare = replace(
        data.costs, worth=worth, lines=(), per_point=None, hours_per_point=None, back=None,
        months=None, what_if=(),
    )  # fmt: skip
    for words in (EN, JA):
        view = build_costs(bare, data.config, words)
        assert view.effect == [words("costs.no_effect")] and view.rows == []
        assert costs_text(view, words)
    check(build_report(replace(data, costs=bare)))


def test_the_terminal_aligns_japanese_columns(small):
    from rich.cells import cell_len

    text = costs_text(view_of(with_costs(small, **FULL), JA), JA)
    rows = [line for line in text.splitlines() if "pinch.toml: costs" in line]
    places = {cell_len(line[: line.index("pinch.toml")]) for line in rows}
    assert len(rows) == 3 and len(places) == 1
