"""The page for the meeting, and the slides."""

from __future__ import annotations

import re
from dataclasses import replace

import lxml.etree
import lxml.html
import pytest
from made_up_runs import NOTHING, fake_scores, make_data
from test_report_costs import FULL, with_costs
from test_report_evidence import change, steps
from test_report_page import ALIVE, check, hostile_data

from pinchtune.config import Config
from pinchtune.evaluation.decision import decide
from pinchtune.reporting import build_meeting
from pinchtune.reporting.meeting import sentence, state
from pinchtune.reporting.slides import PIXELS, build_slides
from pinchtune.reporting.wording import LOCALES, Wording

EN, JA = Wording("en"), Wording("ja")
RATES = {"above": (60.0, 55.0, 65.0), "around": (52.0, 45.0, 60.0), "below": (30.0, 25.0, 35.0)}


def rated(data, **where):
    """Return the run with win rates above, around or below what counts."""
    for group, place in where.items():
        rate = dict(zip(("value", "low", "high"), RATES[place], strict=True), n=40)
        data = change(data, ("win_rate", "groups", group), rate)
        if group == "english":
            kept = rate["low"] > 40
            english = {"estimate": rate, "margin": 10.0, "kept": kept}
            data = replace(data, scores={**data.scores, "english": english})
    return replace(data, decision=decide(data.scores).to_json())


@pytest.mark.parametrize(
    ("group", "place", "found", "end"),
    [
        ("seen", "above", "shown", "between 55 and 65: it has become better there."),
        ("seen", "around", "unclear", "so neither a gain nor a loss has been shown there."),
        ("unseen", "below", "harmed", "it has become worse there."),
        ("english", "above", "shown", "above the 40 that was agreed as the least"),
        ("english", "below", "harmed", "English has suffered."),
    ],
)
def test_a_sentence_says_the_figure_its_range_and_what_follows(small, group, place, found, end):
    data = rated(small, **{group: place})
    assert state(data, group) == found
    text = sentence(data, group, EN)
    value, low, high = RATES[place]
    assert f"better in {value:g} of 100 comparisons" in text
    assert f"between {low:g} and {high:g}" in text and end in text


def test_what_a_claim_before_holds_back_is_not_said(small):
    data = rated(small, english="around", seen="above", unseen="above")
    data = steps(data, english=(0.2, False), seen=(0.001, False), unseen=(0.001, False))
    data = replace(data, decision={**data.decision, "seen": "helped", "unseen": "helped"})
    assert [state(data, g) for g in ("seen", "unseen")] == ["held", "held"]
    assert "should not be claimed" in sentence(data, "seen", EN)
    assert "言うべきではありません" in sentence(data, "unseen", JA)
    assert "become better" not in sentence(data, "seen", EN)


def test_what_was_not_measured_gets_no_figure(small):
    data = change(small, ("win_rate", "groups", "seen"), dict(NOTHING))
    assert sentence(data, "seen", EN) == EN("meeting.seen_unknown")
    data = change(small, ("win_rate", "groups", "seen"), {**NOTHING, "value": 60.0})
    assert sentence(data, "seen", JA) == JA("meeting.seen_unknown")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_exists_and_ends(locale):
    words = Wording(locale)
    values = {"value": "62", "low": "54", "high": "71"}
    for group in ("seen", "unseen", "english"):
        kind = "english" if group == "english" else "others"
        ends = ("shown", "harmed", "unclear") + (("held",) if kind == "others" else ())
        for end in ends:
            said = words(f"meeting.{group}", **values) + words(f"meeting.{kind}_{end}", limit="40")
            assert said[-1] in ".。" and "{" not in said
            assert all(number in said for number in values.values())


def main_of(html, locale):
    tree = lxml.html.document_fromstring(html.removeprefix("<!DOCTYPE html>"))
    return tree.get_element_by_id(locale)


