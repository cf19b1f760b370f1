"""Every page of every role, in three languages, wide and on a phone: axe-core, no scrolling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from places import ANSWERS, LOCALES, PATHS, ROLES, let_in, places
from playwright.sync_api import Browser, Page
from seeded import Workplace, seed
from server import Server
from visitor import PHONE, WIDE

RULES: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
}


class Served(NamedTuple):
    """A filled workplace and where it is."""

    server: Server
    made: Workplace


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("seeded")
    (folder / "pinch.toml").write_text('name = "seeded"\n', "utf-8")
    made = seed(folder / "collect.db")
    server = Server(folder).start()
    yield Served(server, made)
    server.stop()
    made.store.close()


class Seen(NamedTuple):
    """What a look at the pages of one role has found."""

    paths: set[str]
    faults: list[str]
    pages: int


def look(chromium: Browser, served: Served, role: str, locale: str) -> Seen:
    """Look at every page that a role can open in a locale, on both widths."""
    base = served.server.address
    # The policy of the pages keeps foreign scripts out, axe-core's too.
    context = chromium.new_context(base_url=base, locale=locale, bypass_csp=True)
    let_in(context, base, served.made, role, locale)
    seen = Seen(set(), [], 0)
    page = context.new_page()
    for place in places(context, served.made, role, locale):
        page.set_viewport_size(WIDE)
        place.show(page)
        seen.paths.add(place.path)
        found = [*violations(page), *on_a_phone(page)]
        seen.faults.extend(f"{locale} {role} {place.name}: {fault}" for fault in found)
        seen = seen._replace(pages=seen.pages + 1)
    context.close()
    return seen


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']} {node['html'][:200]}" for one in found for node in one["nodes"]]


def on_a_phone(page: Page) -> list[str]:
    page.set_viewport_size(PHONE)
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*violations(page), *([f"{wider} pixels too wide"] if wider > 0 else [])]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_page_is_for_everybody(locale: str, chromium: Browser, served: Served):
    looks = [look(chromium, served, role, locale) for role in ROLES]
    print(locale, [(r, s.pages) for r, s in zip(ROLES, looks)])
    assert [fault for seen in looks for fault in seen.faults] == []
    visited = set().union(*(seen.paths for seen in looks))
    assert {*PATHS, *ANSWERS} - visited == set()
