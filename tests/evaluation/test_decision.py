import itertools
import json

import pytest

from pinchtune.errors import UsageError
from pinchtune.evaluation.decision import decide, verdict_text

UP, DOWN, FLAT = (60.0, 52.0, 68.0), (40.0, 33.0, 48.0), (51.0, 44.0, 58.0)
LOST, NEAR = (30.0, 22.0, 38.0), (44.0, 37.0, 51.0)
NOTHING = (None, None, None)


def make(english=FLAT, seen=UP, unseen=FLAT, n=96, margin=10.0, unscored=0):
    groups = {
        name: {**dict(zip(("value", "low", "high"), numbers, strict=True)), "n": n}
        for name, numbers in (("english", english), ("seen", seen), ("unseen", unseen))
    }
    low = english[1]
    return {
        "languages": [
            {"code": "en", "group": "english", "prompts": 24},
            {"code": "ja", "group": "seen", "prompts": 24},
            {"code": "es", "group": "seen", "prompts": 24},
            {"code": "fi", "group": "unseen", "prompts": 24},
        ],
        "win_rate": {"groups": groups, "unscored": unscored},
        "english": {
            "estimate": groups["english"],
            "margin": margin,
            "kept": low is not None and low > 50 - margin,
        },
    }


@pytest.mark.parametrize(
    "english, seen, unseen, verdict",
    [
        (FLAT, UP, UP, "go"),
        (FLAT, UP, FLAT, "go"),
        (UP, UP, NOTHING, "go"),
        (FLAT, FLAT, UP, "unclear"),
        (FLAT, NOTHING, UP, "unclear"),
        (NEAR, UP, UP, "unclear"),
        (NOTHING, UP, UP, "unclear"),
        (FLAT, UP, DOWN, "no-go"),
        (FLAT, DOWN, UP, "no-go"),
        (NEAR, DOWN, UP, "no-go"),
        (LOST, UP, UP, "no-go"),
        (NOTHING, NOTHING, NOTHING, "unclear"),
    ],
)
def test_verdicts(english, seen, unseen, verdict):
    assert decide(make(english, seen, unseen)).verdict == verdict


@pytest.mark.parametrize(
    "numbers, outcome",
    [
        ((55.0, 50.0, 60.0), "unclear"),
        ((55.0, 50.01, 60.0), "helped"),
        ((45.0, 40.0, 50.0), "unclear"),
        ((45.0, 40.0, 49.99), "harmed"),
    ],
)
def test_the_whole_interval_must_be_on_one_side(numbers, outcome):
    decision = decide(make(seen=numbers, unseen=numbers))
    assert decision.seen == decision.unseen == outcome


@pytest.mark.parametrize(
    "numbers, english",
    [
        ((45.0, 40.01, 50.0), "kept"),
        ((45.0, 40.0, 50.0), "unclear"),
        ((35.0, 30.0, 40.0), "unclear"),
        ((35.0, 30.0, 39.99), "lost"),
    ],
)
def test_english_is_held_to_the_margin(numbers, english):
    assert decide(make(english=numbers)).english == english


def test_reasons_carry_codes_and_numbers():
    decision = decide(make(n=12, unscored=3))
    assert [reason.code for reason in decision.reasons] == [
        "english_kept",
        "seen_helped",
        "unseen_unclear",
        "few_prompts",
        "few_prompts",
        "few_prompts",
        "unscored",
    ]
    seen = decision.reasons[1]
    assert (seen.group, seen.value, seen.low, seen.high, seen.n) == ("seen", *UP, 12)
    assert decision.reasons[-1].n == 3


def test_to_json_is_plain():
    row = decide(make()).to_json()
    assert json.loads(json.dumps(row)) == row
    assert row["verdict"] == "go" and row["margin"] == 10.0
    assert row["reasons"][0]["code"] == "english_kept"


def test_text_of_a_go():
    scores = make()
    text = verdict_text(decide(scores), scores, "en")
    assert text.startswith("The new model can be released.")
    assert "(Japanese, Spanish), it scored 60 points" in text
    assert "between 52 and 68" in text
    assert "(Finnish), it scored 51 points (44 to 58)" in text
    assert "above 40" in text and "English has been kept" in text


def test_text_in_japanese():
    scores = make(english=LOST)
    text = verdict_text(decide(scores), scores, "ja")
    assert text.startswith("新しいモデルの公開は見送ることをお勧めします。")
    assert "日本語、スペイン語" in text and "では60点" in text
    assert "52点から68点" in text
    assert "40点を下回っている" in text


@pytest.mark.parametrize("locale", ["en", "ja", "ja-JP"])
def test_every_outcome_has_words_without_jargon_or_gaps(locale):
    cases = (UP, DOWN, FLAT, NOTHING)
    for english, seen, unseen in itertools.product((*cases, LOST, NEAR), cases, cases):
        scores = make(english, seen, unseen, n=5)
        text = verdict_text(decide(scores), scores, locale)
        assert "{" not in text and "None" not in text and "\n" not in text
        for jargon in ("interval", "bootstrap", "win rate", "arm", "margin", "95", "区間", "勝率"):
            assert jargon not in text.lower().replace("harm", "")


def test_numbers_never_round_across_the_line_they_are_held_to():
    scores = make(english=(45.0, 40.04, 49.0), seen=(55.0, 50.3, 60.0))
    text = verdict_text(decide(scores), scores)
    assert "between 50.3 and 60" in text
    assert "45 points (40.04 to 49)" in text


def test_a_group_without_languages_is_not_mentioned():
    scores = make()
    scores["languages"] = [row for row in scores["languages"] if row["group"] != "unseen"]
    assert "no examples" not in verdict_text(decide(scores), scores)


def test_unknown_locale():
    scores = make()
    with pytest.raises(UsageError, match="no wording for locale 'fr'"):
        verdict_text(decide(scores), scores, "fr")
