"""The page: whole, safe, in both languages, and sensible where data are missing."""

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import lxml.html
import pytest
from made_up_runs import NOTHING, fake_scores, make_data, make_small

from pinchtune.config import Config
from pinchtune.errors import UsageError
from pinchtune.evaluation.decision import decide
from pinchtune.evaluation.scores import score_arms
from pinchtune.records import Answer, Example, Verdict
from pinchtune.reporting import build_report, build_summary

VOID = {"meta", "link", "input", "br"}
ALIVE = ("<script>alert", "<img", "onerror=1>", "javascript:alert")
LOCAL = re.compile(
    r"(report|meeting)\.html|answers-[a-z]+\.html(#p-[0-9a-f]{16})?"
    r"|\.\./(evaluation|mixture|mine|selection|report)/[a-z]+\.jsonl?|\.\./\.\./(plan\.json|pinch\.toml)"
)
"""Files beside the page, and those of the run: a link goes nowhere else."""
HOSTILE = (
    "<script>alert(1)</script>\"'><img src=http://evil.example/x onerror=1>"
    "{{ 7*7 }} {% raw %} </p></main> \u202egnp.exe\x00\x1b[31m \ud800 👩🏽‍🚀 " + "W" * 300
)


class Strict(HTMLParser):
    """Checks that what is opened is closed, in order, and collects ids, links and texts."""

    def __init__(self):
        super().__init__()
        self.stack, self.ids, self.links, self.texts = [], [], [], []

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        if tag not in VOID:
            self.stack.append(tag)
        self.note(attrs)

    def handle_startendtag(self, tag, attrs):
        self.note(attrs)

    def note(self, attrs):
        for name, value in attrs:
            assert not name.startswith("on"), f"inline handler {name}"
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "src", "xlink:href", "action", "data"):
                self.links.append(value)

    def handle_endtag(self, tag):
        assert self.stack and self.stack.pop() == tag, f"</{tag}> does not close what is open"

    def handle_data(self, data):
        self.texts.append(data)


def check(html):
    parser = Strict()
    parser.feed(html)
    parser.close()
    assert parser.stack == []
    assert [name for name, n in Counter(parser.ids).items() if n > 1] == []
    for link in parser.links:
        here = link[0] == "#" and link[1:] in parser.ids
        assert here or link == "data:," or LOCAL.fullmatch(link), link
    return parser


@pytest.fixture(scope="module")
def page(data):
    return build_report(data)


@pytest.fixture(scope="module")
def tree(page):
    return lxml.html.document_fromstring(page.removeprefix("<!DOCTYPE html>"))


def section(tree, locale):
    return tree.get_element_by_id(locale)


def text_of(element):
    return " ".join(element.text_content().split())


def test_page_is_well_formed_and_asks_for_nothing(page):
    check(page)
    assert not re.search(r"https?://|url\((?!#)|@import|src=", page)


def test_drawn_references_point_to_ids_of_the_same_drawing(page):
    ids = set(check(page).ids)
    used = re.findall(r"url\(#([^)]+)\)", page)
    assert set(used) <= ids


