"""What an attacker tries on the pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from pinchtune.store import examples
from pinchtune.web import security
from pinchtune.web.app import make_app
from pinchtune.web.pages import ROUTES
from pinchtune.web.settings import WebSettings

SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def test_every_answer_carries_the_headers(visitor, browse):
    for response in (
        visitor().get("/log-in"),
        visitor().get("/nowhere"),
        visitor().get("/static/style.css"),
        browse("Ana").get("/"),
        visitor().get("/rows", follow_redirects=False),
    ):
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
    assert browse("Ana").get("/").headers["cache-control"] == "no-store"


def test_pages_hold_no_inline_script_or_style(browse, write):
    row = write(status="submitted")
    browser = browse("Dora")
    for path in ("/", "/write", "/queue", "/second", f"/rows/{row.id}", "/glossary", "/sheets"):
        page = browser.see(path)
        assert re.findall(r"<script(?! src=)|\son\w+=|\sstyle=|javascript:", page) == []


@pytest.mark.parametrize("route", [r for r in ROUTES if not r.public], ids=lambda r: r.path)
def test_without_a_session_nothing_is_shown_or_done(visitor, route):
    browser = visitor()
    browser.see("/log-in")
    path = re.sub(r"\{\w+\}", "x", route.path)
    response = browser.request(route.method, path, follow_redirects=False)
    assert response.status_code == 303 and response.headers["location"].startswith("/log-in")


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=lambda r: r.path)
def test_every_form_needs_its_own_token(browse, visitor, route):
    browser, path = browse("Dora"), re.sub(r"\{\w+\}", "x", route.path)
    browser.see("/")
    strange = visitor()
    strange.see("/log-in")
    for token in ("", "0" * 64, strange.token, browser.token + "é"):
        response = browser.post(path, data={"form_token": token})
        assert response.status_code == 403, token
        assert "does not come from here" in response.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil"])
def test_a_form_of_another_site_is_refused(browse, origin):
    browser = browse("Ana")
    browser.see("/")
    sent = {"form_token": browser.token, "locale": "ja"}
    assert browser.post("/locale", data=sent, headers={"Origin": origin}).status_code == 403
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/locale", data=sent, headers=cross).status_code == 403
    own = {"Origin": "http://testserver"}
    assert browser.post("/locale", data=sent, headers=own).status_code == 200


def test_texts_are_shown_as_texts_everywhere(browse, write, person, store):
    texts = {"instruction": SCRIPT, "response": f"{SCRIPT} \u202egnp.exe", "domain": "\u202edlof"}
    row = write(status="submitted", **texts)
    browser = browse("Dora")
    for path in ("/queue", "/rows", f"/rows/{row.id}", f"/rows/{row.id}/revise"):
        page = browser.see(path)
        assert "<script>alert" not in page and "<img" not in page.split("<main", 1)[1]
    assert "&lt;script&gt;" in page
    page = browser.see(f"/rows/{row.id}")
    assert "\u202e" not in page and "U+202E</span>gnp.exe" in page and "hidden characters" in page
    assert "[U+202E]dlof" in page


def test_a_text_comes_back_from_its_form_as_it_was(browse, write, person, store):
    text = "\n one\u202e\x0b</textarea>\r\n two & <b> \u200d"
    row = write(instruction=text, response=text)
    browser = browse("Ana")
    page = browser.see(f"/rows/{row.id}/edit")
    area = re.search(r'<textarea id="response"[^>]*>\n(.*?)</textarea>', page, re.S)[1]
    assert area == "\n one\u202e\x0b&lt;/textarea&gt;\n two &amp; &lt;b&gt; \u200d"


@pytest.mark.parametrize("name", ["language", "status", "text", "after", "mine", "done", "start"])
def test_sql_and_scripts_in_every_parameter(browse, write, name):
    write()
    browser = browse("Rita")
    for value in ("' OR 1=1 --", "\x00", SCRIPT, "%", "a" * 5000, "9" * 400, "²"):
        for path in ("/rows", "/glossary", "/second", "/"):
            response = browser.get(path, params={name: value})
            assert response.status_code in (200, 403, 422), (path, value)
            assert "<script>alert" not in response.text


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536):
        yield b"a" * 65536


def test_a_large_form_is_refused_before_it_is_read(browse):
    browser = browse("Ana")
    browser.see("/write")
    for body in (b"a" * 2**21, chunks(2**21)):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        response = browser.post("/write", content=body, headers=kind)
        assert response.status_code == 413 and "too large" in response.text
    announced = {
        "Content-Length": str(200 * 2**20),
        "Content-Type": "multipart/form-data; boundary=x",
    }
    assert browser.post("/sheets", content=b"", headers=announced).status_code == 413


def test_a_file_of_a_stranger_is_not_read(visitor):
    browser = visitor()
    browser.see("/log-in")
    announced = {
        "Content-Length": str(19 * 2**20),
        "Content-Type": "multipart/form-data; boundary=x",
    }
    response = browser.post("/sheets", content=b"", headers=announced, follow_redirects=False)
    assert response.status_code == 303


def test_broken_forms_are_told(browse):
    browser = browse("Ana")
    browser.see("/write")
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert browser.post("/write", content=b"--y\r\nbroken", headers=kind).status_code in (400, 403)
    many = "&".join(f"f{i}=1" for i in range(2000))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert browser.post("/write", content=many, headers=kind).status_code == 400
    assert browser.request("DELETE", "/rows").status_code == 405


def test_behind_https_cookies_are_kept_to_this_host(store):
    app = make_app(store, settings=WebSettings(https=True))
    cookie = TestClient(app, base_url="https://testserver").get("/log-in").headers["set-cookie"]
    assert cookie.startswith("__Host-pinch-visit=") and "Secure" in cookie


def test_a_failure_of_ours_tells_nothing(store, monkeypatch):
    app = make_app(store)
    monkeypatch.setattr("pinchtune.web.app.find_session", lambda *_: 1 / 0)
    client = TestClient(app, raise_server_exceptions=False, cookies={"pinch-session": "x"})
    response = client.get("/")
    assert response.status_code == 500 and "ZeroDivision" not in response.text
    assert "Something went wrong" in response.text
    assert response.headers["content-security-policy"] == security.POLICY


def test_two_people_save_at_once_and_nothing_is_lost(browse, write, person, store):
    row = write()
    browser = browse("Ana")
    browser.see("/write")
    sent = {"instruction": "a", "revision": row.revision}
    answers = [
        browser.post(
            f"/rows/{row.id}/draft",
            data=sent | {"response": str(n), "form_token": browser.token},
            headers={"Accept": "application/json"},
        ).status_code
        for n in range(3)
    ]
    assert answers == [200, 409, 409]
    assert examples.get(store, person("Ana"), row.id).text.response == "0"
