import json
import math

import pytest

from pinchtune.config import Config, EvaluateConfig, LanguagesConfig
from pinchtune.errors import DataError, MissingExtra, UsageError
from pinchtune.evaluation import confusion
from pinchtune.evaluation.scores import GROUPS, score_arms
from pinchtune.records import Answer, Example, Verdict

CONFIG = Config(evaluate=EvaluateConfig(resamples=200))
SMALL = Config(
    languages=LanguagesConfig(tuned=("ja",), unseen=("ru",)),
    evaluate=EvaluateConfig(resamples=100),
)


def answer(prompt, text, stopped=True):
    return Answer(prompt.id, prompt.language, text, stopped, 10)


def verdict(prompt, score, orders=None):
    first, second = orders or {1: "bb", 0: "aa"}.get(score, "ab")
    return Verdict(prompt.id, prompt.language, score, first, second, "", "scripted")


@pytest.fixture(scope="module")
def english(evaluation):
    """The English reference by parallel id: what a model tuned in English may answer."""
    return {e.parallel_id: e.response for e in evaluation if e.language == "en"}


@pytest.fixture(scope="module")
def given(evaluation, english):
    """Two arms: one answers everything in English, the other gives the references."""
    return {
        "english": [answer(p, english[p.parallel_id], stopped=False) for p in evaluation],
        "pinch": [answer(p, p.response) for p in evaluation],
    }


@pytest.fixture(scope="module")
def scores(evaluation, given):
    bits = {
        "english": {p.id: (8.0 * i, 4) for i, p in enumerate(evaluation)},
        "pinch": {p.id: (4.0 * i, 4) for i, p in enumerate(evaluation)},
    }
    verdicts = [verdict(p, 0.5 if p.language == "en" else 1.0) for p in evaluation]
    return score_arms(evaluation, given, bits, verdicts, CONFIG)


def test_shape(scores):
    assert scores["arms"] == ["english", "pinch"]
    assert scores["groups"] == list(GROUPS)
    codes = [row["code"] for row in scores["languages"]]
    assert codes == list(CONFIG.languages.evaluated)
    assert scores["languages"][1] == {"code": "es", "group": "seen", "prompts": 24}
    assert set(scores["measures"]) == {
        "right_language",
        "line_pass_rate",
        "lcb_line_pass_rate",
        "lcb_word_pass_rate",
        "bits_per_byte",
        "chrf",
        "stopped",
        "repetition",
    }
    for name, measure in scores["measures"].items():
        assert set(measure) == {"unit", "better", "arms", "difference"}, name
        for table in (*measure["arms"].values(), measure["difference"]):
            assert list(table["groups"]) == list(GROUPS)
            expected = set(codes) & confusion.WORD_LANGUAGES if "word" in name else set(codes)
            assert set(table["languages"]) == expected
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_values(scores):
    measures = scores["measures"]
    right = measures["right_language"]
    assert right["arms"]["english"]["languages"]["en"]["value"] == 100
    assert right["arms"]["english"]["groups"]["seen"] == {"value": 0, "low": 0, "high": 0, "n": 96}
    assert right["difference"]["groups"]["unseen"]["value"] == 100
    assert measures["chrf"]["arms"]["pinch"]["groups"]["seen"]["value"] == pytest.approx(100)
    assert measures["stopped"]["difference"]["groups"]["english"]["value"] == 100
    assert measures["repetition"]["arms"]["pinch"]["groups"]["unseen"]["value"] == 0
    english = measures["lcb_line_pass_rate"]["arms"]["english"]["languages"]
    assert english["ru"]["value"] == 0 and english["en"]["value"] > 90


def test_skipped_answers_are_counted(scores):
    for name in ("line_pass_rate", "lcb_line_pass_rate", "lcb_word_pass_rate"):
        for table in scores["measures"][name]["arms"].values():
            for code, entry in table["languages"].items():
                assert entry["n"] + entry["skipped"] == 24, (name, code)
    wrong = scores["measures"]["lcb_word_pass_rate"]["arms"]["english"]["languages"]["ru"]
    assert wrong == {"value": None, "low": None, "high": None, "n": 0, "skipped": 24}


