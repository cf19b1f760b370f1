from __future__ import annotations

import json
from importlib.resources import files

import pytest
from babel import Locale

from pinchtune.errors import UsageError
from pinchtune.languages import (
    LANGUAGES,
    UNKNOWN,
    Identifier,
    get_language,
    is_rtl,
    language_name,
    script_share,
)

STARTER = files("pinchtune") / "starter"
CODES = ("ar", "cs", "en", "es", "et", "fi", "he", "hi", "it", "ja", "ru", "sw", "zh")


def test_table_is_sound():
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    assert set(LANGUAGES) <= set(LanguageIdentifier.from_model_file(MODEL_FILE).labels)
    for row in LANGUAGES.values():
        assert set(row.close) <= set(LANGUAGES)
        for locale in ("en", "ja"):
            assert language_name(row.code, locale) not in ("", row.code)


def test_direction_agrees_with_babel():
    for code in LANGUAGES:
        assert is_rtl(code) == (Locale.parse(code).text_direction == "rtl"), code


@pytest.mark.parametrize("tag", ["pt", "pt-BR", "pt_BR", "PT"])
def test_tags_find_their_row(tag):
    assert get_language(tag).code == "pt"


def test_unknown_language_lists_the_known_ones():
    with pytest.raises(UsageError, match="unknown language 'xx'; use one of: af am ar"):
        get_language("xx")


@pytest.mark.parametrize("code", CODES)
def test_starter_texts_are_identified(code):
    identifier = Identifier(CODES)
    rows = [
        json.loads(line)
        for kind in ("pinch", "evaluation")
        for line in (STARTER / kind / f"{code}.jsonl").read_text("utf-8").splitlines()
    ]
    right = sum(identifier.identify(row["response"]).language == code for row in rows)
    assert right / len(rows) >= 0.98


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", UNKNOWN),
        ("12345 !?", UNKNOWN),
        ("😀😀", UNKNOWN),
        ("ಕನ್ನಡ", UNKNOWN),
        ("こんにちは", "ja"),
        ("你好，今天天气怎么样？", "zh"),
        ("مرحبا", "ar"),
        ("The quick brown fox", "en"),
        ("THE QUICK BROWN FOX JUMPS", "en"),
        ("Пришлите счёт, пожалуйста.", "ru"),
    ],
)
def test_hard_texts(text, language):
    assert Identifier(CODES).identify(text).language == language


def test_decomposed_letters_do_not_matter():
    import unicodedata

    text = "¿Cuándo llegará mi pedido, señor Núñez?"
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    identifier = Identifier(CODES)
    assert identifier.identify(composed).language == "es"
    assert identifier.identify(decomposed).language == "es"


def test_script_share():
    assert script_share("abc где", "Cyrl") == pytest.approx(0.5)
    assert script_share("", "Latn") == 0
    assert script_share("ラーメン屋", "Jpan") == 1


def test_majority_weighs_by_length():
    identifier = Identifier(["en", "es"])
    texts = ["Hello my friend", "Buenos días a todos, queridos amigos de la empresa", "123"]
    assert identifier.majority(texts) == "es"
    assert identifier.majority(["123"]) == UNKNOWN