def test_policy_allows_exactly_the_script_of_the_page(page):
    import base64
    import hashlib

    script = re.search(r"<script>(.*?)</script>", page, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert page.count("<script") == 1
    assert f"script-src &#39;sha256-{digest}&#39;" in page
    assert "default-src &#39;none&#39;" in page


def test_sections_come_in_order(tree):
    titles = [
        "What was mixed",
        "What changed, language by language",
        "Plan and result",
        "Costs and return",
        "Real answers, side by side",
        "All results",
        "How far the judge can be trusted",
        "What this test cannot tell",
        "Protocol",
    ]
    headings = [text_of(h) for h in section(tree, "en").iter("h2")]
    assert headings[2:] == titles
    assert text_of(section(tree, "en").find_class("verdict-word")[0]) == "✓ Go"
    assert text_of(section(tree, "ja").find_class("verdict-word")[0]) == "✓ 公開可"


@pytest.mark.parametrize("locale", ["en", "ja", "ja_JP"])
def test_first_language_is_chosen_by_argument(small, locale):
    html = build_report(small, locale)
    short = locale[:2]
    assert html.startswith(f'<!DOCTYPE html>\n<html lang="{short}">')
    assert re.findall(r'value="(\w+)" checked', html) == [short]


def test_unknown_locale_is_refused(small):
    with pytest.raises(UsageError, match="use one of: en ja"):
        build_report(small, "fr")


def test_both_languages_are_marked_and_speak_one_language_each(tree):
    assert [m.get("lang") for m in tree.iter("main")] == ["en", "ja"]
    english = section(tree, "en").find_class("cards")[0]
    assert not re.search(r"[ぁ-ん一-龥]", text_of(english))
    japanese = text_of(section(tree, "ja").find_class("cards")[0])
    assert not re.search(r"[A-Za-z]{3}", japanese)


def test_big_figures_show_before_and_after_with_uncertainty_in_words(data, tree):
    card = text_of(section(tree, "en").find_class("card")[0])
    before = data.estimate("right_language", "english", "seen")
    after = data.estimate("right_language", "pinch", "seen")
    assert f"before {before['value']:.0f}% → after {after['value']:.0f}%" in card
    assert f"After: very likely between {after['low']:.0f} and {after['high']:.0f}%" in card
    assert "Spanish, Japanese, Russian, Arabic" in card


def test_cost_and_mixture_are_told(tree):
    text = text_of(section(tree, "en"))
    assert "27.5 minutes of computing: tuning 13.7 minutes, answering 13.7 minutes" in text
    assert "40 of them were taken out, and 40 examples in other languages" in text
    assert [text_of(r) for r in section(tree, "en").find_class("bars")[0].iter("tr")][1:] == [
        "Spanish 10", "Japanese 10", "Russian 10", "Arabic 10"
    ]  # fmt: skip


def test_figures_are_described_named_and_have_tables(tree):
    for locale, spanish in (("en", "Spanish"), ("ja", "スペイン語")):
        figures = section(tree, locale).findall(".//figure")
        assert len(figures) == 3
        for figure in figures:
            drawings = figure.findall(".//svg")
            assert [d.get("role") for d in drawings] == ["img", "img"]
            for drawing in drawings:
                names = drawing.get("aria-labelledby").split()
                assert all(drawing.xpath(f".//*[@id='{name}']")[0].text for name in names)
            assert figure.findall(".//table")
        names = [t.text for t in figures[0].findall(".//svg")[0].iter("text")]
        assert spanish in names


def test_figures_name_whether_english_is_kept(page):
    changed = build_report(make_small(english_low=35))
    for html, result in ((page, "kept"), (changed, "not shown")):
        drawing = html[html.index('id="en-margin-wide-t"') :]
        assert f"→  {result}<" in drawing[: drawing.index("</svg>")]


def test_page_is_the_same_bytes_again(data, page):
    assert build_report(data) == page


def test_page_needs_no_machine_learning_library():
    code = (
        "import sys, pinchtune.reporting; sys.exit(bool({'torch','transformers'} & {*sys.modules}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_library_is_one_sentence():
    code = """
import sys
sys.modules["matplotlib"] = None
from pinchtune.errors import MissingExtra
try:
    import pinchtune.reporting
except MissingExtra as error:
    sys.exit("pinchtune[report]" not in str(error))
sys.exit(2)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_real_scores_have_the_shape_that_the_page_reads(small):
    """Scores from the evaluation itself, not made up here."""
    bits = {arm: {p.id: (80.0, 100) for p in small.prompts} for arm in small.answers}
    scores = score_arms(small.prompts, small.answers, bits, small.verdicts, small.config)
    html = build_report(replace(small, scores=scores, decision=decide(scores).to_json()))
    check(html)
    assert html.count("There are no values to draw here") == 0
    assert "0.80" in html


def hostile_data():
    config = Config(name=HOSTILE, languages={"tuned": ("es",), "unseen": ("ar",)})
    scores = fake_scores(["en", "es", "ar"], ["es"])
    scores["win_rate"]["judge"] = HOSTILE
    scores["measures"]["chrf"]["unavailable"] = HOSTILE
    prompts = [Example(HOSTILE + str(i), HOSTILE, c) for i, c in enumerate(("en", "es", "ar"))]
    texts = {"english": HOSTILE, "pinch": HOSTILE + " é" * 2500}
    answers = {
        arm: [Answer(p.id, p.language, t, True, 9) for p in prompts] for arm, t in texts.items()
    }
    verdicts = [Verdict(p.id, p.language, 0.0, "a", "a", HOSTILE, HOSTILE) for p in prompts]
    data = make_data(scores, config=config)
    arms = {
        "pinch": {**data.arms["pinch"], "versions": {HOSTILE: HOSTILE}, "files": {HOSTILE: HOSTILE}}
    }
    return replace(
        data, prompts=prompts, answers=answers, verdicts=verdicts, arms=arms,
        verdict={"en": HOSTILE, "ja": HOSTILE}, timings={f"train {HOSTILE}": {"seconds": 1.0}},
    )  # fmt: skip


def test_hostile_text_stays_text():
    html = build_report(hostile_data())
    parser = check(html)
    for piece in ALIVE:
        assert piece not in html
    assert not set("\u202e\x00\x1b\ud800") & set(html)
    html.encode()
    assert any("<script>alert(1)</script>" in text for text in parser.texts)
    assert "49" not in re.findall(r"x onerror=1&gt;(.{0,4})", html)
    assert "the whole text has 5,4" in html


def test_hostile_summary_is_plain_markdown():
    text = build_summary(hostile_data())
    assert "<script>" not in text and "\n# " not in text[2:]
    assert "\\<script\\>" in text


def spoil(scores):
    """Take every estimate away."""

    def walk(value):
        if isinstance(value, dict):
            return dict(NOTHING) if "low" in value else {k: walk(v) for k, v in value.items()}
        return value

    bare = walk(scores)
    bare["win_rate"] |= {"ties": None, "flips": None, "judge": "", "unscored": 104}
    bare["english"]["kept"] = False
    return bare


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_nothing_measured_still_makes_a_page(small, locale):
    scores = spoil(small.scores)
    bare = replace(
        small,
        scores=scores,
        decision=decide(scores).to_json(),
        answers={},
        verdicts=[],
        arms={},
        timings={},
        prompts=[],
    )
    html = build_report(bare, locale)
    check(html)
    assert "Not clear yet" in html and "判断保留" in html
    assert html.count("There are no values to draw here") == 3
    assert "There are no pairs of answers to show." in html
    assert "The computing time was not recorded." in html
    assert "not measured" in html and ">None<" not in html and "nan" not in html
    assert build_summary(bare, locale)


@pytest.mark.parametrize("arms", [("english",), ("base", "english", "pinch")])
def test_one_language_and_any_number_of_arms(arms):
    config = Config(languages={"tuned": ("ja",), "unseen": ()})
    scores = fake_scores(["en", "ja"], ["ja"], arms=arms)
    html = build_report(make_data(scores, config=config, timings={"train pinch": {"seconds": 5}}))
    check(html)
    assert ("Untuned model" in html) == ("base" in arms)
    assert "under 1 minute" in html
    assert "Unseen languages" not in html


def test_many_languages():
    unseen = ["cs", "et", "fi", "he", "hi", "it", "sw", "zh", "ko", "th", "tr"]
    unseen += ["uk", "vi", "nn", "pt", "pl", "nl", "sv", "el", "bn", "de", "fr"]
    config = Config(languages={"tuned": ("es", "ja", "ru", "ar"), "unseen": tuple(unseen)})
    codes = list(config.languages.evaluated)
    assert len(codes) == 27
    html = build_report(make_data(fake_scores(codes, config.languages.tuned), 2, config))
    check(html)
    assert html.count("Norwegian Nynorsk") >= 4


def test_no_pinch_is_told_as_it_is(small):
    pinch = {**small.mixture, "pinch": []}
    html = build_report(replace(small, mixture=pinch))
    check(html)
    assert "No examples in other languages were mixed in" in html


def test_added_pinch_is_told_as_added(small):
    mixture = {**small.mixture, "recipe": {**small.mixture["recipe"], "mode": "add"}}
    assert "the pinch, were added." in build_report(replace(small, mixture=mixture))


def test_different_settings_are_noticed(small):
    other = {**small.arms["pinch"], "train": {**small.arms["pinch"]["train"], "rank": 8}}
    html = build_report(replace(small, arms={**small.arms, "pinch": other}))
    assert "the same settings: NO" in html


def test_unavailable_measure_says_why(small):
    measure = {**small.scores["measures"]["chrf"], "unavailable": "sacrebleu is not installed"}
    scores = {**small.scores, "measures": {**small.scores["measures"], "chrf": measure}}
    assert "Not available: sacrebleu is not installed" in build_report(
        replace(small, scores=scores)
    )


@pytest.mark.parametrize(
    ("locale", "name"), [("en", "Instructions followed"), ("ja", "指示に従った回答")]
)
def test_instructions_followed_show_where_there_are_checks(small, locale, name):
    measures = small.scores["measures"]
    measure = json.loads(json.dumps(measures["line_pass_rate"]))
    for arm in measure["arms"].values():
        for entry in (*arm["languages"].values(), *arm["groups"].values()):
            entry |= {"n": 20, "skipped": 2}
    added = {
        **measures,
        "instructions_followed_strict": measure,
        "instructions_followed_loose": measure,
    }
    assert name not in build_report(small, locale)
    html = build_report(replace(small, scores={**small.scores, "measures": added}), locale)
    table = html[html.rindex(name) :]
    assert ">22<" in table[: table.index("</table>")]


def test_judge_that_is_a_model_gets_its_own_limits(small):
    scores = {**small.scores, "win_rate": {**small.scores["win_rate"], "judge": "gpt-x"}}
    html = build_report(replace(small, scores=scores))
    assert "judged automatically (gpt-x)" in html and "The judge is a simple program" not in html


def test_summary_holds_the_verdict_and_the_figures(data):
    text = build_summary(data, "ja")
    assert data.verdict["ja"] in text and "公開可" in text
    assert "| 学習した言語 |" in text and "report.html" in text
    assert "| Tuned languages |" in build_summary(data)
