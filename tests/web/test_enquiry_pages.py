"""The map of enquiries, a group of it, and the form that is begun from one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import lxml.html
import pytest
from workplace import Browser, form_of

from asked import HOSTILE, many_subjects, write_mined, write_selection
from pinchtune.config import Config
from pinchtune.stages.project import Project
from pinchtune.store import Text, examples
from pinchtune.web.app import make_app
from pinchtune.web.wording import list_locales

ALIVE = ("<script>alert", "<img src=x", "onerror=alert(2)>")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "project" / "runs"


@pytest.fixture
def visitor(store, web_settings, runs) -> Callable[[], Browser]:
    project = Project(runs.parent, Config())
    app = make_app(store, project=project, settings=web_settings)
    return lambda: Browser(app, headers={"Accept-Language": "en"})


def text_of(page: str) -> str:
    main = lxml.html.fromstring(page).get_element_by_id("main")
    for part in main.xpath(".//svg"):
        part.drop_tree()
    return " ".join(" ".join(main.itertext()).split())


def write_links(page: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="(/write\?[^"]*)"', page)]


@pytest.mark.parametrize("name", ["Ada", "Ana", "Carla", "Rita"])
def test_where_nothing_was_mined_the_page_says_what_to_run(browse, name):
    browser = browse(name)
    assert "pinch mine logs/" in browser.see("/enquiries")
    assert "no such group" in browser.see("/enquiries/0", 404)
    assert "what was chosen" not in browser.see("/")


def test_the_map_shows_groups_languages_incidents_and_what_was_hidden(browse, runs):
    write_mined(runs)
    page = browse("Ada").see("/enquiries")
    text = text_of(page)
    assert "Enquiries: 286. Different ones: 12. Groups: 5. Languages: 6." in text
    assert text.index("filtro, limpiar") < text.index("موعد, التسليم") < text.index("Group 5")
    assert "Asked 135 times 47% Different questions: 4" in text
    assert "Spanish 54% Japanese 30% Arabic 16%" in text
    assert "¿Cómo limpio el filtro de la bomba?" in text
    assert "Spanish English 3" in text and "Please see page 7." in text
    assert "Addresses of mail 12 Telephone numbers 5 Names beside a title 3" in text
    assert "Language not known" in text and 'lang="unknown"' not in page
    assert "No chosen example" not in text  # there is no selection


def test_the_picture_has_a_tile_for_each_group(browse, runs):
    write_mined(runs)
    page = browse("Rita").see("/enquiries")
    tree = lxml.html.fromstring(page)
    wide, narrow = tree.xpath("//div[contains(@class, 'drawing')]/svg")
    for drawing in (wide, narrow):
        links = [a.get("href") for a in drawing.iter("a")]
        assert links == [f"/enquiries/{n}" for n in range(5)]
        assert drawing.get("aria-hidden") == "true"  # the list says the same
    said = [title.text for title in wide.iter("title")]
    assert said[0].startswith("filtro, limpiar, フィルター: asked 135 times; Spanish 54%")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_language_can_be_asked_for(browse, runs):
    write_mined(runs)
    page = browse("Ada").see("/enquiries?language=ar")
    text = text_of(page)
    assert text.index("موعد, التسليم") < text.index("filtro, limpiar")
    assert "見積もり, 値引き" not in text and "Asked 54 times 19%" in text
    assert '<option value="ar" selected>' in page
    assert "Groups: 5" in text_of(browse("Ada").see("/enquiries?language=tlh"))


@pytest.mark.parametrize(
    ("words", "found"),
    [("LIMPIAR", 1), ("教えて", 1), ("descuento", 1), ("nothing like it", 0), ("%", 0), ("{{", 1)],
)
def test_groups_are_searched_by_term_and_text(browse, runs, words, found):
    write_mined(runs)
    browser = browse("Ada")
    page = browser.get("/enquiries", params={"text": words}).text
    assert f"Groups: {found}" in text_of(page)
    assert ("No group is like that." in page) == (found == 0)


def test_texts_are_for_those_whose_roles_cover_their_language(browse, runs):
    write_mined(runs)
    page = browse("Ana").see("/enquiries")
    assert "¿Cómo limpio" in page and "フィルターの掃除" not in page and "متى يصل" not in page
    assert "Japanese 30%" in page and "見積もり, 値引き" in page  # figures and terms are for all
    assert "Groups: 0" in text_of(browse("Ana").see("/enquiries?text=教えて"))
    assert "languages that are not yours" in browse("Ana").see("/enquiries/2")
    page = browse("Jun").see("/enquiries/0")
    assert "フィルターの掃除" in page and "¿Cómo limpio" not in page
    assert "Please see page 7." not in browse("Jun").see("/enquiries")
    assert "フィルターの掃除" in browse("Rita").see("/enquiries/0")


def test_only_authors_are_led_to_the_form_and_in_their_language(browse, runs):
    write_mined(runs)
    for name in ("Ada", "Carla", "Rita"):
        assert write_links(browse(name).see("/enquiries")) == []
    assert set(write_links(browse("Jun").see("/enquiries"))) == {
        f"/write?language=ja&group={n}" for n in range(5)
    }
    assert write_links(browse("Jun").see("/enquiries?language=es")) == []
    links = write_links(browse("Ana").see("/enquiries/0"))
    assert links == ["/write?language=es&group=0"] + [
        f"/write?language=es&group=0&enquiry=0-es-{n}" for n in range(2)
    ]


def test_from_a_group_to_an_example_that_knows_where_it_came_from(browse, runs, store, person):
    write_mined(runs)
    browser = browse("Ana")
    page = browser.see("/write?language=es&group=0&enquiry=0-es-1")
    fields = form_of(page, "example")
    assert fields["instruction"] == "¿Cada cuánto se lava?" and fields["language"] == "es"
    assert fields["domain"] == "filtro, limpiar, フィルター"
    assert "Asked 12 times" in page and "hidden" in page
    fields |= {"response": "Cada tres meses."}
    assert "Submitted." in browser.fill("/write", **fields, act="submit")
    (row,) = examples.find(store, person("Ana"), mine=True).rows
    assert row.text.domain == "filtro, limpiar, フィルター" and row.status == "submitted"
    assert "Written for it and not approved yet: 1" in text_of(browser.see("/enquiries/0"))
    examples.approve(store, person("Carla"), row.id, row.revision)
    assert "Written for it and approved: 1" in text_of(browser.see("/enquiries"))


def test_the_most_asked_one_is_filled_in_where_none_is_named(browse, runs):
    write_mined(runs)
    fields = form_of(browse("Ana").see("/write?language=es&group=1"), "example")
    assert fields["instruction"] == "¿Cuándo llega mi pedido? Escríbanme a [e-mail]."


def test_an_enquiry_in_another_language_is_shown_and_not_filled_in(browse, runs):
    write_mined(runs)
    page = browse("Dora").see("/write?language=ar&group=0&enquiry=0-ja-0")
    assert form_of(page, "example")["instruction"] == "" and "フィルターの掃除" in page
    assert "/write?language=ja&amp;group=0" in page  # the tabs keep the group
    page = browse("Ana").see("/write?language=es&group=2&enquiry=2-ja-0")
    assert form_of(page, "example")["instruction"] == "" and "お願い" not in page
    assert form_of(page, "example")["domain"] == "見積もり, 値引き, descuento"


@pytest.mark.parametrize("asked", ["group=99", "group=-1", "group=x", "group=", "enquiry=0-es-0"])
def test_what_there_is_not_gives_an_empty_form(browse, runs, asked):
    write_mined(runs)
    fields = form_of(browse("Ana").see(f"/write?language=es&{asked}"), "example")
    assert fields["instruction"] == fields["domain"] == ""


def test_a_language_that_is_not_theirs_is_not_written_in(browse, runs):
    write_mined(runs)
    fields = form_of(browse("Ana").see("/write?language=ja&group=0"), "example")
    assert fields["language"] == "es" and fields["instruction"].startswith("¿Cómo limpio")
    assert "Only an author" in browse("Carla").see("/write?language=es&group=0", 403)


def test_chosen_examples_are_counted_by_group(browse, runs):
    write_mined(runs)
    write_selection(runs)
    text = text_of(browse("Ada").see("/enquiries"))
    assert text.count("No chosen example") == 2 and "Chosen examples: 2" in text
    page = browse("Ada").see("/enquiries/0")
    assert "¿Cómo se cambia el filtro?" in page and "كيف أعتني بالمضخة؟" in page
    page = browse("Ana").see("/enquiries/2")
    assert "見積もりの有効期限" not in page and "They are in languages that are not yours." in page
    write_selection(runs, "another")
    assert "No chosen example" not in browse("Ada").see("/enquiries")


def test_an_author_is_told_at_home_what_is_asked_and_has_no_example(browse, runs, store, person):
    write_mined(runs)
    write_selection(runs)
    page = browse("Ana").see("/")
    text = text_of(page)
    assert "Asked often, without an example ¿Cuándo llega mi pedido?" in text
    assert "/write?language=es&group=1" in write_links(page)
    assert "¿Cómo limpio el filtro" not in text  # an example stands for it
    examples.create(store, person("Ana"), "es", Text("x", "y", "", "موعد, التسليم, entrega"))
    assert "Asked often" not in text_of(browse("Ana").see("/"))
    assert "286 What people ask Groups: 5" in text_of(browse("Carla").see("/"))


@pytest.mark.parametrize("path", ["/enquiries", "/enquiries/3", "/write?language=es&group=3", "/"])
@pytest.mark.parametrize("name", ["Dora", "Ada"])
def test_hostile_texts_and_terms_stay_texts(browse, runs, path, name):
    write_mined(runs)
    write_selection(runs)
    page = browse(name).see(path, 403 if "write" in path and name == "Ada" else 200)
    # The fields of a form hold what was asked, to the last character.
    shown = re.sub(r"(?s)<textarea.*?</textarea>|<input[^>]*>", "", page)
    assert all(piece not in page for piece in ALIVE) and "\u202e" not in shown
    assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(.{0,30})", page)
    if "enquiries" in path:
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "U+202E" in page


def test_a_hostile_instruction_goes_into_the_form_as_it_was_asked(browse, runs):
    write_mined(runs)
    page = browse("Ana").see("/write?language=es&group=3&enquiry=3-es-0")
    assert form_of(page, "example")["instruction"] == HOSTILE


@pytest.mark.parametrize("locale", list_locales())
def test_the_pages_speak_every_language(browse, runs, locale):
    write_mined(runs)
    write_selection(runs)
    browser = browse("Dora")
    browser.see("/")
    browser.fill("/locale", locale=locale, next="/enquiries")
    for path in ("/enquiries", "/enquiries/1", "/selection"):
        page = browser.see(path)
        assert f'<html lang="{locale}"' in page
        assert 'dir="rtl"' in page.split(">")[1] or locale != "ar"
    mirrored = lxml.html.fromstring(browser.see("/enquiries")).xpath("//svg//svg")[0]
    assert (float(mirrored.get("x")) > 100) == (locale == "ar")


def test_two_hundred_groups_are_paged_and_drawn(browse, runs):
    write_mined(runs, many_subjects(200))
    browser = browse("Ada")
    page = browser.see("/enquiries")
    assert len(re.findall(r"<h3><a", page)) == 40 and "Groups: 200" in page
    assert page.count('class="map-tile"') > 250
    after = re.findall(r'href="(/enquiries\?[^"]*start=40[^"]*)"', page)[0]
    page = browser.see(after.replace("&amp;", "&").split("#")[0])
    assert "subject40, more40" in page and 'start="41"' in page
    assert "subject199" in browser.see("/enquiries?text=subject199&start=0")
    assert browser.see("/enquiries?start=99999").count("<h3><a") == 0


def test_a_damaged_run_is_told_to_administrators_alone(browse, runs):
    folder = write_mined(runs)
    (folder / "candidates.jsonl").write_text("{broken\n", "utf-8")
    assert "candidates.jsonl:1: is not valid JSON" in browse("Ada").see("/enquiries")
    page = browse("Ana").see("/enquiries")
    assert "not valid JSON" not in page and "filtro, limpiar" in page
    (folder / "clusters.jsonl").write_text("{broken\n", "utf-8")
    (folder / "manifest.json").write_text('{"key": "other", "files": {}} ', "utf-8")
    assert "clusters.jsonl:1: is not valid JSON" in browse("Ada").see("/enquiries")
    assert "Hello, Ada" in browse("Ada").see("/")
