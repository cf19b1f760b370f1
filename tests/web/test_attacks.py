"""What people with an account try: pages of other roles, files that are traps, many guesses."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from workplace import PASSWORD, Browser

from pinchtune.store import Forbidden, Grant, examples, history, people
from pinchtune.web.app import make_app
from pinchtune.web.pages import ROUTES
from pinchtune.web.settings import WebSettings

EVERYBODY = {"Ana", "Carla", "Rita", "Ada"}
"""An author, an approver, a reader, an administrator."""
ALLOWED = {
    "/queue": {"Carla"},
    "/write": {"Ana"},
    "/sheets": {"Ana"},
    "/second": {"Carla", "Ada"},
    "/people": {"Ada"},
    "/people/{id}": {"Ada"},
    "/settings": {"Ada"},
    "/templates": {"Ada", "Carla"},
    "/templates/{id}": {"Ada"},
    "/history": {"Ada"},
    "/judge": {"Ana", "Carla", "Ada"},
    "/ab": {"Rita", "Ada"},
    "/checks": {"Carla"},
}
"""Pages that are not for everybody who is logged in."""
OPEN = {"/", "/more", "/account", "/rows", "/rows/{id}", "/glossary", "/sheets/{name}"}
OPEN |= {"/enquiries", "/selection"}
OWN = {
    "/rows/{id}/edit",
    "/rows/{id}/revise",
    "/glossary/{id}",
    "/enquiries/{number}",
    "/judge/{id}",
    "/ab",
    "/checks",
}
"""Pages that depend on the example, the term, the group, the round, or the A/B test."""


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "GET"], ids=lambda r: r.path)
def test_pages_of_other_roles(browse, write, person, route):
    if route.public:
        return
    assert route.path in {*ALLOWED, *OPEN, *OWN}, "say in this test whom the page is for"
    row = write(status="submitted")
    values = {"{id}": row.id, "{name}": "es.csv", "{number}": "0"}
    if route.path.startswith("/people"):
        values["{id}"] = person("Ana").id
    if route.path.startswith("/templates"):
        values["{id}"] = "new"
    path = re.sub(r"\{\w+\}", lambda found: values[found[0]], route.path)
    for name in EVERYBODY:
        response = browse(name).get(path)
        if route.path in ALLOWED and name not in ALLOWED[route.path]:
            assert response.status_code == 403, (name, path)
        elif route.path not in OWN:
            assert response.status_code == 200, (name, path)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=lambda r: r.path)
def test_a_reader_changes_nothing(browse, write, person, store, route):
    """Whatever a reader posts anywhere, with a good token, no example and nobody else changes."""
    row = write(status="submitted")
    reader = browse("Rita")
    reader.see("/")
    before = examples.get(store, person("Ada"), row.id), people.list_people(store, person("Ada"))
    path = re.sub(r"\{\w+\}", row.id, route.path)
    sent = {"revision": row.revision, "language": "es", "instruction": "x", "response": "y"}
    sent |= {"reason": "no", "verdict": "good", "share": 50, "role-0": "administrator"}
    response = reader.post(path, data=sent | {"form_token": reader.token, "name": "Rita"})
    assert response.status_code < 500
    after = examples.get(store, person("Ada"), row.id), people.list_people(store, person("Ada"))
    assert (after[0], [p.grants for p in after[1]]) == (before[0], [p.grants for p in before[1]])
    assert examples.find(store, person("Ada")).rows == (row,)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")
@pytest.mark.parametrize("value", ["' OR '1'='1' --", "x'); DROP TABLE examples; --", "%_\\"])
def test_sql_in_every_parameter(browse, write, person, store, route, value):
    """The path, the query and every field hold SQL; whoever may do most sends it."""
    row = write(status="submitted")
    names = ("language", "status", "text", "after", "before", "name", "term", "id", "row", "terms")
    names += ("instruction", "response", "revision", "reason", "verdict", "kind", "to", "label")
    for who in ("Ada", "Dora"):
        browser = browse(who)
        browser.see("/")
        path = re.sub(r"\{\w+\}", quote(value, safe=""), route.path)
        sent = dict.fromkeys(names, value)
        if route.method == "GET":
            response = browser.get(path, params=sent)
        else:
            response = browser.post(path, data=sent | {"form_token": browser.token})
        assert response.status_code < 500, (who, response.text[:300])
        assert "<script>alert" not in response.text
    found = examples.find(store, person("Ada")).rows
    assert row in found and len(found) <= 2
    assert len(people.list_people(store, person("Ada"))) == 7


def test_nobody_approves_their_own_by_a_trick(browse, write, person, store):
    """Dora is author and approver of all languages."""
    ada, dora, carla = person("Ada"), person("Dora"), person("Carla")
    row = write(status="submitted", author="Dora")
    with pytest.raises(Forbidden):
        examples.approve(store, dora, row.id, row.revision)
    # Nobody gives themselves another role.
    with pytest.raises(Forbidden):
        people.set_grants(store, dora, dora.id, [Grant("administrator")])
    # An approver who mended it has words in it, too; then neither of the two may.
    mended = browse("Carla")
    page = mended.see(f"/rows/{row.id}/revise")
    revision = re.search(r'name="revision" value="(\d+)"', page)[1]
    sent = {"revision": revision, "instruction": "¿Otra?", "response": "Otra respuesta."}
    mended.fill(f"/rows/{row.id}/revise", **sent)
    row = examples.get(store, ada, row.id)
    for who in (dora, carla):
        with pytest.raises(Forbidden):
            examples.approve(store, who, row.id, row.revision)
    # Another name is no other person.
    token = people.create_token(store, dora, "mine")
    assert people.find_token(store, token).id == dora.id


def test_fifty_people_of_one_office_log_in_at_once(store, visitor, person):
    names = [f"Author {n}" for n in range(50)]
    for name in names:
        link = people.invite(store, person("Ada"), [Grant("author", "es")], name)
        people.accept(store, link, name, PASSWORD, "en")

    def log_in(name):
        browser = visitor()
        browser.see("/log-in")
        sent = {"form_token": browser.token, "name": name, "password": PASSWORD}
        return browser.post("/log-in", data=sent).status_code

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(log_in, names)) == {200}


def test_a_link_names_the_address_of_the_workplace(store):
    settings = WebSettings(address="http://collect.example.com")
    ada = Browser(make_app(store, settings=settings)).log_in("Ada")
    ada.see("/people")
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    fields = {"name": "New", "role-0": "reader", "form_token": ada.token}
    page = ada.post("/people", data=fields, headers=evil).text
    assert "http://collect.example.com/welcome/" in page and "evil.example" not in page


def bomb() -> bytes:
    """Return a small workbook whose sheet inflates to two gigabytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            for _ in range(256):
                member.write(bytes(2**23))
    return file.getvalue()


def test_a_bomb_is_refused_with_a_sentence(browse):
    ana = browse("Ana")
    ana.see("/sheets")
    data = bomb()
    assert len(data) < 20 * 2**20
    fields = {"form_token": ana.token, "language": "es", "submit": "1"}
    response = ana.post("/sheets", data=fields, files={"file": ("sheet.xlsx", data)})
    assert response.status_code == 422 and "sheet.xlsx" in response.text


def test_secrets_are_in_no_log_and_no_history(browse, person, store, caplog):
    caplog.set_level(logging.DEBUG)
    ana = browse("Ana")
    token = people.create_token(store, person("Ana"), "form")
    ana.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    events = str(history.read(store, person("Ada")))
    for secret in (PASSWORD, token, ana.cookies["pinch-session"]):
        assert secret not in caplog.text and secret not in events


def test_a_new_password_ends_the_other_sessions(browse):
    here, there = browse("Ana"), browse("Ana")
    there.see("/account")
    here.see("/account")
    new = "another long password"
    here.fill("/account/password", old=PASSWORD, new=new, again=new)
    assert there.get("/account", follow_redirects=False).status_code == 303