def test_the_page_has_three_sentences_a_figure_and_three_lines(small):
    html = build_meeting(with_costs(small, **FULL))
    check(html)
    for locale in LOCALES:
        main = main_of(html, locale)
        assert len(main.xpath(".//ol[@class='say']/li")) == 3
        assert [d.get("class") for d in main.iter("figure")] == [
            "drawing drawing-wide", "drawing drawing-narrow"
        ]  # fmt: skip
        assert len(main.xpath(".//dl/div")) == 3
        assert main.xpath(".//a/@href") == ["report.html"]
    said = main_of(html, "en").text_content()
    assert "EUR" in said and "very likely between" in said and "the judge is a program" in said


@pytest.mark.parametrize(
    ("judge", "key"),
    [
        ("", "limit_none"),
        ("reference-1", "limit_reference"),
        ("people-1 (pairs)", "limit_people"),
        ("m", "limit_judge"),
    ],
)
def test_what_is_not_shown_depends_on_who_judged(small, judge, key):
    html = build_meeting(change(small, ("win_rate", "judge"), judge))
    assert EN(f"meeting.{key}") in main_of(html, "en").text_content()
    assert JA(f"meeting.{key}") in main_of(html, "ja").text_content()


@pytest.mark.parametrize("locale", LOCALES)
def test_one_language_each(small, locale):
    main = main_of(build_meeting(small), locale)
    for part in main.xpath(".//h1 | .//p[@class='kicker']"):
        part.getparent().remove(part)
    text = main.text_content().replace("A/B", "").replace("Holm", "")
    other = r"[ぁ-んァ-ン一-龥]" if locale == "en" else r"[A-Za-z]{3}"
    assert not re.search(other, text)


def test_nothing_measured_and_hostile_texts_still_make_a_page(small):
    bare = change(small, ("win_rate", "languages"), {})
    bare = change(bare, ("win_rate", "groups"), {g: dict(NOTHING) for g in bare.groups})
    html = build_meeting(replace(bare, costs=None, timings={}, prompts=[]))
    check(html)
    assert "There are no values to draw here" in html and build_slides(bare, EN)[0].name == "groups"
    html = build_meeting(hostile_data())
    check(html)
    assert not any(piece in html for piece in ALIVE)


def letters(slide):
    tree = lxml.etree.fromstring(slide.file().encode())
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    assert (tree.get("width"), tree.get("height")) == tuple(map(str, PIXELS))
    assert tree.get("viewBox") == "0 0 720 405"
    texts = tree.findall(".//{http://www.w3.org/2000/svg}text")
    sizes = [float(re.search(r"([\d.]+)px", t.get("style")).group(1)) for t in texts]
    return tree, [t.text for t in texts], min(sizes)


@pytest.mark.parametrize("locale", LOCALES)
def test_slides_are_whole_files_with_real_text_that_can_be_read(data, locale):
    words = Wording(locale)
    forest, groups = build_slides(data, words)
    assert (forest.name, groups.name) == ("forest", "groups")
    for slide in (forest, groups):
        tree, texts, smallest = letters(slide)
        assert smallest >= 10.5, "a thirty-eighth of the height"
        assert words("group.seen") in texts
        assert tree.find("{http://www.w3.org/2000/svg}title").text == slide.title
        assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", slide.file())
    assert words.language("sw") in letters(forest)[1]
    assert slide.file() == build_slides(data, words)[1].file(), "the same bytes again"


def test_what_does_not_fit_is_left_to_the_report():
    more = ("ko", "th", "tr", "uk", "vi", "nn", "pt", "pl", "nl", "sv", "el", "bn", "de", "fr")
    unseen = (*Config().languages.unseen, *more)
    config = Config(languages={"tuned": ("es", "ja", "ru", "ar"), "unseen": unseen})
    scores = fake_scores(list(config.languages.evaluated), config.languages.tuned)
    forest, _ = build_slides(make_data(scores, 1, config), EN)
    _, texts, smallest = letters(forest)
    assert "Spanish" not in texts and "Tuned languages" in texts and smallest >= 10.5
    assert any("the 26 languages stand in the report" in text for text in texts)
