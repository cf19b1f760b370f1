"""The buttons of docs/abtest.md, pasted into a page of a company's own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

PAGE = Path(__file__).parents[2] / "docs" / "abtest.md"
WINDOW = "http://window.example"


def snippet() -> str:
    [found] = re.findall(r"^```html\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return found


@pytest.mark.parametrize(
    ("thumb", "status", "told"),
    [
        ("up", 200, "Thank you."),
        ("down", 200, "Thank you."),
        ("up", 503, "Not sent. Please try again."),
    ],
)
def test_a_thumb_is_sent_and_the_person_is_told(chromium: Browser, thumb, status, told):
    sent = []
    html = snippet() + "<script>rate(document.querySelector('.rate'), 'chatcmpl-7')</script>"

    def answer(route: Route) -> None:
        if not route.request.url.endswith("/chat/feedback"):
            return route.fulfill(body=html, content_type="text/html; charset=utf-8")
        sent.append((route.request.method, json.loads(route.request.post_data or "")))
        return route.fulfill(status=status, body="{}", content_type="application/json")

    page = chromium.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.route("**/*", answer)
    page.goto(WINDOW)
    page.get_by_role("button", name="Yes" if thumb == "up" else "No").click()
    expect(page.get_by_role("status")).to_have_text(told)
    page.close()
    assert sent == [("POST", {"id": "chatcmpl-7", "thumb": thumb})] and not faults
