"""Every page of every role, in three languages, wide and on a phone: axe-core, no scrolling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from places import ANSWERS, LOCALES, PATHS, ROLES, let_in, places
from playwright.sync_api import Browser, Page
from seeded import Workplace, fill
from visitor import PHONE, WIDE

from server import Server

RULES: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
    "preload": False,  # of rules about films and sounds, of which there are none
}
FIND = "rules => axe.run(document, rules).then(found => found.violations)"


class Served(NamedTuple):
    """A filled workplace and where it is."""

    server: Server
    made: Workplace


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("seeded")
    made = fill(folder)
    server = Server(folder).start()
    yield Served(server, made)
    server.stop()
    made.store.close()


class Seen(NamedTuple):
    """What a look at the pages of one role has found."""

    paths: set[str]
    faults: list[str]


def look(chromium: Browser, served: Served, role: str, locale: str) -> Seen:
    """Look at every page that a role can open in a locale, on both widths."""
    base = served.server.address
    # The policy of the pages keeps foreign scripts out, axe-core's too.
    context = chromium.new_context(base_url=base, locale=locale, bypass_csp=True)
    let_in(context, base, served.made, role, locale)
    seen = Seen(set(), [])
    page = context.new_page()
    for place in places(context, served.made, role, locale):
        page.set_viewport_size(WIDE)
        place.show(page)
        seen.paths.add(place.path)
        seen.faults.extend(f"{locale} {role} {place.name}: {fault}" for fault in inspect(page))
    context.close()
    return seen


def inspect(page: Page) -> list[str]:
    """Return what is wrong with the page that is open, wide and on a phone."""
    page.evaluate(f"{Axe().axe_script};0")
    found = violations(page)
    page.set_viewport_size(PHONE)
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    sideways = [f"{wider} pixels too wide for a phone"] if wider > 0 else []
    return [*found, *violations(page), *sideways]


def violations(page: Page) -> list[str]:
    found = page.evaluate(FIND, RULES)
    return [f"{one['id']} {node['html'][:200]}" for one in found for node in one["nodes"]]


# One locale is looked at in every run, the one that turns everything round.
QUICK = [pytest.param(code, marks=[] if code == "ar" else pytest.mark.slow) for code in LOCALES]


@pytest.mark.parametrize("locale", QUICK)
def test_every_page_is_for_everybody(locale: str, chromium: Browser, served: Served):
    looks = [look(chromium, served, role, locale) for role in ROLES]
    faults = [fault for seen in looks for fault in seen.faults]
    assert not faults, "\n".join(faults)
    visited = set().union(*(seen.paths for seen in looks))
    assert {*PATHS, *ANSWERS} - visited == set()
