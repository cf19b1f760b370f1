"""What may be claimed, the plan beside the result, the judge's health, and the forest plot."""

import json
import re
from dataclasses import replace

import lxml.html
import pytest
from made_up_runs import NOTHING, make_small

from pinchtune.config import Config
from pinchtune.evaluation.decision import decide
from pinchtune.evaluation.health import FIGURES
from pinchtune.evaluation.scores import score_arms
from pinchtune.reporting import build_report, build_summary
from pinchtune.reporting.charts import NARROW, WIDE, Row, forest_sheet
from pinchtune.reporting.claims import build_claims
from pinchtune.reporting.figures import build_figures
from pinchtune.reporting.inputs import differs_alone
from pinchtune.reporting.judging import build_judging
from pinchtune.reporting.planned import build_plan
from pinchtune.reporting.wording import LOCALES, Wording

EN, JA = Wording("en"), Wording("ja")
TEST = {
    "prompts": 24, "languages": 2, "effect": 8.0, "limit": 50.0, "power_with_all_before": 0.263,
    "error": 0.01, "prompts_needed": 66, "smallest_effect": 13.5,
}  # fmt: skip
PLAN = {
    "id": "0123", "made": "2026-01-31", "is_late": False, "replaced": 0, "deviations": [],
    "assumed": {"effect": 8.0, "ties": 0.33, "correlation": 0.09, "seeds": 1},
    "tests": {
        "english": {**TEST, "languages": 1, "prompts": 100},
        "seen": TEST,
        "unseen": {**TEST, "languages": 1, "smallest_effect": None},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def now(small):
    """A run with scores as the evaluation writes them today."""
    bits = {arm: {} for arm in small.answers}
    config = small.config.model_copy(
        update={"evaluate": small.config.evaluate.model_copy(update={"resamples": 200})}
    )
    scores = score_arms(small.prompts, small.answers, bits, small.verdicts, config)
    return replace(small, scores=scores, decision=decide(scores).to_json())


def change(data, path, value):
    """Return the run with one entry of its scores changed."""
    scores = json.loads(json.dumps(data.scores))
    *way, last = path
    place = scores
    for key in way:
        place = place[key]
    place[last] = value
    return replace(data, scores=scores)


def steps(data, **shown):
    """Return the run with these steps of the headline, with their own p-values."""
    rows = [
        {"name": name, "p": p, "adjusted": p, "shown": is_shown}
        for name, (p, is_shown) in shown.items()
    ]
    with_rates = data
    for group in ("english", "seen", "unseen"):
        rate = {"value": 60.0, "low": 55.0, "high": 65.0, "n": 40}
        with_rates = change(with_rates, ("win_rate", "groups", group), rate)
    return change(with_rates, ("win_rate", "headline"), rows)


def section(html, name):
    tree = lxml.html.document_fromstring(html.removeprefix("<!DOCTYPE html>"))
    (found,) = tree.xpath(f"//section[@aria-labelledby='{name}']")
    for source in found.find_class("source"):
        source.drop_tree()
    return " ".join(found.text_content().split())


def test_claims_come_in_the_fixed_order_whatever_the_order_of_the_cards(now):
    view = build_claims(steps(now, english=(0, True), seen=(0, True), unseen=(0.2, False)), EN)
    assert [claim.is_shown for claim in view.claims] == [True, True, False]
    assert ["English" in view.claims[0].text, "tuned" in view.claims[1].text] == [True, True]
    assert view.claims[2].word == "not shown" and "2.5%" in view.lead
    assert "60 points, very likely between 55 and 65; shown if the range stays above 40" in (
        view.claims[0].note
    )


def test_what_would_be_shown_by_itself_is_held_back_and_says_why(now):
    data = steps(now, english=(0.3, False), seen=(0.001, False), unseen=(0.4, False))
    english, seen, unseen = build_claims(data, EN).claims
    assert "A claim before it is not" in seen.note
    assert "A claim before it" not in english.note + unseen.note
    assert "前の主張が示されていない" in build_claims(data, JA).claims[1].note


def test_a_step_that_was_not_measured_says_so(now):
    data = steps(now, english=(None, False), seen=(None, False), unseen=(None, False))
    assert {claim.note for claim in build_claims(data, EN).claims} == {"It was not measured."}


@pytest.mark.parametrize(
    ("p", "value", "sentence"),
    [
        (0.049, 70.0, "Better: Arabic."),
        (0.049, 30.0, "Worse: Arabic."),
        (0.05, 70.0, "None of the 3 languages"),
    ],
)
def test_languages_by_themselves_are_counted_after_the_correction(now, p, value, sentence):
    data = now
    for code in ("es", "ja", "ar"):
        rate = {"value": value, "low": 20.0, "high": 80.0, "n": 9, "p": 0.001}
        entry = {**rate, "p_holm": p if code == "ar" else 0.9}
        data = change(data, ("win_rate", "languages", code), entry)
    said = " ".join(build_claims(data, EN).alone)
    assert sentence in said
    assert ("1 of 3 differ" in said) == (p < 0.05)
    assert ("Better" in said) + ("Worse" in said) == (p < 0.05)


def test_a_language_without_a_test_is_not_counted():
    assert differs_alone({"value": 60.0}) is None
    assert differs_alone({"value": None, "p_holm": None}) is None


def colours(svg):
    return re.findall(r"<use [^>]*style=\"fill: (#\w+); stroke: #005b96", svg)


def rates(*p_values):
    rate = {"value": 60.0, "low": 45.0, "high": 75.0, "n": 9}
    return [Row("x", False, {}, {**rate, "p_holm": p}) for p in p_values]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_marker_is_filled_only_where_the_language_still_differs(size):
    rows = [*rates(0.04, 0.06), Row("old", False, {}, {"value": 60.0, "low": 45.0, "high": 75.0})]
    svg = forest_sheet(rows, EN, size).markup("x", "t", "d")
    assert colours(svg) == ["#005b96", "#ffffff", "#005b96"]


def test_the_margin_is_drawn_in_the_row_of_english_alone(now):
    forest = build_figures(now, EN)[1]
    for _, svg in forest.drawings:
        assert svg.count("#a63c06") == 1
        names = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
        order = ["English", "Tuned languages", "Spanish", "Japanese", "Unseen languages", "Arabic"]
        assert [name for name in names if name in order] == order
    assert [key.sign for key in forest.keys] == [
        "dot diamond", "dot dot-after", "dot dot-open", "dash", "bound"
    ]  # fmt: skip
    cells = [row[2] for row in forest.table]
    assert cells[0] == "–" and all(re.match(r"(yes|no) \(p [=<] ", c) for c in cells[2:4])


def test_a_forest_of_scores_of_before_promises_no_correction(small):
    forest = build_figures(small, EN)[1]
    assert "correction" not in forest.lead and len(forest.header) == 2
    assert {"dot dot-after", "dot dot-open"} & {key.sign for key in forest.keys} == set()


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0002, "p < 0.001"), (0.0312, "p = 0.031"), (0.050046, "p = 0.05005"), (1.0, "p = 1.000")],
)
def test_a_p_value_keeps_its_side_of_the_level(p, text):
    assert EN.p_value(p) == text


