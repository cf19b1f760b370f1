"""Every number leads to the answers behind it."""

from __future__ import annotations

import re
from dataclasses import replace

import lxml.html
import pytest
from made_up_runs import LANGUAGES
from test_report_costs import FULL, with_costs
from test_report_page import ALIVE, check, hostile_data, text_of

from pinchtune.evaluation.decision import decide
from pinchtune.evaluation.scores import score_arms
from pinchtune.reporting import answers, build_answers, build_report
from pinchtune.reporting.sources import SECTIONS, Source


@pytest.fixture(scope="module")
def real(small):
    """A run whose scores are those of its own answers and verdicts."""
    bits = {arm: {} for arm in small.answers}
    scores = score_arms(small.prompts, small.answers, bits, small.verdicts, small.config)
    return replace(small, scores=scores, decision=decide(scores).to_json())


@pytest.fixture(scope="module")
def pages(real):
    return dict(build_answers(real))


def tree_of(html):
    return lxml.html.document_fromstring(html.removeprefix("<!DOCTYPE html>"))


def test_every_link_of_the_report_leads_somewhere(real, pages):
    html = build_report(real)
    links = {link for link in check(html).links if link.startswith("answers-")}
    for link in links:
        name, _, place = link.partition("#")
        assert name in pages
        assert not place or f'id="{place}"' in pages[name]
    assert {f"answers-{row['code']}.html" for row in real.scores["languages"]} <= links


def test_every_row_of_a_language_leads_to_its_answers(real):
    tree = tree_of(build_report(with_costs(real, **FULL)))
    (main,) = tree.xpath("//main[@id='en']")
    rows = main.xpath(
        ".//table[contains(@class, 'numbers') or contains(@class, 'plain')]//tbody/tr"
    )
    names = {"Spanish", "Japanese", "Arabic"}
    counted = 0
    for row in rows:
        head = row.find("th")
        if text_of(head) in names:
            counted += bool(head.xpath(".//a/@href"))
            assert head.xpath(".//a/@href"), text_of(row)
    assert counted > 20


def test_every_section_says_where_its_numbers_are_from(real):
    tree = tree_of(build_report(with_costs(real, **FULL)))
    for locale in ("en", "ja"):
        (main,) = tree.xpath(f"//main[@id='{locale}']")
        for section in main.xpath("./section"):
            numbers = section.xpath(".//table | .//svg | .//article[@class='card']")
            if numbers and not section.xpath(".//article[contains(@class, 'sample')]"):
                assert section.find_class("source"), section.get("aria-labelledby")


def test_the_counts_of_a_page_make_its_win_rate(real, pages):
    for code in ("es", "ja", "ar", "en"):
        (main,) = tree_of(pages[f"answers-{code}.html"]).xpath("//header[@id='en']")
        row = text_of(main.xpath(".//tbody/tr")[0])
        won, tied, lost, judged = map(
            int, re.search(r"(\d+) won, (\d+) tied and (\d+) lost of (\d+)", row).groups()
        )
        assert won + tied + lost == judged
        value = real.win_rate(language=code)["value"]
        assert 100 * (won + tied / 2) / judged == pytest.approx(value)
        assert f"win_rate.languages.{code}" in row


def test_the_counts_of_right_languages_make_their_shares(real, pages):
    for code in ("es", "ja", "ar"):
        (main,) = tree_of(pages[f"answers-{code}.html"]).xpath("//header[@id='en']")
        for row, arm in zip(main.xpath(".//tbody/tr")[1:], ("english", "pinch"), strict=True):
            right, n = map(int, re.search(r"(\d+) of (\d+) answers", text_of(row)).groups())
            value = real.estimate("right_language", arm, language=code)["value"]
            assert 100 * right / n == pytest.approx(value)


def test_a_verdict_names_its_line(real, pages):
    ids = [v.prompt_id for v in real.verdicts]
    for page in pages.values():
        for article in tree_of(page).find_class("sample"):
            line = re.search(r"line (\d+) of runs/evaluation/verdicts.jsonl", text_of(article))
            assert article.get("id") == f"p-{ids[int(line.group(1)) - 1]}"


def test_all_answers_stand_in_their_own_direction(real, pages):
    articles = tree_of(pages["answers-ar.html"]).find_class("sample")
    assert len(articles) == sum(p.language == "ar" for p in real.prompts)
    for article in articles:
        question = article.find_class("question")[0]
        assert (question.get("lang"), question.get("dir")) == ("ar", "rtl")
    texts = " ".join(text_of(a) for a in articles)
    for answer in real.answers["pinch"]:
        if answer.language == "ar":
            assert " ".join(answer.text.split())[:40] in texts


def test_a_text_stands_once_and_the_words_around_it_in_both_languages(pages):
    tree = tree_of(pages["answers-ja.html"])
    article = tree.find_class("sample")[0]
    assert len(article.find_class("question")) == 1
    english, japanese = (article.find_class(f"in-{code}") for code in ("en", "ja"))
    assert len(english) == len(japanese) > 5
    assert not any(re.search(r"[ぁ-ん]", text_of(span)) for span in english)


def test_pages_are_whole_and_bounded(real, monkeypatch):
    monkeypatch.setattr(answers, "PROMPTS", 1)
    for _, page in build_answers(real):
        check(page)
        assert page.count('class="sample"') == 1
        assert "Further questions that are not shown here: 1." in page


def test_hostile_answers_stay_text(monkeypatch):
    pages = dict(build_answers(hostile_data()))
    assert sorted(pages) == ["answers-ar.html", "answers-en.html", "answers-es.html"]
    for page in pages.values():
        check(page)
        assert not any(piece in page for piece in ALIVE)
        assert not set("\u202e\x00\x1b\ud800") & set(page)
        assert "{{ 7*7 }}" in page and len(page) < 100_000


def test_a_run_without_answers_has_no_pages(small):
    assert list(build_answers(replace(small, answers={}))) == []


def test_sources_lead_out_of_the_folder_of_the_report():
    assert Source("runs/evaluation/scores.json").href == "../evaluation/scores.json"
    assert Source("plan.json").href == "../../plan.json"
    assert all(places for places in SECTIONS.values())


def test_languages_of_the_starter_set_have_plain_file_names(data):
    names = {name for name, _ in build_answers(data)}
    assert names == {f"answers-{code}.html" for code in LANGUAGES}
