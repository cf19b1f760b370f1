"""Chromium, and servers for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from launch import find_chromium, launched
from playwright.sync_api import Browser
from visitor import Visitor

from server import Server


# Not for the whole run: as long as it lives, its loop runs in the thread of the tests.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if find_chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    with launched() as browser:
        yield browser


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
