from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from pinchtune.data.checks import contradicts, guess_language
from pinchtune.data.personal import find_personal
from pinchtune.data.similar import find_near_duplicates
from pinchtune.data.textchecks import find_damage, is_truncated
from pinchtune.languages import Identifier, get_language, script_share

FOLDER = files("pinchtune.store") / "enquiries"
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "pt", "ru", "zh")
KINDS = ["howto", "complaint", "price", "product", "term"]
KINDS += ["rewrite", "summary", "refusal", "order-status", "appointment"]
FIELDS = ("kind", "title", "hint", "instruction", "response")


def read(language: str) -> list[dict[str, str]]:
    text = (FOLDER / f"{language}.toml").read_text("utf-8")
    templates: list[dict[str, str]] = tomllib.loads(text)["template"]
    return templates


def test_files_are_those_of_the_list():
    found = sorted(p.name.removesuffix(".toml") for p in FOLDER.iterdir())
    assert tuple(found) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_is_there_once_in_order_and_filled(language: str):
    templates = read(language)
    assert [t["kind"] for t in templates] == KINDS
    for template in templates:
        assert tuple(template) == FIELDS
        for field in FIELDS:
            assert template[field] == template[field].strip() != "", (language, field)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_in_their_language(language: str):
    identifier = Identifier(LANGUAGES)
    script = get_language(language).scripts[0]
    for template in read(language):
        for field in FIELDS[1:]:
            assert script_share(template[field], script) > 0.6, template[field]
        for field in ("hint", "instruction", "response"):
            guess = guess_language(template[field], identifier)
            assert not contradicts(guess, language), (guess, template[field])


@pytest.mark.parametrize("language", LANGUAGES)
def test_samples_are_whole_and_free_of_personal_data(language: str):
    for template in read(language):
        for field in ("hint", "instruction", "response"):
            text = template[field]
            assert not is_truncated(text), text
            assert not list(find_damage(text)), text
            assert not find_personal(text), text
        assert len(template["title"]) <= 48
        assert 40 <= len(template["response"]) <= 700


@pytest.mark.parametrize("language", LANGUAGES)
def test_samples_differ_from_each_other(language: str):
    for field in FIELDS[1:]:
        texts = [template[field] for template in read(language)]
        assert not list(find_near_duplicates(texts)), field


def test_numbers_of_a_price_are_given_or_follow_from_what_is_given():
    totals = {
        "ar": (15 * 110 + 60, "1710"),
        "de": (6 * 225 + 80, "1430"),
        "en": (12 * 34 + 25, "$433"),
        "es": (50 * 2.8 + 9, "149"),
        "fr": (8 * 59 + 30, "502"),
        "hi": (25 * 2250 + 1500, "₹57,750"),
        "id": (24 * 78000 + 60000, "Rp1.932.000"),
        "it": (20 * 44 + 70, "950"),
        "ja": (200 * 160, "32,000円"),
        "ko": (30 * 38000, "1,140,000원"),
        "pt": (40 * 8 + 35, "355,00"),
        "ru": (16 * 820 + 500, "13 620"),
        "zh": (30 * 78 + 120, "2460"),
    }
    assert tuple(totals) == LANGUAGES
    for language, (total, written) in totals.items():
        response = next(t["response"] for t in read(language) if t["kind"] == "price")
        assert written in response, language
        digits = "".join(char for char in written.removesuffix(",00") if char.isdigit())
        assert int(digits) == total, language


def test_hints_speak_no_machine_learning():
    jargon = ("token", "prompt", "fine-tun", "dataset", "neural", "トークン", "プロンプト", "токен")
    for language in LANGUAGES:
        for template in read(language):
            words = f"{template['title']} {template['hint']}".lower()
            assert not any(word in words for word in jargon), words