def test_without_a_plan_only_the_margin_may_be_called_fixed(now):
    view = build_plan(now, EN)
    assert "pinch plan" in view.text and "nothing on this page but the margin" in view.text
    assert (view.warnings, view.powers.lines, view.deviations.rows) == ([], [], [])
    html = build_report(now)
    assert "fixed before the test" not in html
    assert "事前に決めたと言えるのは、英語の許容幅" in section(html, "ja-plan")


def test_the_plan_stands_beside_the_result(now):
    data = replace(steps(now, english=(0, True), seen=(0, True), unseen=(1, False)), plan=PLAN)
    view = build_plan(data, EN)
    cells = [[line.name, *(cell.value for cell in line.cells)] for line in view.powers.lines]
    assert cells == [
        ["English", "100", "26%", "63.5", "60"],
        ["Tuned languages", "2 × 24", "26%", "63.5", "60"],
        ["Unseen languages", "24", "26%", "none", "60"],
    ]
    results = [line.cells[-1] for line in view.powers.lines]
    assert [cell.note for cell in results] == ["shown", "shown", "not shown"]
    assert results[0].interval == "[55 to 65]"
    assert "2026-01-31" in view.text and "as planned" in view.text and not view.warnings
    assert "true score is 58" in view.note and "33%" in view.note


