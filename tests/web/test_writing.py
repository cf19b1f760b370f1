"""Writing: the form, drafts kept while typing, submitting, what comes back."""

from __future__ import annotations

import re

import pytest
from workplace import form_of

from pinchtune.model.generate import ScriptedGenerator
from pinchtune.store import Term, Text, examples, glossary, people, templates
from pinchtune.web.settings import WebSettings

ASK, ANSWER = "¿Cómo purgo la bomba?", "Abra la válvula y espere un minuto."


def test_the_first_page_of_an_author(browse, write, person, store):
    write(status="approved")
    write(status="rejected", n=2)
    write(n=3)
    glossary.add(store, person("Ada"), "es", "junta tórica", enquiries=7)
    page = browse("Ana").see("/")
    assert "1 of 40 approved in Spanish" in page
    assert page.index("Too short") < page.index("filtro 2") < page.index("filtro 3")
    assert "junta tórica" in page and "In 7 enquiries" in page
    title = templates.list_templates(store, "es")[0].title
    assert title in page and "/queue" not in page and "/people" not in page


def test_from_an_empty_form_to_the_queue(browse, person, store):
    browser = browse("Ana")
    page = browser.see("/write?language=es")
    fields = form_of(page, "example") | {"instruction": ASK, "response": ANSWER}
    page = browser.fill("/write", **fields, act="save")
    assert "Saved." in page and ASK in page
    (row,) = examples.find(store, person("Ana"), mine=True).rows
    assert row.text == Text(ASK, ANSWER, "CC0-1.0") and row.status == "draft"
    page = browser.fill(f"/rows/{row.id}/edit", **form_of(page, "example"), act="submit")
    assert "Submitted." in page
    assert examples.get(store, person("Ana"), row.id).status == "submitted"


def test_the_same_form_twice_makes_one_example(browse, person, store):
    browser = browse("Ana")
    fields = form_of(browser.see("/write?language=es"), "example")
    fields |= {"instruction": ASK, "response": ANSWER}
    for _ in range(2):
        assert "Submitted." in browser.fill("/write", **fields, act="submit")
    assert len(examples.find(store, person("Ana"), mine=True).rows) == 1


def test_an_incomplete_example_is_kept_but_not_submitted(browse, person, store):
    browser = browse("Ana")
    fields = form_of(browser.see("/write?language=es"), "example") | {"instruction": ASK}
    page = browser.fill("/write", 422, **fields, act="submit")
    assert "Write the response before you submit" in page and ASK in page
    (row,) = examples.find(store, person("Ana"), mine=True).rows
    assert f'action="/rows/{row.id}/edit"' in page


def test_a_template_stands_beside_the_form_with_the_terms_to_use(browse, person, store):
    template = templates.list_templates(store, "es")[1]
    term = glossary.add(store, person("Ada"), "es", "albarán", note="delivery note")
    page = browse("Ana").see(f"/write?language=es&template={template.id}&terms={term.id}")
    assert template.hint.split("&")[0][:40] in page and "delivery note" in page
    assert f'name="template" value="{template.kind}"' in page


def test_typing_is_kept_by_the_script(browse, person, store):
    browser = browse("Ana")
    fields = form_of(browser.see("/write?language=es"), "example")
    first = browser.ask("/write/draft", **fields | {"instruction": "¿Có"})
    again = browser.ask("/write/draft", **fields | {"instruction": "¿Cómo"})
    assert again["id"] == first["id"] and again["revision"] == first["revision"] + 1
    path = f"/rows/{first['id']}/draft"
    kept = browser.ask(path, instruction=ASK, response="", revision=again["revision"])
    assert examples.get(store, person("Ana"), first["id"]).text.instruction == ASK
    lost = browser.ask(path, 409, instruction="x", response="", revision=again["revision"])
    assert "Somebody has changed" in lost["error"] and lost["revision"] == kept["revision"]


def test_two_windows_see_both_versions(browse, write, person, store):
    row = write()
    one, other = browse("Ana"), browse("Ana")
    fields = form_of(one.see(f"/rows/{row.id}/edit"), "example")
    other.see(f"/rows/{row.id}/edit")
    other.fill(
        f"/rows/{row.id}/edit", **fields | {"response": "La otra.", "form_token": other.token}
    )
    page = one.fill(f"/rows/{row.id}/edit", 409, **fields | {"response": "La mía."})
    assert "La otra." in page and "La mía." in page
    assert examples.get(store, person("Ana"), row.id).text.response == "La otra."
    newer = re.search(r'name="revision" value="(\d+)"', page)[1]
    mine = fields | {"response": "La mía.", "revision": newer}
    assert "Saved." in one.fill(f"/rows/{row.id}/edit", **mine)


