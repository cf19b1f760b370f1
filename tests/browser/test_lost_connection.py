"""What is typed is not lost: not when the connection drops, nor when the server is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from visitor import PASSWORD, Visitor

from pinchtune.store import Grant, open_store, people
from server import Server
from throwaway import CHEAP

FIRST, SECOND = "Cierre la llave de paso.", "Cierre la llave de paso y quite la tapa con cuidado."
ASKED = "¿Cómo cambio la junta tórica de la bomba?"
COPIES = "Object.keys(localStorage).filter(key => key.startsWith('pinch:text:')).length"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a workplace with one author."""
    folder = tmp_path_factory.mktemp("drafts")
    (folder / "pinch.toml").write_text('name = "drafts"\n', "utf-8")
    store = open_store(folder / "collect.db", hasher=CHEAP)
    admin = people.accept(store, people.bootstrap(store) or "", "Ada", PASSWORD)
    token = people.invite(store, admin, [Grant("author", "es")], "Ana")
    people.accept(store, token, "Ana", PASSWORD, "es")
    store.close()
    started = Server(folder).start()
    yield started
    started.stop()


@pytest.fixture
def ana(server: Server, meet: Callable[..., Visitor]) -> Visitor:
    """Return an author with a draft open that is saved."""
    visitor = meet(server, "es")
    visitor.log_in("Ana")
    visitor.page.goto("/write?language=es")
    visitor.write("Instruction", ASKED)
    visitor.write("Response", FIRST)
    is_told(visitor, "Saved as a draft")
    return visitor


def is_told(visitor: Visitor, sentence: str) -> None:
    expect(visitor.page.locator("#saved")).to_have_text(visitor.say(sentence))


def response(visitor: Visitor) -> str:
    """Return the response as it stands on the server."""
    visitor.page.reload()
    text: str = visitor.field("Response").input_value()
    return text


def test_without_a_connection_the_text_waits_on_the_device(ana: Visitor):
    banner = ana.page.locator("#offline")
    expect(banner).to_be_hidden()
    ana.context.set_offline(True)
    ana.write("Response", SECOND)
    expect(banner).to_be_visible()
    is_told(ana, "Kept on this device")
    ana.press("Submit for approval")
    expect(ana.field("Response")).to_have_value(SECOND)
    ana.context.set_offline(False)
    is_told(ana, "Saved as a draft")
    expect(banner).to_be_hidden()
    assert ana.page.evaluate(COPIES) == 0
    assert response(ana) == SECOND


def test_a_closed_window_without_a_connection(ana: Visitor):
    """Whoever comes back is offered the copy of the device."""
    place = ana.page.url
    ana.context.set_offline(True)
    ana.write("Response", SECOND)
    is_told(ana, "Kept on this device")
    ana.page.close()
    ana.context.set_offline(False)
    ana.page = ana.context.new_page()
    ana.page.goto(place)
    expect(ana.field("Response")).to_have_value(FIRST)
    ana.press("Use the copy")
    is_told(ana, "Saved as a draft")
    assert response(ana) == SECOND


def test_a_server_that_is_killed_while_somebody_types(ana: Visitor, server: Server):
    server.kill()
    ana.write("Response", SECOND)
    is_told(ana, "Kept on this device")
    expect(ana.page.locator("#offline")).to_be_visible()
    server.start()
    is_told(ana, "Saved as a draft")
    assert response(ana) == SECOND


def test_logging_out_leaves_no_text_on_the_device(ana: Visitor):
    ana.context.set_offline(True)
    ana.write("Response", SECOND)
    is_told(ana, "Kept on this device")
    ana.context.set_offline(False)
    log_out(ana.page)
    expect(ana.page).to_have_title(f"{ana.say('Log in')} · pinchtune")
    assert ana.page.evaluate(COPIES) == 0


def log_out(page: Page) -> None:
    page.goto("/")
    page.locator(".tools summary").last.click()
    page.locator("form[action='/log-out'] button").click()
