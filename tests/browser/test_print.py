"""What is printed: the meeting on one page, the report without anything cut off."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parents[1] / "reporting"))

from made_up_runs import fake_scores, make_data, make_small
from test_report_costs import FULL, with_costs

from pinchtune.config import Config
from pinchtune.evaluation.next_stage import Step
from pinchtune.reporting import build_answers, build_meeting, build_report

LONG = "A project whose name is so long that it takes the whole first line, and the second one too"
PAPERS = ("A4", "Letter")


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page()
    yield opened
    opened.close()


def show(page: Page, folder: Path, html: str, locale: str) -> None:
    path = folder / "page.html"
    path.write_text(html, "utf-8")
    page.goto(path.as_uri())
    page.click(f"label[for=show-{locale}]")


def count_pages(page: Page, paper: str) -> int:
    return len(
        re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format=paper, prefer_css_page_size=False))
    )


def fullest():
    """Return a run with much to say: many languages, long texts, a warning, costs, a return."""
    more = ("ko", "th", "tr", "uk", "vi", "nn", "pt", "pl")
    unseen = (*Config().languages.unseen, *more)
    config = Config(name=LONG, languages={"tuned": ("es", "ja", "ru", "ar"), "unseen": unseen})
    scores = fake_scores(list(config.languages.evaluated), config.languages.tuned, english_low=38)
    data = with_costs(make_data(scores, 1, config), **FULL)
    step = Step("fewer", {}, [], 3)
    advice = {locale: step.text(locale) for locale in ("en", "ja")}
    return replace(data, arms={"pinch": {**data.arms["pinch"], "unapproved": 12}}, advice=advice)


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("locale", ["en", "ja"])
def test_the_meeting_is_one_page(page: Page, tmp_path: Path, paper: str, locale: str):
    small = make_small()
    for data in (small, with_costs(small, **FULL), fullest()):
        show(page, tmp_path, build_meeting(data), locale)
        assert count_pages(page, paper) == 1


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_a_phone_does_not_scroll_sideways(page: Page, tmp_path: Path, locale: str):
    data = fullest()
    answers = dict(build_answers(data))
    page.set_viewport_size({"width": 390, "height": 800})
    for html in (build_meeting(data), build_report(data), answers["answers-ar.html"]):
        show(page, tmp_path, html, locale)
        wide = page.evaluate(
            """() => [...document.querySelectorAll("body *")]
            .filter(e => e.getBoundingClientRect().right > 391 && !e.closest(".scroll, svg"))
            .map(e => e.className + ": " + e.textContent.slice(0, 40))"""
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, wide


def test_no_table_of_the_report_is_cut_in_print(page: Page, tmp_path: Path):
    """Blocks that would fit on a page are kept whole, and headings stay with what they head."""
    show(page, tmp_path, build_report(fullest()), "en")
    page.emulate_media(media="print")
    broken = page.evaluate(
        """() => [...document.querySelectorAll("#en .result, #en .figure, #en .sample, #en .whole")]
        .filter(block => getComputedStyle(block).breakInside !== "avoid").length"""
    )
    loose = page.evaluate(
        """() => [...document.querySelectorAll("#en h2, #en h3, #en caption")]
        .filter(head => getComputedStyle(head).breakAfter !== "avoid").length"""
    )
    assert (broken, loose) == (0, 0)