def test_checks_are_shown_while_typing_and_save_nothing(browse, write, person, store):
    row = write(status="submitted")
    browser = browse("Ana")
    browser.see("/write?language=es")
    html = browser.ask(
        "/write/check",
        language="es",
        instruction=row.text.instruction,
        response="Please write to ana@firma.es about the delivery of the goods, thank you.",
    )["html"]
    assert "Nearly the same exists already" in html and f"/rows/{row.id}" in html
    assert "reads as English, not as Spanish" in html and "ana@firma.es" in html
    assert len(examples.find(store, person("Ana"), mine=True).rows) == 1


def test_checks_name_the_terms_that_are_used(browse, person, store):
    glossary.add_many(store, person("Ada"), [Term("", "es", "válvula de retención")])
    browser = browse("Ana")
    browser.see("/write?language=es")
    sent = {"instruction": ASK, "response": "Las válvulas de retención se limpian con agua."}
    assert "válvula de retención" in browser.ask("/write/check", language="es", **sent)["html"]


def test_somebody_elses_draft_cannot_be_saved(browse, write):
    row = write("Ana")
    browser = browse("Beto")
    browser.see("/write")
    sent = {"instruction": "x", "response": "y", "revision": row.revision}
    assert "somebody else" in browser.fill(f"/rows/{row.id}/edit", 403, **sent)
    assert "somebody else's" in browser.ask(f"/rows/{row.id}/draft", 403, **sent)["error"]


def test_a_language_without_a_grant_is_refused(browse):
    browser = browse("Ana")
    browser.see("/write")
    sent = {"language": "ja", "instruction": ASK, "response": ANSWER, "key": "k"}
    assert "Only an author for Japanese" in browser.fill("/write", 403, **sent)
    assert "Only an author" in browse("Rita").see("/write", 403)


def test_taking_back_what_waits(browse, write):
    row = write(status="submitted")
    browser = browse("Ana")
    assert "Take it back" in browser.see(f"/rows/{row.id}")
    page = browser.fill(f"/rows/{row.id}/withdraw", revision=row.revision)
    assert "It is a draft again." in page and 'id="example"' in page


def test_what_was_typed_is_shown_when_the_session_has_ended(browse, write, person, store):
    row = write()
    browser = browse("Ana")
    fields = form_of(browser.see(f"/rows/{row.id}/edit"), "example")
    people.end_all_sessions(store, person("Ana"))
    page = browser.fill(f"/rows/{row.id}/edit", 401, **fields | {"response": "No se pierda."})
    assert "No se pierda." in page and "Log in in a new window" in page
    assert browser.ask(f"/rows/{row.id}/draft", 401)["error"].startswith("Log in again")


def test_there_is_no_button_without_a_model(browse, write):
    row = write()
    browser = browse("Ana")
    page = browser.see(f"/rows/{row.id}/edit")
    assert "Let the model draft" not in page
    fields = form_of(page, "example")
    assert "no model" in browser.fill(f"/rows/{row.id}/edit", 404, **fields, act="model")


class TestWithAModel:
    @pytest.fixture
    def web_settings(self) -> WebSettings:
        generator = ScriptedGenerator({ASK: "Un borrador."})
        return WebSettings(refresh=0, generator=generator, generator_name="tiny")

    def test_its_use_is_recorded_for_good(self, browse, person, store):
        browser = browse("Ana")
        fields = form_of(browser.see("/write?language=es"), "example") | {"instruction": ASK}
        page = browser.fill("/write", **fields, act="model")
        assert "Un borrador." in page and "came from the model tiny" in page
        (row,) = examples.find(store, person("Ana"), mine=True).rows
        mended = form_of(page, "example") | {"response": ANSWER}
        browser.fill(f"/rows/{row.id}/edit", **mended, act="save")
        assert examples.get(store, person("Ana"), row.id).text.drafted_by == "tiny"

    def test_without_an_instruction_there_is_nothing_to_draft(self, browse):
        browser = browse("Ana")
        fields = form_of(browser.see("/write?language=es"), "example") | {"response": "algo"}
        page = browser.fill("/write", 422, **fields, act="model")
        assert "Write the instruction first" in page and "algo" in page