def test_bits_per_byte_is_a_ratio_of_sums():
    prompts = [Example("a", "b", "en"), Example("c", "d", "en")]
    sizes = [(10.0, 2), (90.0, 98)]
    bits = {"x": {p.id: size for p, size in zip(prompts, sizes, strict=True)}}
    result = score_arms(prompts, {"x": [answer(p, "yes") for p in prompts]}, bits, [], SMALL)
    assert result["measures"]["bits_per_byte"]["arms"]["x"]["languages"]["en"]["value"] == 1.0


def test_bits_may_be_missing(evaluation, given):
    result = score_arms(evaluation, given, {}, [], CONFIG)
    entry = result["measures"]["bits_per_byte"]["difference"]["groups"]["seen"]
    assert entry == {"value": None, "low": None, "high": None, "n": 0}


def test_differences_are_from_the_control_even_if_the_base_model_comes_first(evaluation, given):
    ours = [p for p in evaluation if p.language in ("en", "ja")]
    base = {"base": [answer(p, "") for p in ours]}
    tables = [
        score_arms(ours, arms, {}, [], CONFIG)["measures"]["chrf"] for arms in (given, base | given)
    ]
    assert tables[0]["difference"] == tables[1]["difference"]
    assert list(tables[1]["arms"]) == ["base", "english", "pinch"]
    named = {"x": given["english"], "y": given["pinch"]}
    other = score_arms(ours, named, {}, [], CONFIG)["measures"]["chrf"]
    assert other["difference"] == tables[0]["difference"]


def test_win_rate(scores):
    groups = scores["win_rate"]["groups"]
    assert groups["seen"] == {"value": 100, "low": 100, "high": 100, "n": 96}
    assert groups["english"]["value"] == 50
    assert scores["win_rate"]["ties"] == scores["win_rate"]["flips"] == pytest.approx(1 / 13)
    assert scores["win_rate"]["unscored"] == 0
    assert scores["win_rate"]["judge"] == "scripted"
    assert scores["english"] == {"estimate": groups["english"], "margin": 10.0, "kept": True}


def graded(evaluation, given, score_of):
    verdicts = [verdict(p, score_of(i, p.language)) for i, p in enumerate(evaluation)]
    return score_arms(evaluation, given, {}, verdicts, CONFIG)["win_rate"]


def test_the_headline_stops_at_the_first_step_that_is_not_shown(evaluation, given):
    helped = graded(evaluation, given, lambda i, code: 0.5 if code == "en" else float(i % 4 > 0))
    assert [(s["name"], s["shown"]) for s in helped["headline"]] == [
        ("english", True),
        ("seen", True),
        ("unseen", True),
    ]
    lost = graded(evaluation, given, lambda i, code: 0.0 if code == "en" else float(i % 4 > 0))
    steps = {s["name"]: s for s in lost["headline"]}
    assert steps["seen"]["p"] < 0.025 and not any(s["shown"] for s in steps.values())


def test_languages_are_corrected_for_their_number(evaluation, given):
    rows = graded(evaluation, given, lambda i, code: float(i % 4 > 0) if code == "ja" else 0.5)
    found = {code: row for code, row in rows["languages"].items() if code != "en"}
    assert "p" not in rows["languages"]["en"]
    assert found["ja"]["p_holm"] == pytest.approx(min(1, found["ja"]["p"] * len(found)), abs=1e-5)
    assert all(found[code]["p_holm"] == 1 for code in found if code != "ja")
    harmed = graded(evaluation, given, lambda i, code: float(i % 4 == 0) if code == "ja" else 0.5)
    assert harmed["languages"]["ja"]["p"] == pytest.approx(found["ja"]["p"], rel=0.5)


