"""The page of an A/B test: both languages, escaped, nothing requested, from any result."""

from __future__ import annotations

import re
from copy import deepcopy

import pytest
from lxml import html

from pinchtune.errors import UsageError
from pinchtune.reporting.abtest import build_page

EVIL = '<script>alert("x")</script>\u202e& קטע'
GROUP = {
    "users": [150, 160], "answers": 400, "first": 0.65, "second": 0.8, "value": 0.15,
    "low": 0.05, "high": 0.25, "p": 0.001,
    "days": [{"day": 1.0, "value": 0.1, "low": -0.5, "high": 0.6},
             {"day": 2.0, "value": 0.15, "low": 0.05, "high": 0.25}],
}  # fmt: skip
EMPTY = {**GROUP, "users": [0, 0], "first": None, "second": None, "value": None, "low": -1.0,
         "high": 1.0, "p": 1.0, "days": []}  # fmt: skip
RESULT = {
    "name": "001-abc", "plan": "0123456789abcdef", "started": 1.7e9, "until": 1.7e9 + 172_800,
    "by": "Kim", "is_over": False, "stops": {}, "verdict": "better",
    "promised": {
        "arms": ["production", "candidate"], "languages": ["ar", "ja"], "split": 0.5, "days": 60,
        "level": 0.05, "guard_level": 0.05, "slow_seconds": 10.0, "measure": "satisfaction",
    },
    "groups": {"ar": EMPTY, "ja": GROUP, "all": GROUP},
    "claims": {
        "ar": {"adjusted": 1.0, "verdict": "unclear"},
        "ja": {"adjusted": 0.003, "verdict": "better"},
        "all": {"adjusted": 0.003, "verdict": "better"},
    },
    "measures": {
        name: {g: {"first": 0.01, "second": 0.02, "users": [5, 6], "value": 0.01, "low": -0.1,
                   "high": 0.12} for g in ("ar", "ja", "all")}
        for name in ("satisfaction", "correct", "followed", "wrong-language", "errors", "slow")
    },
    "guards": [{"measure": "slow", "group": "all", "limit": 0.05, "first": 0.01, "second": 0.5,
                "users": [5, 6], "p": 0.2, "level": 0.01, "is_broken": False}],
    "counts": {"exchanges": 900, "counted": 800, "other_arm": 0, "feedback": 500, "checks": 7,
               "lost": 0},
    "deviations": [],
}  # fmt: skip


def text_of(page: str, locale: str) -> str:
    return " ".join(html.fromstring(page).get_element_by_id(locale).text_content().split())


def test_both_languages_say_the_same():
    page = build_page("Pumps", RESULT, "ja")
    assert '<html lang="ja">' in page
    english, japanese = text_of(page, "en"), text_of(page, "ja")
    assert "People are more satisfied with candidate than with production in Japanese" in english
    assert "日本語" in japanese and "満足度が高い" in japanese
    for number in ("+15.0", "150 / 160", "0123456789abcdef"):
        assert number in english and number in japanese
    assert "Nobody has rated both arms here yet." in english
    assert not re.search(r"\b(nan|None)\b", english + japanese)


def test_the_page_asks_for_nothing():
    page = build_page("Pumps", RESULT)
    tree = html.fromstring(page)
    assert not tree.xpath("//@src") and tree.xpath("//link/@href") == ["data:,"]
    [policy] = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert all(t.xpath("string(./@aria-labelledby)") for t in tree.xpath("//svg"))


def test_what_people_wrote_is_escaped():
    result = deepcopy(RESULT)
    result["promised"]["arms"] = [EVIL, "candidate"]
    result["by"] = EVIL
    result["stops"] = {"ja": {"time": 1.7e9 + 100, "by": EVIL, "why": EVIL * 40}}
    page = build_page(EVIL, result)
    assert "<script>alert" not in page and "\u202e" not in page
    assert "&lt;script&gt;" in page and "קטע" in page


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"verdict": "unclear", "claims": {g: {"adjusted": 1.0, "verdict": "unclear"}
                                            for g in ("ar", "ja", "all")}}, "So far no difference"),
        ({"verdict": "mixed", "claims": RESULT["claims"] | {
            "ar": {"adjusted": 0.01, "verdict": "worse"}}}, "and worse in Arabic"),
        ({"verdict": "worse", "stops": {"all": {"time": 1.7e9, "by": "guard", "why": "slow"}},
          "is_over": True}, "A guard stopped the test"),
        ({"deviations": [{"what": "versions", "arm": "candidate", "versions": ["v1", "v2"]}]},
         "not the same all the time: v1 / v2"),
        ({"deviations": [{"what": "other_arm", "count": 3}]}, "3 answers came from another arm"),
        ({"deviations": [{"what": "lost", "count": 1234}]}, "1,234 answers could not be written"),
        ({"guards": []}, "No guard watches this test."),
        ({"groups": dict.fromkeys(("ar", "ja", "all"), EMPTY)}, "Nobody has rated"),
    ],
)  # fmt: skip
def test_every_verdict_has_its_words(change, sentence):
    page = build_page("Pumps", {**RESULT, **change})
    assert sentence in text_of(page, "en")
    assert len(text_of(page, "ja")) > 300


def test_unknown_locale_is_refused():
    with pytest.raises(UsageError, match="no report in 'tlh'"):
        build_page("Pumps", RESULT, "tlh")
