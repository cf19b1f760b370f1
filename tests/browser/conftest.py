"""Chromium, and servers for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from server import Server
from visitor import Visitor


def find_chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    return found


# Not for the whole run: as long as it lives, its loop runs in the thread of the tests.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture
def meet(chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return a function that gives a person a browser of their own."""
    met: list[Visitor] = []

    def meet(server: Server, locale: str, kind: type[Visitor] = Visitor, **options) -> Visitor:
        met.append(kind(chromium, server.address, locale, **options))
        return met[-1]

    yield meet
    for visitor in met:
        visitor.leave()


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Server]]:
    """Return a function that serves a project's folder."""
    started: list[Server] = []

    def serve(folder: Path) -> Server:
        started.append(Server(folder).start())
        return started[-1]

    yield serve
    for server in started:
        server.stop()
