from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.mining.names import find_names


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("en", "Please tell Mr. Smith and Dr Anna van Dyke.", ["Smith", "Anna van Dyke"]),
        ("es", "Soy la Sra. María López, gracias.", ["María López"]),
        ("de", "Bitte Frau Müller-Lange anrufen.", ["Müller-Lange"]),
        ("fr", "Mme Dubois a appelé.", ["Dubois"]),
        ("ru", "Передайте г-ну? Нет: г-н Иванов ждёт.", ["Иванов"]),
        ("ja", "田中さんに伝えてください。お客様へ。皆さん、お医者さん。", ["田中"]),
        ("zh", "请联系王女士。", []),
        ("ar", "أرسلها إلى السيد أحمد اليوم", ["أحمد"]),
        ("hi", "श्री राम कुमार को", ["राम कुमार"]),
        ("en", "The doctor said Mr and Mrs were out.", []),
        ("fi", "Herra Virtanen", []),
        ("", "Mr. Smith", []),
    ],
)
def test_names_that_are_announced(language: str, text: str, names: list[str]):
    assert [f.text for f in find_names(text, language)] == names


@given(st.text(), st.sampled_from(["ja", "zh", "ko", "hi", "ar", "ru", "en"]))
def test_any_text_can_be_searched(text: str, language: str):
    for found in find_names(text, language):
        assert text[found.start : found.end] == found.text != ""
