"""Words, numbers, safety of texts, and the choice of samples."""

import re
from dataclasses import replace
from importlib.resources import files
from string import Formatter

import pytest
from made_up_runs import estimate

from pinchtune.records import Answer, Verdict
from pinchtune.reporting.safety import clean, clip
from pinchtune.reporting.samples import choose_pairs, text_direction
from pinchtune.reporting.wording import LOCALES, Wording, catalogue

FOLDER = files("pinchtune.reporting")


def placeholders(text):
    lines = text if isinstance(text, list) else [text]
    return [sorted(name for _, name, _, _ in Formatter().parse(line) if name) for line in lines]


def test_catalogues_have_the_same_keys_and_placeholders():
    english, *others = (catalogue(locale) for locale in LOCALES)
    assert len(english) > 150
    for other in others:
        assert list(other) == list(english)
        for key, text in english.items():
            assert placeholders(other[key]) == placeholders(text), key


def test_japanese_catalogue_is_japanese():
    for key, text in catalogue("ja").items():
        words = re.sub(r"\{\w+\}", "", str(text))
        same = text == catalogue("en")[key] and re.search(r"[A-Za-z]{2}", words)
        assert not same or key == "measure.chrf", key


def test_every_word_is_used():
    """A key is in use if the code or a template names it, or builds it from its section."""
    sources = [p for p in FOLDER.iterdir() if p.name.endswith(".py")]
    sources += list((FOLDER / "templates").iterdir())
    code = "\n".join(p.read_text("utf-8") for p in sources)
    built = [*re.findall(r"""f?["'](\w+)\.(?:["'] ~|\{)""", code), "measure", "arm", "protocol"]
    unused = [k for k in catalogue("en") if k not in code and k.split(".")[0] not in built]
    assert unused == []


@pytest.mark.parametrize(
    ("value", "digits", "sign", "text"),
    [
        (None, 0, False, "–"),
        (1234567.4, 0, False, "1,234,567"),
        (-0.04, 1, True, "0.0"),
        (-12.34, 1, True, "−12.3"),
        (12.36, 1, True, "+12.4"),
    ],
)
def test_numbers(value, digits, sign, text):
    assert Wording("en").number(value, digits, sign) == text


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (61.4, 50, "61"),
        (50.4, 50, "50.4"),
        (49.96, 50, "49.96"),
        (50.0, 50, "50"),
        (39.8, 40, "39.8"),
    ],
)
def test_rounding_keeps_the_side_of_the_limit(value, limit, text):
    assert Wording("en").score(value, limit) == text


def test_intervals_in_words():
    words = Wording("en")
    assert words.percent_span(estimate(84.6, 6)) == "very likely between 79 and 91%"
    flat = {"value": 100.0, "low": 100.0, "high": 100.0, "n": 8}
    assert words.percent_span(flat) == "all answers that were checked"
    assert words.percent_span(flat | {"low": None}) == "too few questions to give a range"
    assert Wording("ja").percent_span(estimate(84.6, 6)) == "79～91%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "not recorded"), (20, "under 1 minute"), (1390, "23.2 minutes"), (9000, "2.5 hours")],
)
def test_durations(seconds, text):
    assert Wording("en").duration(seconds) == text


def test_clean_replaces_what_no_page_may_hold():
    assert clean("a\x00b\u202ec\ud83dd\r\ne\tf") == "a�b�c�d\ne\tf"


def test_clip_keeps_short_texts_whole():
    assert clip("  two\n\n\n\nlines ", 50) == ("two\n\nlines", 0)


@pytest.mark.parametrize("tail", ["e\u0301" * 20, "👩🏽‍🚀" * 20, "नि" * 20])
def test_clip_does_not_cut_inside_a_letter(tail):
    whole = "x" + tail
    unit = tail[: len(tail) // 20]
    for limit in range(5, 20):
        text, length = clip(whole, limit)
        assert length == len(whole)
        kept = text.removesuffix(" …")
        assert kept == "x" + unit * ((len(kept) - 1) // len(unit))


def test_clip_limits_lines():
    text, length = clip("a\n" * 500, 5000)
    assert text.count("\n") == 11 and length == 1000


@pytest.mark.parametrize(
    ("language", "attributes"),
    [("ar", ("ar", "rtl")), ("ja", ("ja", "ltr")), ("unknown", ("", "auto"))],
)
def test_direction(language, attributes):
    assert text_direction(language) == attributes


def test_samples_show_first_where_the_language_differs(data):
    choice = choose_pairs(data)
    languages = [pair.language for pair in choice.shown]
    assert languages[:6] == ["es", "ja", "ru", "ar", "he", "hi"]
    assert sorted(languages) == sorted(row["code"] for row in data.scores["languages"])


def test_sample_is_the_first_where_the_language_differs_else_where_somebody_won(data):
    prompts = [p for p in data.prompts if p.language == "es"]
    english = [p for p in data.prompts if p.language == "en"]
    right = [Answer(p.id, "es", p.response, True, 9) for p in prompts]
    wrong = [Answer(p.id, "es", e.response, True, 9) for p, e in zip(prompts, english, strict=True)]
    scores = [0.5, 1.0, None, 0.5]
    verdicts = [
        Verdict(p.id, "es", score, "", "", "", "j")
        for p, score in zip(prompts, scores, strict=True)
    ]
    for pinch, expected in (
        ([*right[:2], wrong[2], wrong[3]], 2),
        (right, 1),
    ):
        run = replace(data, answers={"english": right, "pinch": pinch}, verdicts=verdicts)
        assert [pair.prompt.id for pair in choose_pairs(run).shown] == [prompts[expected].id]


def test_what_the_pinch_did_worse_is_shown(data):
    prompts = [p for p in data.prompts if p.language == "fi"]
    shown = next(p for p in choose_pairs(data).shown if p.language == "fi").prompt.id
    other = next(p for p in prompts if p.id != shown)
    verdicts = [Verdict(p.id, p.language, 1.0, "b", "b", "", "j") for p in data.prompts]
    assert choose_pairs(replace(data, verdicts=verdicts)).lost == 0
    lost = [replace(v, score=0.0) if v.prompt_id == other.id else v for v in verdicts]
    choice = choose_pairs(replace(data, verdicts=lost))
    ids = [pair.prompt.id for pair in (*choice.shown, *choice.worse)]
    assert (choice.lost, choice.judged) == (1, len(data.prompts))
    assert other.id in ids


def test_without_verdicts_a_lost_language_counts_as_worse(data):
    prompt = next(p for p in data.prompts if p.language == "ja")
    english = next(p for p in data.prompts if p.language == "en")
    answers = {
        "english": [Answer(prompt.id, "ja", prompt.response, True, 9)],
        "pinch": [Answer(prompt.id, "ja", english.response, True, 9)],
    }
    choice = choose_pairs(replace(data, answers=answers, verdicts=[]))
    assert [pair.is_worse for pair in choice.shown] == [True]
    assert choice.lost == 1
