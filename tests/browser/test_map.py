"""What a script adds to the map: it is asked for anew while somebody types, tiles tell more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from seeded import AUTHORS, Workplace, fill
from visitor import PHONE, Visitor

from server import Server


class Served:
    def __init__(self, folder: Path) -> None:
        self.made: Workplace = fill(folder)
        self.server = Server(folder).start()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    started = Served(tmp_path_factory.mktemp("map"))
    yield started
    started.server.stop()
    started.made.store.close()


@pytest.fixture
def ana(served: Served, meet: Callable[..., Visitor]) -> Visitor:
    visitor = meet(served.server, "es")
    visitor.log_in(AUTHORS["es"])
    visitor.read_in("es")
    visitor.page.goto("/enquiries")
    return visitor


GROUPS = "#groups h3"
TILES = ".drawing-wide .map-tile"


def test_the_map_follows_what_is_typed_and_chosen(ana: Visitor):
    expect(ana.page.locator(GROUPS)).to_have_count(5)
    ana.page.locator("#text").press_sequentially("LIMPIAR")
    expect(ana.page.locator(GROUPS)).to_have_count(1)
    expect(ana.page.locator(TILES)).to_have_count(1)
    expect(ana.page).to_have_url(re.compile(r"text=LIMPIAR"))
    expect(ana.page.locator("#text")).to_be_focused()
    ana.page.locator("#text").fill("")
    ana.page.locator("#language").select_option("ar")
    expect(ana.page.locator(GROUPS)).to_have_count(2)
    ana.page.reload()
    expect(ana.page.locator(GROUPS)).to_have_count(2)
    ana.press("Show")
    expect(ana.page.locator(GROUPS)).to_have_count(2)


def test_a_tile_tells_more_and_leads_to_its_group(ana: Visitor):
    about = ana.page.locator(".about")
    expect(about).to_have_text(ana.say("Point at a tile to see more."))
    tile = ana.page.locator(TILES).first
    tile.hover()
    expect(about).to_contain_text("filtro, limpiar")
    ana.page.mouse.move(5, 5)
    expect(about).to_have_text(ana.say("Point at a tile to see more."))
    tile.click()
    expect(ana.page).to_have_url(re.compile(r"/enquiries/0$"))
    ana.follow("Write an example for this", "main")
    expect(ana.field("Instruction")).to_have_value("¿Cómo limpio el filtro de la bomba?")


def test_without_a_connection_what_is_shown_stays(ana: Visitor):
    ana.page.context.set_offline(True)
    ana.page.locator("#text").press_sequentially("LIMPIAR")
    ana.page.wait_for_timeout(600)
    expect(ana.page.locator(GROUPS)).to_have_count(5)
    ana.page.context.set_offline(False)
    ana.page.locator("#text").press("Enter")
    expect(ana.page.locator(GROUPS)).to_have_count(1)


def test_without_a_script_the_same_is_there(served: Served, meet: Callable[..., Visitor]):
    visitor = meet(served.server, "es", java_script_enabled=False, viewport=PHONE)
    visitor.log_in(AUTHORS["es"])
    visitor.page.goto("/enquiries")
    visitor.page.fill("#text", "limpiar")
    visitor.press("Show")
    expect(visitor.page.locator(GROUPS)).to_have_count(1)
    expect(visitor.page.locator(".about")).to_be_hidden()
    visitor.page.locator(".drawing-narrow .map-tile").first.click()
    expect(visitor.page).to_have_url(re.compile(r"/enquiries/0$"))
