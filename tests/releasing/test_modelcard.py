"""The card says what is known, in two languages, and nothing that people wrote takes effect."""

from __future__ import annotations

import pytest
import yaml

from pinchtune.releasing.modelcard import LOCALES, _words, make_card
from pinchtune.releasing.probes import Compared, Comparison

RATE = {"value": 60.4, "low": 51.2, "high": None, "n": 96}
FACTS = {
    "name": "v1",
    "arm": "pinch",
    "base": "gemma-3-270m",
    "method": "lora",
    "languages": {"tuned": ["ja", "no"], "unseen": ["ar"]},
    "decision": {"verdict": "go"},
    "figures": {"english": RATE, "seen": RATE, "unseen": RATE},
    "unapproved": 0,
}
MIXTURE = {
    "examples": {"pinch": {"en": 216, "ja": 20, "no": 20}, "english": {"en": 256}},
    "tokens": {"pinch": {"en": {"tokens": 9}}, "english": {"en": {"tokens": 9}}},
    "replaced": ["x"] * 40,
    "pool": {"collected": True},
}
PARITY = Comparison((Compared("ja", 2, 1, 1, 1.5, 1.5004, 0.1),), ())


def make(target: str = "merged", locale: str = "en", **changes: object) -> tuple[dict, str]:
    text = make_card("demo", {**FACTS, **changes}, MIXTURE, PARITY, target, locale)
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


def test_both_languages_have_the_same_words():
    assert set(_words("en")) == set(_words("ja"))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("target", ["merged", "adapter", "gguf"])
def test_the_head_is_what_hubs_read(target, locale):
    head, body = make(target, locale)
    assert head["language"] == ["en", "ja", "no"] and head["license"] == "gemma"
    assert head["base_model"] == "google/gemma-3-270m"
    assert head["library_name"] in ("transformers", "peft", "gguf")
    assert "{" not in body and "60.4" in body and "51.2" in body and "1.5004" in body


def test_an_interval_that_is_not_known_is_not_invented():
    assert "| tuned languages | 60.4 | 51.2 \u2013 ? | 96 |" in make()[1]


def test_the_control_arm_replaced_nothing_and_was_decided_on_by_nobody():
    body = make(arm="english", decision=None)[1]
    assert "replaced" not in body and "was not compared with another one" in body


def test_a_base_of_unknown_licence_is_said_to_be_so(tmp_path):
    head, body = make(base=str(tmp_path))
    assert head["license"] == "other" and "see where the base model comes from" in body
    assert head["base_model"] == tmp_path.name and str(tmp_path) not in body


def test_names_are_text():
    text = make_card("<script>*x*\n# y", FACTS, MIXTURE, PARITY, "merged")
    assert "# \\<script\\>\\*x\\* \\# y: v1\n" in text