@pytest.mark.parametrize("words", [EN, JA], ids=LOCALES)
def test_the_summary_says_the_claims_in_their_order_and_the_plan_beside_the_result(now, words):
    rows = [{"key": "english_margin", "planned": 10.0, "now": 20.0}]
    data = steps(now, english=(0, True), seen=(0, True), unseen=(1, False))
    data = replace(data, plan={**PLAN, "is_late": True, "deviations": rows})
    text = build_summary(data, words.locale)
    shown, not_shown = words("claims.shown"), words("claims.not_shown")
    marks = re.findall(rf"^\d\. [✓?] ({shown}|{not_shown})", text, re.M)
    assert marks == [shown, shown, not_shown]
    claims = [words(f"claims.{g}", margin="10") for g in ("english", "seen", "unseen")]
    places = [text.index(claim) for claim in claims]
    assert places == sorted(places)
    assert words("plan.late") in text
    option = words("summary.deviation", option="english\\_margin", planned="10.0", now="20.0")
    assert f"- {option}" in text
    assert "2 × 24" in text and "63.5" in text


def test_a_summary_of_scores_of_before_has_no_claims(small):
    text = build_summary(small)
    assert "What may be claimed" not in text and "## Plan and result" in text


def test_what_deviates_is_listed_option_by_option(now):
    rows = [
        {"key": "english_margin", "planned": 10.0, "now": 20.0},
        {"key": "languages.tuned", "planned": ["es"], "now": None},
    ]
    view = build_plan(replace(now, plan={**PLAN, "deviations": rows}), EN)
    assert view.deviations.rows == [
        ["english_margin", "10.0", "20.0"],
        ["languages.tuned", "es", "–"],
    ]
    assert "as planned" not in view.text


@pytest.mark.parametrize(
    ("changed", "en", "ja"),
    [
        ({"is_late": True}, "answers were there already", "回答がそろった後"),
        ({"replaced": 2}, "earlier plans that this one replaced: 2", "置き換えたものです（2回）"),
    ],
)
def test_a_plan_that_is_none_is_warned_of(now, changed, en, ja):
    html = build_report(replace(now, plan={**PLAN, **changed}))
    assert en in section(html, "en-plan") and ja in section(html, "ja-plan")
    assert html.count('class="warning"') - build_report(now).count('class="warning"') == 2


def test_a_plan_whose_tests_are_gone_still_names_what_deviates(now):
    facts = {key: PLAN[key] for key in ("id", "made", "is_late", "replaced", "deviations")}
    view = build_plan(replace(now, plan=facts), EN)
    assert (view.powers.lines, view.note) == ([], "")


def test_every_figure_of_the_judge_is_named_and_explained(now):
    for words in (EN, JA):
        for figure in FIGURES:
            assert words.knows("judging", figure.name)
            assert words.knows("judging", f"{figure.name}_text")
    everything = {"value": 40.0, "low": 30.0, "high": 50.0, "n": 9}
    data = now
    for figure in FIGURES:
        data = change(data, ("judging", "health", figure.name, "all"), everything)
    rows = build_judging(data, EN).health
    assert [row.neutral for row in rows] == ["–", "50", "–", "–", "50", "–"]
    assert {(row.value, row.interval) for row in rows} == {("40.0%", "[30.0 to 50.0]")}


def test_figures_that_a_judge_does_not_have_are_left_out(now):
    missing = change(now, ("judging", "health", "agrees_on_language", "all"), dict(NOTHING))
    names = [row.name for row in build_judging(missing, EN).health]
    assert len(names) == len(FIGURES) - 1 and not any("language" in name for name in names)


def three_ways(data, raw, gated, controlled):
    for path, low in zip(
        (("win_rate",), ("judging", "gated"), ("judging", "length_controlled")),
        (raw, gated, controlled),
        strict=True,
    ):
        rate = {"value": low + 5, "low": low, "high": low + 10, "n": 40}
        for group in ("english", "seen", "unseen"):
            data = change(data, (*path, "groups", group), rate)
    return data


def test_three_ways_of_counting_stand_side_by_side(now):
    view = build_judging(three_ways(now, 52.0, 54.0, 51.0), EN)
    assert [cell.value for cell in view.rates.lines[1].cells] == ["57", "59", "56"]
    assert "All three ways" in view.reading[0]


