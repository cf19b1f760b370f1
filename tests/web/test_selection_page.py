"""The chosen examples with their reasons, what they cover, what is left open."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import lxml.html
import pytest
from workplace import Browser

from asked import PICKS, write_mined, write_selection
from pinchtune.config import Config
from pinchtune.stages.pool import to_example
from pinchtune.stages.project import Project
from pinchtune.store import Term, glossary
from pinchtune.web.app import make_app


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "project" / "runs"


@pytest.fixture
def visitor(store, web_settings, runs) -> Callable[[], Browser]:
    app = make_app(store, project=Project(runs.parent, Config()), settings=web_settings)
    return lambda: Browser(app, headers={"Accept-Language": "en"})


def text_of(page: str) -> str:
    main = lxml.html.fromstring(page).get_element_by_id("main")
    return " ".join(" ".join(main.itertext()).split())


def test_where_nothing_was_chosen_the_page_says_what_to_run(browse):
    assert "pinch select --set select.method=facility" in browse("Rita").see("/selection")


def test_the_choice_is_compared_with_other_ways(browse, runs):
    write_selection(runs)
    text = text_of(browse("Rita").see("/selection"))
    assert "Chosen: 4 of 160 examples, to stand for 34,567 enquiries that were mined." in text
    assert "This selection covers 18% more than a random draw." in text
    order = ["This selection 0.412", "Random draws, mean of 20 0.350", "Best of 20 random draws"]
    order += ["What lies as far apart as possible 0.370", "The whole pool, the most there can be"]
    places = [text.index(piece) for piece in order]
    assert places == sorted(places)


def test_each_example_has_its_reason_its_terms_and_its_group(browse, runs):
    write_mined(runs)
    write_selection(runs)
    page = browse("Ada").see("/selection")
    text = text_of(page)
    assert "1. ¿Cómo se cambia el filtro? Closest chosen example to 3 texts" in text
    assert "Stands for: filtro, limpiar, フィルター" in text and 'href="/enquiries/0"' in page
    assert re.search(r'class="chip chip-term" lang="es" dir="auto"><bdi>filtro<', page)
    assert "The logs were mined anew" not in text


@pytest.mark.parametrize(("locale", "said"), [("ja", "ja"), ("en", "en"), ("ar", "en")])
def test_reasons_are_in_the_readers_language_or_english(browse, runs, locale, said):
    write_selection(runs)
    browser = browse("Rita")
    browser.see("/")
    page = browser.fill("/locale", locale=locale, next="/selection")
    reasons = re.findall(r'<p class="why" lang="(\w+)" dir="auto"><bdi>(.*?)</bdi>', page)
    assert len(reasons) == 4 and {lang for lang, _ in reasons} == {said}
    assert ("選ばれた例" in reasons[0][1]) == (said == "ja")


def test_what_is_left_open_leads_to_the_form(browse, runs):
    write_mined(runs)
    write_selection(runs)
    page = browse("Dora").see("/selection")
    assert "متى يصل طلبي؟" in page and "31% of what is asked" in page
    assert "/write?language=ar&amp;group=1" in page and "/write?language=es&amp;group=3" in page
    page = browse("Ana").see("/selection")
    assert "متى يصل طلبي؟" not in page and "موعد, التسليم, entrega" in page
    assert "/write?language=es&amp;group=1" in page


def test_examples_are_for_those_whose_roles_cover_their_language(browse, runs):
    write_selection(runs)
    text = text_of(browse("Jun").see("/selection"))
    assert "見積もりの有効期限" in text and "¿Cómo se cambia" not in text
    assert "In languages that are not yours: 3" in text
    text = text_of(browse("Rita").see("/selection?language=ar"))
    assert "كيف أعتني" in text and "¿Cómo se cambia" not in text


def test_a_reason_quotes_only_what_its_reader_may_read(browse, runs):
    write_selection(runs)
    # The quoted texts are French: Rita reads every language, Jun Japanese.
    assert "such as" in text_of(browse("Rita").see("/selection"))
    text = text_of(browse("Jun").see("/selection"))
    assert "such as" not in text and "Closest chosen example to 3 enquiries." in text


def test_an_approver_goes_from_a_chosen_example_to_its_own_page(browse, runs, write):
    row = write(status="approved")
    write_selection(runs, picks=[("es", row.text.instruction, 0, ())])
    path = runs / "selection/selection.jsonl"
    text = path.read_text("utf-8").replace("pick-1", to_example(row).id)
    path.write_text(text, "utf-8")
    page = browse("Carla").see("/selection")
    assert f'href="/rows/{row.id}"' in page
    assert row.text.instruction in browse("Carla").see(f"/rows/{row.id}")


def test_the_glossary_is_told_by_language(browse, runs, store, person, write):
    terms = [Term("", "es", "filtro"), Term("", "es", "caudal"), Term("", "ja", "納期")]
    glossary.add_many(store, person("Ada"), terms)
    write(status="approved")
    write_selection(runs)
    text = text_of(browse("Carla").see("/selection"))
    assert "Terms of the trade in Spanish 1 of 2 terms are used in approved examples" in text
    assert "caudal All missing terms" in text and "0 of 1 terms are used" in text
    spanish = text[text.index("Terms of the trade in Spanish") :]
    # `filtro`, the hostile one, and what both use though neither was the first to
    assert "Used by chosen examples: 3" in spanish


def test_a_choice_by_other_enquiries_says_so(browse, runs):
    write_mined(runs)
    write_selection(runs, "another run")
    page = browse("Ada").see("/selection")
    assert "The logs were mined anew since." in page and "Stands for:" not in page
    write_selection(runs, "")
    page = browse("Ada").see("/selection")
    assert "to stand for the whole pool" in page and "mined anew" not in page


def test_hostile_texts_stay_texts(browse, runs):
    write_mined(runs)
    write_selection(runs)
    page = browse("Dora").see("/selection")
    assert "<script>alert" not in page and "<img src=x" not in page and "\u202e" not in page
    assert page.count("&lt;script&gt;alert(1)") > len(PICKS)


def test_both_pages_lead_to_each_other_and_the_navigation_names_one(browse, runs):
    write_selection(runs)
    browser = browse("Rita")
    page = browser.see("/selection")
    nav = page[page.index("<nav") : page.index("</nav>")]
    assert '<a href="/enquiries" aria-current="page"' in nav and "/selection" not in nav
    assert 'href="/enquiries"' in page[page.index("<main") :]
    assert 'class="tile" href="/selection"' in browser.see("/more")
    assert "Covered: 0.412; a random draw: 0.350" in text_of(browser.see("/"))


def test_a_damaged_choice_is_told_to_administrators_alone(browse, runs):
    folder = write_selection(runs)
    (folder / "gaps.json").write_text("[", "utf-8")
    assert "gaps.json:1: is not valid JSON" in browse("Ada").see("/selection")
    page = browse("Ana").see("/selection")
    assert "gaps.json" not in page and "Nothing was chosen yet" in page
