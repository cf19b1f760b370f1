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
        ("de", "Bitte Herrn Dr. Müller-Lange anrufen.", ["Müller-Lange"]),
        ("de", "Der Herr der Ringe; Herr von der Leyen ruft an.", ["von der Leyen"]),
        ("nl", "Meneer den Uyl en mevrouw van der Berg", ["den Uyl", "van der Berg"]),
        ("fr", "Mme Dubois a appelé.", ["Dubois"]),
        ("ru", "Передайте г-ну? Нет: г-н Иванов ждёт.", ["Иванов"]),
        ("ja", "田中さんに伝えてください。お客様へ。皆さん、お医者さん。", ["田中"]),
        ("ja", "山田太郎様", ["山田太郎"]),
        ("zh", "请联系王女士。对于李先生，各位先生。", ["王", "李"]),
        ("ko", "김민수 씨에게. 고객님, 오늘날씨가 좋네요.", ["김민수"]),
        ("ar", "أرسلها إلى السيد أحمد العلي اليوم", ["أحمد العلي"]),
        ("hi", "श्री राम कुमार को", ["राम कुमार"]),
        ("hu", "Kovács János úrnak", ["Kovács János"]),
        ("tr", "Ahmet Bey aradı. Sayın Profesör", ["Ahmet"]),
        ("en", "The doctor said Mr and Mrs were out.", []),
        ("fi", "Herra Virtanen", ["Virtanen"]),
        ("th", "Mr. Smith", ["Smith"]),
    ],
)
def test_names_beside_a_title(language: str, text: str, names: list[str]):
    found = dict.fromkeys(text[start:end] for start, end in find_names(text, language))
    assert list(found) == names


@given(st.text(), st.sampled_from(["ja", "zh", "ko", "hi", "ar", "ru", "en"]))
def test_any_text_can_be_searched(text: str, language: str):
    assert all(0 <= start < end <= len(text) for start, end in find_names(text, language))