def test_a_result_that_hangs_on_the_way_of_counting_is_named(now):
    view = build_judging(three_ways(now, 52.0, 54.0, 47.0), EN)
    # English is held against 40, which 47 is above too.
    assert "same result in: Tuned languages, Unseen languages." in view.reading[0]


def test_nothing_is_said_of_ways_of_counting_that_are_not_known(now):
    def walk(value):
        if isinstance(value, dict):
            return dict(NOTHING) if "low" in value else {k: walk(v) for k, v in value.items()}
        return value

    health = now.scores["judging"]["health"]
    bare = {**walk(now.scores["judging"]), "health": health}
    rate = {**now.scores["win_rate"], **walk({"groups": now.scores["win_rate"]["groups"]})}
    view = build_judging(replace(now, scores={**now.scores, "judging": bare, "win_rate": rate}), EN)
    assert view.reading == []
    assert {cell.value for line in view.rates.lines for cell in line.cells} == {"–"}


@pytest.mark.parametrize(("low", "warned"), [(55.0, True), (45.0, False)])
def test_a_bias_is_warned_of_in_both_languages(now, low, warned):
    all_ = {"value": low + 10, "low": low, "high": low + 20, "n": 90}
    data = change(now, ("judging", "health", "longer_wins", "all"), all_)
    data = change(data, ("judging", "health", "first_shown", "all"), dict(NOTHING))
    assert len(build_judging(data, EN).warnings) == warned
    assert len(build_judging(data, JA).warnings) == warned
    if warned:
        assert "65% of the decided comparisons (55 to 75)" in build_judging(data, EN).warnings[0]


def test_a_judge_of_the_family_of_the_base_model_is_warned_of(now):
    judge = {"kind": "llm", "endpoint": "http://x.example/v1", "model": "gemma-3-27b"}
    config = Config(languages=now.config.languages, judge=judge)
    named = change(now, ("win_rate", "judge"), "gemma-3-27b")
    for words, text in ((EN, "same family"), (JA, "同じ系列")):
        assert text in build_judging(replace(named, config=config), words).warnings[0]
    assert "habits" in build_judging(named, EN).text
    assert "simple program" in build_judging(now, EN).text


def test_scores_of_before_still_make_a_page(small):
    assert build_claims(small, EN).claims == []
    html = build_report(small)
    assert "What may be claimed" not in html and 'id="en-claims"' not in html
    assert "“pinch evaluate” adds them" in section(html, "en-judging")
    assert (
        "not judged against each other"
        in build_judging(change(small, ("win_rate", "judge"), ""), EN).text
    )


def test_hostile_plan_stays_text(now):
    bad = "<script>alert(1)</script>\u202e{{ 7*7 }}"
    plan = {**PLAN, "made": bad, "deviations": [{"key": bad, "planned": bad, "now": [bad]}]}
    html = build_report(replace(now, plan=plan))
    assert "<script>alert" not in html and "\u202e" not in html
    assert html.count("&lt;script&gt;alert(1)") == 8


@pytest.mark.parametrize("locale", LOCALES)
def test_new_sections_speak_the_language_of_the_page(now, locale):
    html = build_report(replace(now, plan=PLAN))
    for name in ("claims", "plan", "judging"):
        text = section(html, f"{locale}-{name}")
        if locale == "en":
            assert not re.search(r"[ぁ-んァ-ン一-龥]", text)
        else:
            assert not re.findall(r"[A-Za-z]{3,}", text.replace("pinch plan", ""))


def test_a_project_without_unseen_languages_has_two_claims():
    config = Config(languages={"tuned": ("es",), "unseen": ()})
    small = make_small()
    prompts = [p for p in small.prompts if p.language in ("en", "es")]
    ids = {p.id for p in prompts}
    answers = {k: [a for a in rows if a.prompt_id in ids] for k, rows in small.answers.items()}
    scores = score_arms(prompts, answers, {}, small.verdicts, config)
    data = replace(small, scores=scores, decision=decide(scores).to_json(), config=config)
    assert [claim.text[:7] for claim in build_claims(data, EN).claims] == ["English", "In the "]
    assert len(build_judging(data, EN).rates.lines) == 2
