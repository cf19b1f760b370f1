from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.mining.logs import Enquiry
from pinchtune.mining.merge import merge
from pinchtune.mining.refine import Refiner, summarise
from pinchtune.mining.terms import name_clusters, split

REFINER = Refiner(["en", "es", "ja", "ar", "he", "th", "ru"])


def refine(text: str, answer: str = "", automatic: bool = False) -> dict:
    return REFINER.refine(Enquiry(text, answer, "log", 1, automatic))


def test_personal_data_is_hidden_and_counted():
    row = refine("Soy la Sra. Ana Pérez, llámeme al 612345678 o a ana@correo.es, por favor.")
    assert row["language"] == "es"
    assert "Pérez" not in row["text"] and "612" not in row["text"] and "@" not in row["text"]
    assert row["personal"] == {"name": 1, "phone": 1, "e-mail": 1}


def test_an_answer_in_another_language_is_an_incident():
    question = "¿Cómo puedo cancelar mi pedido de ayer?"
    assert refine(question, "You can cancel it on the page of your orders.")["answered"] == "en"
    assert "answered" not in refine(question, "Puede cancelarlo en la página de sus pedidos.")


def test_an_address_is_in_no_language():
    text = "أين الطرد؟ some.very.long.address.of.mine@a-very-long-company-name.example.org"
    assert refine(text)["language"] == "ar"


def test_two_languages_in_one_text():
    text = "¿Dónde está mi pedido de la semana pasada? Please answer me as soon as possible."
    assert refine(text)["mixed"]
    assert not refine("¿Dónde está mi pedido? Llevo una semana esperando aquí.")["mixed"]


@pytest.mark.parametrize(
    "text", ["مرحبا كيف حالك", "שלום מה שלומך", "สวัสดีครับ", "こんにちは", "👍👩‍👩‍👧"]
)
def test_every_script_survives_refining(text: str):
    assert refine(text)["text"] == text


@given(st.text())
def test_any_text_is_refined_and_merged(text: str):
    rows = [refine(text), refine(text)]
    assert rows[0] == rows[1]
    found = merge(rows)
    assert len(found) == ("dropped" not in rows[0])
    assert all(c.count == 2 for c in found)


def test_the_same_question_counts_as_often_as_it_was_asked():
    asked = ["Where is my order number seven?", "where is my  order number seven?"]
    rows = [refine(t) for t in [*asked, "Where is my order, number seven?", "How do I pay it?"]]
    found = merge(rows)
    assert sorted(c.count for c in found) == [1, 3]
    assert merge(rows[::-1]) == found


def test_the_summary_adds_up():
    rows = [refine("Where is my order?"), refine("1234"), refine("x", automatic=True)]
    found = summarise(rows)
    assert found["read"] == 3 and found["dropped"] == {"automatic": 1, "noise": 1}
    assert found["languages"] == {"en": 1}


def test_words_where_no_spaces_part_them():
    assert split("注文取消", "ja") == ["注文", "文取", "取消"]
    assert split("Cancel the ORDER", "en") == ["cancel", "the", "order"]


def test_clusters_are_named_by_what_others_lack():
    texts = ["cancel my order", "cancel the order", "reset my password", "my password lost"]
    found = name_clusters(texts, ["en"] * 4, [0, 0, 1, 1], [1, 9, 1, 1])
    assert found[0][:2] == ["cancel", "order"] and found[1][0] == "password"
    assert found[0][-1] == "my"
