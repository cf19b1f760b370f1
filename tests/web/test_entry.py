"""Logging in, accepting an invitation, choosing a language."""

from __future__ import annotations

import pytest
from workplace import PASSWORD

from pinchtune.store import Grant, people


def test_who_is_not_logged_in_is_sent_to_log_in_and_back(visitor):
    browser = visitor()
    page = browser.see("/rows?language=es")
    assert 'value="/rows?language=es"' in page and "Log in" in page
    browser.fill("/log-in", name="Ana", password=PASSWORD, next="/account")
    assert "Ana" in browser.see("/account")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_log_in_leads_to_no_other_server(visitor, target):
    browser = visitor()
    browser.see("/log-in")
    fields = {"name": "Ana", "password": PASSWORD, "next": target, "form_token": browser.token}
    response = browser.post("/log-in", data=fields, follow_redirects=False)
    assert response.status_code == 303 and response.headers["location"] == "/"


def test_a_wrong_password_is_told_and_guessing_is_slowed_down(visitor):
    browser = visitor()
    browser.see("/log-in")
    for _ in range(5):
        page = browser.fill("/log-in", 403, name="Ana", password="wrong password")
        assert "The name or the password is wrong." in page and 'value="Ana"' in page
    assert "Too many attempts" in browser.fill("/log-in", 429, name="Ana", password=PASSWORD)


def test_logging_in_replaces_every_cookie(visitor):
    browser = visitor()
    browser.see("/log-in")
    planted = "planted-by-somebody-else"
    browser.cookies.set("pinch-session", planted, domain="testserver.local", path="/")
    before = browser.cookies["pinch-visit"]
    browser.log_in("Ana")
    assert browser.cookies["pinch-session"] not in (planted, before)
    assert "pinch-visit" not in browser.cookies


def test_cookies_are_out_of_reach_of_scripts(visitor):
    browser = visitor()
    response = browser.get("/log-in")
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie


def test_logging_out_ends_the_session_on_the_server(browse):
    browser = browse("Ana")
    session = browser.cookies["pinch-session"]
    assert "You are logged out." in browser.fill("/log-out")
    browser.cookies.set("pinch-session", session, domain="testserver.local", path="/")
    assert "Log in" in browser.see("/")


def test_an_invitation_is_accepted_once(visitor, store, person):
    token = people.invite(store, person("Ada"), [Grant("author", "ja", "Osaka")], "Yui")
    browser = visitor()
    page = browser.see(f"/welcome/{token}")
    assert "Japanese" in page and "Osaka" in page and 'value="Yui"' in page
    fields = {"name": "Yui", "password": PASSWORD, "again": PASSWORD}
    assert "differ" in browser.fill(f"/welcome/{token}", 422, **fields | {"again": "other"})
    short = fields | {"password": "short", "again": "short"}
    assert "10 to 200" in browser.fill(f"/welcome/{token}", 422, **short)
    browser.fill(f"/welcome/{token}", **fields)
    assert person("Yui").grants == (Grant("author", "ja", "Osaka"),)
    assert "not valid any more" in visitor().see(f"/welcome/{token}", 404)


def test_the_language_of_the_pages_is_chosen_and_kept(visitor, person):
    browser = visitor()
    page = browser.get("/log-in", headers={"Accept-Language": "ar-EG,ar;q=0.9,en;q=0.1"}).text
    assert '<html lang="ar" dir="rtl">' in page
    browser.see("/log-in")
    assert '<html lang="ja" dir="ltr">' in browser.fill("/locale", locale="ja", next="/log-in")
    browser.log_in("Ana")
    browser.fill("/locale", locale="es", next="/")
    assert person("Ana").locale == "es"
    assert "no pages in this language" in visitor().log_in("Rita").fill(
        "/locale", 422, locale="tlh"
    )
