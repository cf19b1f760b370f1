"""Languages of enquiries of a few words, and of their answers."""

from __future__ import annotations

import pytest

from pinchtune.mining.listening import Listener

ANSWERS = {
    "de": "Vielen Dank für Ihre Nachricht. Wir melden uns so schnell wie möglich bei Ihnen.",
    "es": "Gracias por tu mensaje. Te responderemos lo antes posible con toda la información.",
    "ja": "お問い合わせありがとうございます。ご注文の状況を確認いたしますので、お待ちください。",
    "en": "Thank you for your message. We will get back to you as soon as we possibly can.",
    "ne": "तपाईंको सन्देशको लागि धन्यवाद। हामी छिट्टै जवाफ दिनेछौं।",
}


@pytest.fixture(scope="module")
def listener() -> Listener:
    return Listener()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Retoure", "de"),
        ("kaputt", "de"),
        ("está roto", "es"),
        ("返品", "ja"),
        ("領収書発行", "ja"),
    ],
)
def test_a_few_words_are_in_the_language_of_their_answer(
    listener: Listener, text: str, language: str
):
    answer = ANSWERS[language]
    assert listener.language(text) != language, "else nothing is tested"
    assert listener.enquiry(text, answer) == language
    assert listener.answered_in(answer, listener.language(text), text) == ""


def test_unless_they_are_written_in_other_letters_or_surely_in_another_language(
    listener: Listener,
):
    assert listener.enquiry("返品", ANSWERS["de"]) == listener.language("返品")
    assert listener.enquiry("Wo ist mein Paket", ANSWERS["en"]) == "de"


def test_a_whole_sentence_tells_its_own_language(listener: Listener):
    text = "Wann kann ich mein Paket bei Ihnen abholen?"
    assert listener.enquiry(text, ANSWERS["en"]) == "de"
    assert listener.answered_in(ANSWERS["en"], "de", text) == "en"


@pytest.mark.parametrize("answer", [None, "", "OK", "12345", "👍"])
def test_an_answer_that_tells_nothing_changes_nothing(listener: Listener, answer: str | None):
    assert listener.enquiry("Retoure", answer) == listener.language("Retoure")
