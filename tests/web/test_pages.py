"""Reading, the glossary, spreadsheets, the administrator's pages, the account."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from workplace import PASSWORD

from pinchtune.store import Grant, Term, examples, glossary, people, settings, templates


def test_examples_are_found_and_paged(browse, write, person, store):
    for n in range(60):
        write(n=n)
    browser = browse("Rita")
    page = browser.see("/rows")
    assert "filtro 59" in page and "filtro 9?" not in page
    older = re.search(r'href="(/rows\?[^"]*after=[^"]*)"', page)[1].replace("&amp;", "&")
    page = browser.see(older)
    assert "filtro 9?" in page and "filtro 59" not in page and "To the newest" in page
    assert "filtro 42" in browser.see("/rows?text=FILTRO+42")
    assert "No example is like that" in browser.see("/rows?text=nada&status=approved&language=es")
    assert "begin with the first one" in browser.see("/rows?after=x", 422)


def test_an_example_shows_what_was_done_to_it(browse, write):
    row = write(status="rejected")
    page = browse("Rita").see(f"/rows/{row.id}")
    for piece in ("Version 1 by Ana", "Sent back by Dora: Too short", "Begun", "Submitted"):
        assert piece in page
    assert "<form" not in page.split("<main", 1)[1]


def test_somebody_without_the_language_finds_nothing(browse, write):
    row = write()
    assert "no such example" in browse("Jun").see(f"/rows/{row.id}", 404)
    assert "no such page" in browse("Jun").see("/nowhere", 404)


def test_the_glossary_shows_what_is_missing(browse, write, person, store):
    terms = [Term("", "es", "filtro", enquiries=5), Term("", "es", "caudal", enquiries=9)]
    glossary.add_many(store, person("Ada"), terms)
    write(status="approved")
    page = browse("Rita").see("/glossary?language=es")
    assert "1 of 2 terms are used" in page and page.index("caudal") < page.index(">filtro<")
    assert ">filtro<" not in browse("Rita").see("/glossary?language=es&missing=1")
    assert "Approvers and administrators add terms" in page


def test_a_term_is_added_changed_and_removed(browse, store):
    browser = browse("Carla")
    browser.see("/glossary?language=es")
    sent = {"language": "es", "term": "bomba", "variants": "bombas; bombín\nbombona"}
    assert "Added." in browser.fill("/glossary", **sent, enquiries="3")
    assert "already" in browser.fill("/glossary", 409, **sent)
    (term,) = glossary.list_terms(store, "es")
    assert term.variants == ("bombas", "bombín", "bombona") and term.enquiries == 3
    assert "bombín" in browser.see(f"/glossary/{term.id}")
    browser.fill(f"/glossary/{term.id}", term="bomba de agua", enquiries="4")
    assert glossary.list_terms(store, "es")[0].term == "bomba de agua"
    browser.fill(f"/glossary/{term.id}", act="remove")
    assert glossary.list_terms(store) == []
    author = browse("Ana")
    author.see("/")
    author.fill("/glossary", 403, **sent)


def test_a_list_of_terms_is_imported(browse, store):
    browser = browse("Ada")
    browser.see("/glossary")
    data = "term,variants,enquiries\nbomba,bombas;bombín,4\n,,2\ncaudal,,muchos\n".encode()
    page = browser.fill(
        "/glossary/import", language="es", files={"file": ("terms.csv", data, "text/csv")}
    )
    assert "New terms: 1" in page and "C4" in page and "not a number of enquiries" in page
    assert [term.term for term in glossary.list_terms(store)] == ["bomba"]
    assert "Choose a file" in browser.fill("/glossary/import", 422, language="es")


def test_a_spreadsheet_goes_out_and_comes_back(browse, store, person):
    browser = browse("Ana")
    assert "/sheets/es.xlsx" in browser.see("/sheets")
    book = openpyxl.load_workbook(io.BytesIO(browser.get("/sheets/es.xlsx").content))
    sheet = book["Examples"]
    sheet["A2"], sheet["B2"] = "¿Cómo limpio el filtro?", "Con agua fría y sin jabón."
    sheet["A3"], sheet["B3"] = "¿Y la bomba?", "=HYPERLINK(1)"
    sheet["A4"], sheet["B4"] = "¿Hay teléfono?", "Llame al 612 345 678."
    buffer = io.BytesIO()
    book.save(buffer)
    file = {"file": ("mine.xlsx", buffer.getvalue(), "application/octet-stream")}
    page = browser.fill("/sheets", language="es", submit="1", files=file)
    assert "Examples that were taken and wait for approval: 2." in page
    assert "Examples!B3" in page and "holds a formula" in page
    assert "telephone number: 612 345 678" in page
    page = browser.fill("/sheets", language="es", submit="1", files=file)
    assert "No new example was taken" in page and "2 were here already" in page
    assert len(examples.find(store, person("Ana"), status="submitted").rows) == 2


def test_spreadsheets_are_for_authors(browse):
    browser = browse("Carla")
    assert "Only an author" in browser.see("/sheets", 403)
    data = "instruction,response\nhola,adiós\n".encode()
    browser.fill("/sheets", 403, language="es", files={"file": ("a.csv", data, "text/csv")})
    assert "no such file" in browser.see("/sheets/tlh.xlsx", 404)
    assert browser.get("/sheets/ja.csv").headers["content-type"].startswith("text/csv")
    page = browse("Ana").see("/sheets")
    assert 'enctype="multipart/form-data"' in page


def test_a_file_that_is_none_is_told(browse):
    browser = browse("Ana")
    browser.see("/sheets")
    for name, data in (("a.xlsx", b"PK\x03\x04 broken"), ("a.pdf", b"%PDF-1.7"), ("", b"")):
        files = {"file": (name, data, "application/octet-stream")} if name else None
        page = browser.fill("/sheets", 422, language="es", files=files)
        assert "cannot be taken" in page


@pytest.mark.parametrize("path", ["/people", "/settings", "/history", "/templates", "/people/x"])
@pytest.mark.parametrize("name", ["Ana", "Rita"])
def test_an_administrators_pages_are_closed_to_others(browse, path, name):
    assert "You may not do this" in browse(name).see(path, 403)


def test_inviting_shows_a_link_that_works_once(browse, visitor, store, person):
    browser = browse("Ada")
    browser.see("/people")
    grants = {"role-0": "author", "language-0": "ar", "site-0": "Cairo", "role-1": ""}
    page = browser.fill("/people", name="Amal", **grants)
    token = re.search(r"http://testserver/welcome/([\w-]+)", page)[1]
    assert people.open_invitation(store, token).grants == (Grant("author", "ar", "Cairo"),)
    assert "Choose at least one role" in browser.fill("/people", 422, name="Nobody")
    invitation = people.list_invitations(store, person("Ada"))[0]
    assert "Amal" in browser.see("/people")
    browser.fill(f"/invitations/{invitation.id}/revoke")
    visitor().see(f"/welcome/{token}", 404)


def test_roles_are_changed_and_people_locked_out(browse, store, person):
    browser, ana = browse("Ada"), browse("Ana")
    id = person("Ana").id
    assert "Spanish" in browser.see(f"/people/{id}")
    roles = {"role-0": "author", "language-0": "ja", "role-1": "reader"}
    browser.fill(f"/people/{id}", **roles)
    assert set(person("Ana").grants) == {Grant("author", "ja"), Grant("reader")}
    assert "Log in" in ana.see("/")
    reset = browser.fill(f"/people/{id}/reset")
    assert "The link for Ana" in reset and "/welcome/" in reset
    browser.fill(f"/people/{id}/deactivate")
    ana.see("/log-in")
    ana.fill("/log-in", 403, name="Ana", password=PASSWORD)
    browser.fill(f"/people/{id}/reactivate")
    ana.log_in("Ana")
    last = browser.fill(f"/people/{person('Ada').id}/deactivate", 409)
    assert "last administrator" in last


def test_goals_are_set(browse, store):
    browser = browse("Ada")
    page = browser.see("/settings")
    assert 'value="Filters"' in page and 'value="40"' in page
    sent = {"name": "Pumps", "license": "CC-BY-4.0", "language-0": "hi", "goal-0": "25"}
    sent |= {"language-1": "es", "goal-1": "40", "remove-1": "1", "language-2": "", "goal-2": ""}
    assert "Saved." in browser.fill("/settings", **sent)
    found = settings.read_settings(store)
    assert (found.name, found.languages, found.goals) == ("Pumps", ("hi",), {"hi": 25})
    browser.fill("/settings", 422, **{"language-0": "hi", "goal-0": "many"})


def test_templates_are_the_projects_own(browse, store):
    browser = browse("Ada")
    first = templates.list_templates(store, "es")[0]
    assert first.title in browser.see("/templates?language=es")
    assert first.title in browser.see(f"/templates/{first.id}")
    sent = {"kind": "howto", "title": "Nuestro", "position": "1", "response": "r"}
    browser.fill(f"/templates/{first.id}", **sent)
    assert templates.get_template(store, first.id).active is False
    browser.see("/templates/new?language=es")
    browser.fill("/templates/new", **sent | {"language": "es", "title": "Otro", "active": "1"})
    assert "Otro" in [t.title for t in templates.list_templates(store, "es")]
    browser.fill(f"/templates/{first.id}", act="remove")
    browser.see(f"/templates/{first.id}", 404)
    browser.fill("/templates/new", 422, **sent | {"language": "es", "position": "first"})


def test_the_history_tells_the_newest_first(browse, write):
    write(status="rejected")
    page = browse("Ada").see("/history")
    assert page.index("Logged in") < page.index("Too short") < page.index("Begun")
    assert page.index("Begun") < page.index("Joined")
    assert "Invited somebody · <bdi>Rita</bdi>" in page
    assert "Joined" not in browse("Ada").see("/history?before=2")


def test_the_password_is_changed_and_other_devices_leave(browse, visitor):
    browser, other = browse("Ana"), browse("Ana")
    browser.see("/account")
    new = {"new": "another long password", "again": "another long password"}
    assert "differ" in browser.fill("/account/password", 422, old=PASSWORD, new="x", again="y")
    assert "wrong" in browser.fill("/account/password", 403, old="wrong password", **new)
    assert "Your password is changed" in browser.fill("/account/password", old=PASSWORD, **new)
    assert "Log in" in other.see("/account") and "Ana" in browser.see("/account")
    visitor().log_in("Ana", new["new"]).see("/account")


def test_tokens_are_shown_once_and_revoked(browse, store, person):
    browser = browse("Ana")
    browser.see("/account")
    page = browser.fill("/account/tokens", label="form of ours", days="30")
    secret = re.search(r"data-copyable>([\w-]{20,})<", page)[1]
    assert people.find_token(store, secret) == person("Ana")
    page = browser.see("/account")
    assert secret not in page and "form of ours" in page
    token = people.list_tokens(store, person("Ana"))[0]
    stranger = browse("Beto")
    stranger.see("/account")
    stranger.fill(f"/account/tokens/{token.id}/revoke", 404)
    browser.fill(f"/account/tokens/{token.id}/revoke")
    assert people.find_token(store, secret) is None
    browser.fill("/account/tokens", 422, label="x", days="-1")


def test_logging_out_everywhere(browse):
    one, other = browse("Ana"), browse("Ana")
    one.see("/account")
    one.fill("/account/sessions")
    assert "Log in" in other.see("/") and "Log in" in one.see("/")


@pytest.mark.parametrize("name", ["Ada", "Ana", "Dora", "Rita"])
def test_every_link_of_the_navigation_leads_somewhere(browse, name):
    browser = browse(name)
    for path in sorted(set(re.findall(r'class="tile" href="(/[a-z]*)"', browser.see("/more")))):
        browser.see(path)