def test_a_language_that_was_not_judged_has_no_p_value_and_still_counts(evaluation, given):
    verdicts = [verdict(p, 1.0) for p in evaluation if p.language != "ja"]
    rows = score_arms(evaluation, given, {}, verdicts, CONFIG)["win_rate"]["languages"]
    assert rows["ja"]["p"] is None and rows["ja"]["p_holm"] is None
    family = len(rows) - 1
    assert rows["es"]["p_holm"] == pytest.approx(min(1, rows["es"]["p"] * family), abs=1e-6)


def test_unscored_verdicts_are_no_losses_and_ties_no_flips(evaluation, given):
    ours = [p for p in evaluation if p.language == "en"]
    verdicts = [verdict(p, None, ("error", "a")) for p in ours[:4]]
    verdicts += [verdict(p, 1.0) for p in ours[4:20]]
    verdicts += [verdict(ours[20], 0.5, ("tie", "tie")), verdict(ours[21], 0.5, ("b", "a"))]
    result = score_arms(ours, given, {}, verdicts, CONFIG)["win_rate"]
    assert result["languages"]["en"]["value"] == pytest.approx(100 * 17 / 18, abs=1e-5)
    assert result["languages"]["en"]["n"] == 18
    assert result["unscored"] == 6
    assert (result["ties"], result["flips"]) == (2 / 18, 1 / 18)


def test_without_verdicts_nothing_is_claimed(evaluation, given):
    result = score_arms(evaluation, given, {}, [], CONFIG)
    assert result["win_rate"]["groups"]["seen"]["value"] is None
    assert result["win_rate"]["ties"] is None
    assert result["english"]["kept"] is False


def test_intervals_resample_prompts_not_answers():
    """The same outcome in all languages of a prompt tells no more than it does in one."""
    languages = ("en", "ja", "ru")
    rows = [
        (Example(f"{i}", "x", code, parallel_id=f"p{i}"), i % 2)
        for i in range(30)
        for code in languages
    ]
    prompts = [prompt for prompt, _ in rows]
    arms = {"x": [answer(p, "да") for p in prompts], "y": [answer(p, "да") for p in prompts]}
    verdicts = [verdict(p, float(win)) for p, win in rows]
    result = score_arms(prompts, arms, {}, verdicts, SMALL)["win_rate"]
    widths = [entry["high"] - entry["low"] for entry in result["languages"].values()]
    assert widths[0] == widths[1] == widths[2] > 20
    assert result["groups"]["seen"]["high"] == result["languages"]["ja"]["high"]


def test_unknown_languages_are_unseen_and_untested_ones_show():
    prompts = [Example("Wie geht es dir?", "Danke, gut.", "de")]
    result = score_arms(prompts, {"x": [answer(prompts[0], "Gut.")]}, {}, [], SMALL)
    assert result["languages"] == [
        {"code": "en", "group": "english", "prompts": 0},
        {"code": "ja", "group": "seen", "prompts": 0},
        {"code": "ru", "group": "unseen", "prompts": 0},
        {"code": "de", "group": "unseen", "prompts": 1},
    ]
    one = result["measures"]["stopped"]["arms"]["x"]["languages"]["de"]
    assert (one["value"], one["low"]) == (100, None)


def test_same_input_same_bytes(evaluation, given):
    few = [p for p in evaluation if p.language in ("en", "ja")]
    results = [score_arms(few, given, {}, [verdict(p, 1.0) for p in few], CONFIG) for _ in range(2)]
    assert json.dumps(results[0]) == json.dumps(results[1])


def test_missing_answers_are_an_error(evaluation, given):
    short = given | {"pinch": given["pinch"][1:]}
    with pytest.raises(DataError, match="arm 'pinch' lacks answers to 1 of 312"):
        score_arms(evaluation, short, {}, [], CONFIG)
    with pytest.raises(UsageError, match="no answers"):
        score_arms(evaluation, {}, {}, [], CONFIG)


