"""Sentences, numbers and names in the locale of the visitor; texts of people inside them."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from pinchtune.collecting.hints import Hint
from pinchtune.store import StoreError
from pinchtune.web.hints import explain_hint, explain_refusal
from pinchtune.web.texts import read_text, shorten, show_text
from pinchtune.web.wording import (
    Translator,
    choose_locale,
    list_languages,
    list_locales,
    read_accepted,
    translator,
)


def test_every_catalogue_is_a_locale_under_its_own_name():
    found = list_locales()
    assert next(iter(found)) == "en"
    assert {"ja": "日本語", "ar": "العربية", "es": "Español"}.items() <= found.items()


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("de, fr;q=0.9, es-MX;q=0.8, en;q=0.7", "es"),
        ("en;q=0.3, ar;q=0.9", "ar"),
        ("tlh", "en"),
        ("", "en"),
        (";q=,;;q=x,ja;q=1", "ja"),
    ],
)
def test_the_browser_says_which_locale(header, locale):
    assert choose_locale(read_accepted(header)) == locale


def test_an_unknown_sentence_stays_english_and_values_are_escaped():
    say = translator("ja")
    assert say("Nobody translated {what}.", what="<b>") == "Nobody translated &lt;b&gt;."
    assert isinstance(say("x"), Markup)


def test_values_keep_their_direction_to_themselves():
    assert translator("en")("By {name}.", name="Ana") == "By Ana."
    assert translator("en")("By {name}.", name="أمل") == "By \u2068أمل\u2069."
    assert translator("ar")("By {name}.", name="Ana") == "By \u2068Ana\u2069."
    hidden = translator("en")("By {name}.", name="\u202eanA")
    assert "\u202e" not in hidden and "U+202E" in hidden


def test_numbers_shares_and_languages_read_as_the_locale_writes_them():
    assert translator("en").number(12345) == "12,345"
    assert translator("es").number(12345) == "12.345"
    assert translator("en").percent(0.27) == "27%"
    assert translator("ja").language("es") == "スペイン語"
    assert translator("es").language("ja") == "Japonés"
    assert translator("en").language("tlh-x") == "tlh-x"
    assert translator("ar").direction == "rtl" and translator("hi").direction == "ltr"
    assert ("ja", "Japanese") in list_languages("en")


def test_hidden_characters_become_marks_and_nothing_else_changes():
    shown = show_text("a\u202eb<i>\u200d\ud800")
    assert shown == 'a<span class="hidden-mark" dir="ltr">U+202E</span>b&lt;i&gt;\u200d\ufffd'


def test_line_ends_of_forms_become_plain_ones():
    assert read_text("a\r\nb\rc\n") == "a\nb\nc\n"


def test_long_texts_are_shortened_to_a_line():
    assert shorten("one\ntwo") == "one two"
    assert shorten("word " * 100, 20) == "word word word word…"


@pytest.mark.parametrize(
    ("hint", "piece"),
    [
        (Hint("empty", "response", {}, True), "The response is empty."),
        (
            Hint("language", "response", {"found": "en", "declared": "es"}, True),
            "English, not as Spanish",
        ),
        (Hint("personal", "response", {"what": "card", "text": "4111"}, True), "number of a card"),
        (Hint("encoding", "response", {"what": "lost", "piece": "U+FFFD"}, True), "lost character"),
        (Hint("bidi", "instruction", {"codes": ["U+202E"]}, True), "turn its order: U+202E"),
        (Hint("long", "", {"characters": 9000, "limit": 8000}, True), "9,000 characters"),
        (Hint("overlap", "instruction", {"id": "x"}, True), "question of the evaluation"),
        (Hint("new kind", "", {}, True), "new kind"),
    ],
)
def test_every_hint_has_a_sentence(hint: Hint, piece: str):
    assert piece in explain_hint(Translator("en"), hint)


def test_a_list_is_written_as_its_language_does_and_stays_escaped():
    said = [translator(code)("{x}", x=("A", "<b>")) for code in ("en", "ja")]
    assert said == ["A and &lt;b&gt;", "A、&lt;b&gt;"]


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en", "The state of the example is: Waiting for approval."),
        ("ja", "この例文の現在の状態は「承認待ち」です。"),
    ],
)
def test_a_refusal_speaks_the_words_of_the_pages(locale, sentence):
    error = StoreError("The state of the example is: {status}.", status="submitted")
    assert explain_refusal(translator(locale), error) == sentence
    known = StoreError("This project does not collect {language}.", language="es")
    assert "es" not in explain_refusal(translator(locale), known).split()
