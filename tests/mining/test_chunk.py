from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.mining.chunk import SAMPLE, mine_chunk
from pinchtune.mining.enquiries import Enquiry, Unread
from pinchtune.mining.listening import Listener
from pinchtune.mining.merging import merge

LISTENER = Listener(["en", "es", "ja", "ar", "he", "th", "ru"])


def mined(*texts: str, answer: str | None = None) -> dict:
    return mine_chunk([Enquiry(t, answer, "log", n) for n, t in enumerate(texts, 1)], LISTENER)


def test_personal_data_is_hidden_and_counted():
    made = mined("Soy la Sra. Ana Pérez, llámeme al 612345678 o a ana@correo.es, por favor.")
    assert made["rows"][0][:2] == [
        "Soy la Sra. [name], llámeme al [phone] o a [e-mail], por favor.",
        "es",
    ]
    assert made["personal"] == {"e-mail": 1, "name": 1, "phone": 1}
    assert {f"[{row['kind']}]" in row["text"] for row in made["sample"]} == {True}
    everything = json.dumps(made, ensure_ascii=False)
    assert not [part for part in ("Pérez", "6123", "correo") if part in everything]


def test_the_sample_is_bounded():
    made = mined(*(f"Write to me at person{n}@mail.net, please" for n in range(50)))
    assert len(made["sample"]) == SAMPLE and made["personal"] == {"e-mail": 50}


def test_an_answer_in_another_language_is_an_incident_without_personal_data():
    asked = "¿Cómo puedo cancelar mi pedido de ayer?"
    made = mined(asked, answer="You can cancel it on the page of your orders, or ask a@mail.net.")
    assert [(i["answer_language"], i["source"]) for i in made["incidents"]] == [("en", "log:1")]
    assert "[e-mail]" in made["incidents"][0]["answer"] and made["rows"][0][3]
    same = mined(asked, answer="Puede cancelarlo en la página de sus pedidos, o por teléfono.")
    assert same["incidents"] == [] and not same["rows"][0][3]


def test_an_answer_is_searched_for_the_numbers_of_those_who_asked():
    answer = "You can cancel it on the page of your orders, or call 698765432 until five."
    incident = mined("¿Cómo puedo cancelar mi pedido de ayer?", answer=answer)["incidents"][0]
    assert "call [phone] until" in incident["answer"]


def test_an_address_is_in_no_language():
    text = "أين الطرد؟ some.very.long.address.of.mine@a-very-long-company-name.example.org"
    assert mined(text)["rows"][0][1] == "ar"


def test_two_languages_in_one_text():
    made = mined(
        "¿Dónde está mi pedido de la semana pasada? Please answer me as soon as you possibly can.",
        "¿Dónde está mi pedido de la semana pasada? Llevo una semana esperando aquí en casa.",
        "注文した商品はどこにありますか。教えてください。 Please answer me as soon as you can.",
    )
    assert [row[2] for row in made["rows"]] == [True, False, True]


@pytest.mark.parametrize(
    "text", ["مرحبا كيف حالك", "שלום מה שלומך", "สวัสดีครับ", "こんにちは", "👍👩‍👩‍👧", "नमस्ते"]
)
def test_every_script_survives(text: str):
    assert merge([mined(text)]).candidates[0].text == text


@given(st.text(), st.text())
def test_any_text_goes_through(text: str, answer: str):
    made = mined(text, text, answer=answer)
    json.dumps(made, ensure_ascii=False).encode("utf-8")
    assert [c.count for c in merge([made]).candidates] == [2] * bool(made["rows"])


def test_every_record_is_counted_once():
    items = [
        Enquiry("Where is my order?", None, "log", 1),
        Enquiry("1234", None, "log", 2),
        Enquiry("x", None, "log", 3, automatic=True),
        Unread("log:4: is broken"),
    ]
    facts = merge([mine_chunk(items, LISTENER)]).summary
    assert (facts["read"], facts["unread"], facts["enquiries"]) == (4, 1, 1)
    assert facts["dropped"] == {"wordless": 1, "automatic": 1}
    assert facts["unread_first"] == ["log:4: is broken"]
