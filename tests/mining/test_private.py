"""Personal data in enquiries: short texts, unknown languages, numbers and names as a whole."""

from __future__ import annotations

import time

import pytest

from pinchtune.data.personal import replace_personal
from pinchtune.mining.listening import Listener
from pinchtune.mining.private import find_private

LISTENER = Listener()


def hidden(text: str, *languages: str) -> str:
    codes = languages or (LISTENER.language(text),)
    return replace_personal(text, find_private(text, *codes))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("llámeme 698765432", "llámeme [phone]"),
        ("Tel 698765432", "Tel [phone]"),
        ("call 2125550199", "call [phone]"),
        ("698765432", "[phone]"),
        ("मेरा नंबर 8765432109 है", "मेरा नंबर [phone] है"),
        ("என் எண் 8765432109", "என் எண் [phone]"),
        ("tumawag sa 09281234567", "tumawag sa [phone]"),
        ("Slå en signal till 073-987 65 43 tack", "Slå en signal till [phone] tack"),
        ("ph: 087654 32109", "ph: [phone]"),
        ("(21) 98765-4321", "[phone]"),
        ("携帯は０８０２３４５６７８９", "携帯は[phone]"),
        ("Where is it? Order 4512 of 2024-11-03, 20 pieces", None),
        ("Preis 1.234.567 €, 12 345 678 Kč", None),
    ],
)
def test_telephone_numbers_in_short_texts(text: str, plain: str | None):
    assert hidden(text) == (plain or text)


def test_a_number_of_those_who_asked_is_found_in_an_answer():
    answer = "Thank you for your message. Please call our service desk at 698765432 until five."
    assert hidden(answer, "en") == answer
    assert "698" not in hidden(answer, "en", "es")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Mr JONES wants his money", "Mr [name] wants his money"),
        ("MR. JONES wants his money", "MR. [name] wants his money"),
        ("Dear Mrs van den Broek", "Dear Mrs [name]"),
        ("Prof. Dr. Dr. h.c. Ute Lang", "Prof. Dr. Dr. h.c. [name]"),
        ("Dr. med. Ute Lang", "Dr. med. [name]"),
        ("鈴木花子様", "[name]様"),
        ("Sr. Gómez", "Sr. [name]"),
        ("Sra. Gómez Ruiz", "Sra. [name]"),
        ("Estimada señora Ana Gómez Ruiz", "Estimada señora [name]"),
        ("Mme DURAND", "Mme [name]"),
        ("Mme Claire DURAND attend", "Mme [name] attend"),
        ("Herr von Berg", "Herr [name]"),
        ("Dr.Lang", "Dr.[name]"),
        ("SEÑORA GÓMEZ", "SEÑORA [name]"),
        ("请找王女士", "请找[name]女士"),
    ],
)
def test_names_beside_a_title_whatever_the_language_seems(text: str, plain: str):
    assert hidden(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "Tell Me Where",
        "MS Office is broken",
        "I MISS YOU",
        "Peter Pan Airlines",
        "DR Congo",
        "Dear Sir or Madam",
        "DEAR SIR OR MADAM",
        "皆様へ",
        "Fr. Morgen",
        "HR Manager",
        "Buy me a Pak Choi",
        "Mr President, Mrs. Or Mr.",
    ],
)
def test_words_that_only_look_like_titles_are_left_alone(text: str):
    assert hidden(text) == text


def test_a_title_of_many_languages_counts_in_its_own():
    text = "Bonjour, je vous écris au nom de M. Durand, qui attend toujours sa commande."
    assert "M. [name]," in hidden(text, "fr") and hidden(text, "de") == text


def test_a_name_and_an_address_that_overlap_are_one():
    assert hidden("Mr. Jones@mail.net is mine") == "Mr. [e-mail] is mine"


@pytest.mark.parametrize(
    "piece", ["1 ", "698765432 ", "Mr. ", "Mr A", "Prof. Dr. ", "A. ", "王", "A-"]
)
def test_a_list_of_twenty_thousand_characters_takes_seconds_at_most(piece: str):
    hidden("Mr. A 1", "unknown")
    short, long = (_seconds((piece * 20_000)[:length]) for length in (5_000, 20_000))
    assert long < 8 * short + 0.1 and long < 10


def _seconds(text: str) -> float:
    start = time.process_time()
    hidden(text, "unknown")
    return time.process_time() - start
