"""Pictures of every page, to be looked at: `python tests/browser/pictures.py FOLDER`.

`--collect FILE` makes the README's picture instead. Both fill a workplace of their own first.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from launch import launched
from places import LOCALES, ROLES, let_in, places
from playwright.sync_api import Browser
from seeded import Workplace, fill

from server import Server

WIDTHS = (1100, 390)
README = {"width": 1100, "height": 760}


@contextmanager
def filled(odd: bool = True) -> Iterator[tuple[Server, Workplace]]:
    """Serve a filled workplace."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = fill(folder, odd)
        server = Server(folder).start()
        try:
            yield server, made
        finally:
            server.stop()
            made.store.close()


def take_all(folder: Path, locales: list[str], roles: list[str]) -> int:
    """Take every page of these roles; return how many pictures there are."""
    folder.mkdir(parents=True, exist_ok=True)
    with filled() as (server, made), launched() as browser:
        return sum(
            take(browser, server.address, made, role, locale, folder)
            for locale in locales
            for role in roles
        )


def take(browser: Browser, base: str, made: Workplace, role: str, locale: str, folder: Path) -> int:
    context = browser.new_context(base_url=base, locale=locale)
    let_in(context, base, made, role, locale)
    page, taken = context.new_page(), 0
    for place in places(context, made, role, locale):
        place.show(page)
        name = re.sub(r"\W+", "-", place.name).strip("-") or "home"
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            path = folder / f"{locale}-{width}-{role}-{name}.png"
            page.screenshot(path=path, full_page=True)
            taken += 1
    context.close()
    return taken


def take_readme(path: Path) -> None:
    """Take the approver's page."""
    with filled(odd=False) as (server, made), launched() as browser:
        options: dict[str, Any] = {"viewport": README, "locale": "en"}
        context = browser.new_context(base_url=server.address, **options)
        let_in(context, server.address, made, "approver", "en")
        page = context.new_page()
        page.goto("/queue?language=es")
        page.screenshot(path=path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--collect", type=Path, help="make the README's picture")
    parser.add_argument("--locale", action="append", choices=LOCALES)
    parser.add_argument("--role", action="append", choices=ROLES)
    asked = parser.parse_args()
    if asked.collect:
        take_readme(asked.collect)
    if asked.folder:
        print(take_all(asked.folder, asked.locale or list(LOCALES), asked.role or list(ROLES)))


if __name__ == "__main__":
    main()
