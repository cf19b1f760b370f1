"""What to write next: missing terms, kinds not written yet, rows without a counterpart."""

from __future__ import annotations

from made_up_rows import make_model, make_row, make_term

from pinchtune.collecting.suggest import suggest

TERMS = [make_term("invoice", enquiries=2), make_term("refund", enquiries=9)]
TERMS += [make_term("valve", enquiries=5), make_term("factura", language="es", enquiries=50)]
MODELS = [make_model("howto", position=1), make_model("price", position=0)]
MODELS += [make_model("precio", "es"), make_model("old", active=False)]


def test_terms_asked_for_most_come_first_and_templates_in_turn() -> None:
    rows = [make_row("My invoice?", status="draft", template="price")]
    found = suggest(rows, TERMS, MODELS, "en")
    assert [(s.kind, [t.term for t in s.terms]) for s in found] == [
        ("terms", ["refund", "valve"]),
        ("template", []),
    ]
    assert found[0].values == {"enquiries": 14}
    # The kind that was written from least often.
    assert found[0].template == found[1].template == MODELS[0]


def test_what_was_sent_back_is_suggested_again() -> None:
    rows = [make_row("My invoice?", status="rejected", template="price")]
    found = suggest(rows, TERMS, MODELS, "en", limit=9)
    assert [term.term for s in found for term in s.terms] == ["refund", "valve", "invoice"]
    assert [s.template.kind for s in found if s.kind == "template" and s.template] == [
        "price",
        "howto",
    ]


def test_rows_without_a_counterpart() -> None:
    done, linked = make_row("done"), make_row("linked", parallel_id="p")
    alone, grouped = make_row("alone"), make_row("grouped", parallel_id="q")
    rows = [done, linked, alone, grouped, make_row("draft", status="draft")]
    rows += [make_row("hecho", language="es", source_id=done.id, status="draft")]
    rows += [make_row("enlazado", language="es", parallel_id="p")]
    found = suggest(rows, [], [], "es")
    assert [s.values["instruction"] for s in found] == ["alone", "grouped"]
    assert found[0].values["language"] == "en" and found[0].values["id"] == alone.id


def test_each_way_has_its_turn_and_the_limit_holds() -> None:
    rows = [make_row(f"hola {i}", language="es") for i in range(9)]
    found = suggest(rows, TERMS, MODELS, "en", limit=4)
    assert [s.kind for s in found] == ["terms", "template", "parallel", "terms"]
    assert suggest([], [], [], "en") == []