def test_a_missing_library_costs_one_measure_only(monkeypatch, evaluation, given):
    def missing():
        raise MissingExtra("english-words", "confusion")

    monkeypatch.setattr(confusion, "english_words", missing)
    measures = score_arms(evaluation, given, {}, [], CONFIG)["measures"]
    word = measures["lcb_word_pass_rate"]
    assert "pip install" in word["unavailable"]
    assert word["arms"]["pinch"]["groups"]["seen"]["value"] is None
    assert "unavailable" not in measures["lcb_line_pass_rate"]
    assert not math.isnan(
        measures["lcb_line_pass_rate"]["arms"]["pinch"]["groups"]["seen"]["value"]
    )


def checked(text, checks, code="en", parallel=""):
    return Example(text, None, code, parallel_id=parallel, extra={"checks": checks})


SHORT = {"check": "words", "at_most": 3}
CAPITALS = {"check": "letter_case", "case": "upper"}
MEASURED = (
    "instructions_followed_strict",
    "instructions_followed_loose",
    "checks_followed_strict",
    "checks_followed_loose",
)


def followed(prompts, texts):
    arms = {"x": [answer(p, t) for p, t in zip(prompts, texts, strict=True)]}
    return score_arms(prompts, arms, {}, [], SMALL)


def values(result, code):
    entries = [result["measures"][name]["arms"]["x"]["languages"][code] for name in MEASURED]
    return [(e["value"] if e["value"] is None else round(e["value"], 1)) for e in entries]


def test_instructions_followed_by_prompt_and_by_check():
    prompts = [checked(f"{i}", [SHORT, CAPITALS]) for i in range(4)]
    texts = ["YES", "yes", "Sure:\nYES", "one two three four"]
    assert values(followed(prompts, texts), "en") == [25.0, 50.0, 50.0, 62.5]


def test_every_check_weighs_the_same_whatever_its_prompt():
    prompts = [checked("a", [SHORT]), checked("b", [SHORT, CAPITALS, {"check": "quoted"}])]
    result = followed(prompts, ["yes", "one two three four"])
    assert values(result, "en") == [50.0, 50.0, 25.0, 25.0]


def test_an_unscored_check_is_left_out_and_counted():
    rows = [checked("a", [CAPITALS], "ja"), checked("b", [CAPITALS, {"check": "quoted"}], "ja")]
    result = followed(rows, ["はい", "「はい」"])
    assert values(result, "ja") == [None, None, 100.0, 100.0]
    tables = [result["measures"][name]["arms"]["x"]["languages"]["ja"] for name in MEASURED]
    assert [(t["n"], t["skipped"]) for t in tables] == [(0, 2), (0, 2), (1, 1), (1, 1)]
    # A failed check settles its prompt although the other one is unscored.
    assert values(followed(rows, ["はい", "はい"]), "ja") == [0.0, 0.0, 0.0, 0.0]


def test_only_prompts_with_checks_count():
    prompts = [checked("a", [SHORT]), Example("b", "c", "en"), checked("d", [])]
    result = followed(prompts, ["Yes", "one two three four", "one two three four"])
    entry = result["measures"]["instructions_followed_strict"]["arms"]["x"]["languages"]["en"]
    assert (entry["value"], entry["n"], entry["skipped"]) == (100.0, 1, 0)
    # The first has no reference, so that it was not to be compared.
    assert result["win_rate"]["unscored"] == 2


def test_without_checks_nothing_changes(scores):
    assert not set(MEASURED) & set(scores["measures"])


def test_an_empty_answer_follows_nothing():
    assert values(followed([checked("a", [SHORT])], [""]), "en") == [0.0] * 4


def test_instructions_of_arms_are_compared_in_groups():
    prompts = [
        checked(f"{i}{code}", [CAPITALS], code, f"p{i}") for i in range(6) for code in ("en", "ru")
    ]
    arms = {
        "english": [answer(p, "нет" if p.language == "ru" else "NO") for p in prompts],
        "pinch": [answer(p, "ДА" if p.language == "ru" else "YES") for p in prompts],
    }
    groups = score_arms(prompts, arms, {}, [], SMALL)["measures"]["checks_followed_loose"][
        "difference"
    ]
    assert groups["groups"]["unseen"] == {"value": 100.0, "low": 100.0, "high": 100.0, "n": 6}
    assert groups["groups"]["english"]["value"] == 0.0
