"""The pages on which people judge: who comes to them, what they show, what is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import html
from workplace import Browser

from answered import write_answered
from pinchtune import Project
from pinchtune.files import RunFolder, write_jsonl
from pinchtune.records import Answer
from pinchtune.stages.people import gather, name_answers
from pinchtune.store import Person, Store, judging, rounds
from pinchtune.web.app import make_app
from pinchtune.web.settings import WebSettings

FORM = {"mode": "pairs", "language": ["es", "ja"], "prompts": 0, "raters": 1, "share": 50}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.open(write_answered(tmp_path / "answered"))


@pytest.fixture
def enter(store: Store, project: Project) -> Callable[[str], Browser]:
    """Return the browser of a person who is logged in at a workplace with answers."""
    app = make_app(store, project=project, settings=WebSettings(refresh=0))
    return lambda name: Browser(app, headers={"Accept-Language": "en"}).log_in(name)


@pytest.fixture
def round(store: Store, project: Project, person: Callable[[str], Person]) -> rounds.Round:
    found = gather(project)
    return rounds.open_round(store, person("Ada"), found, name_answers(project), share=1)


def desk(page: str) -> html.HtmlElement:
    return html.fromstring(page).get_element_by_id("verdict")


def action(page: str) -> str:
    return str(desk(page).get("action"))


def test_an_administrator_opens_and_closes_a_round(enter, store):
    ada = enter("Ada")
    page = ada.see("/judge")
    assert "There is nothing to judge at the moment." in page
    offered = html.fromstring(page).xpath("//input[@name='language']/@value")
    assert offered == ["en", "es", "ja", "ar"]
    assert "The round is open." in ada.fill("/judge", **FORM)
    [made] = rounds.all_rounds(store)
    assert [(c.language, c.items, c.wanted) for c in made.counts] == [("es", 4, 6), ("ja", 4, 6)]
    page = ada.see("/judge")
    assert "0 of 6" in page and f"/judge/{made.id}/close" in page
    assert f"/judge/{made.id}?" not in page  # who administers alone judges nothing
    assert "The round is closed." in ada.fill(f"/judge/{made.id}/close")
    assert not rounds.all_rounds(store)[0].is_open


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"language": []}, 422, "Choose a language."),
        ({"raters": 0}, 422, "Between 1 and 9 people"),
        ({"raters": "x"}, 422, "Between 1 and 9 people"),
        ({"share": 101}, 422, "The share is a number from 0 to 1."),
        ({"language": ["fi"]}, 422, "there are no answers in fi"),
    ],
)
def test_a_round_that_cannot_be_opened(enter, store, change, status, sentence):
    ada = enter("Ada")
    ada.see("/judge")
    assert sentence in ada.fill("/judge", status, **(FORM | change))
    assert rounds.all_rounds(store) == []


def test_who_comes_to_which_page(enter, round, store):
    assert "Only an author" in enter("Rita").see("/judge", 403)
    ana = enter("Ana")
    page = ana.see("/judge")
    assert "Spanish" in page and "Japanese" not in page and "Open a round" not in page
    ana.fill("/judge", 403, **FORM)
    ana.fill(f"/judge/{round.id}/close", 403)
    for name in ("Rita", "Ada"):
        enter(name).see(f"/judge/{round.id}", 403)
    item = action(ana.see(f"/judge/{round.id}?language=es"))
    for name in ("Jun", "Rita", "Ada"):
        other = enter(name)
        other.see("/")
        other.fill(item, 403, choice="first", language="es")
    assert judging.judgements(store) == []
    ana.see("/judge/none", 404)
    ana.fill(f"/judge/{round.id}/none", 404, choice="first", language="es")


def test_a_language_that_is_not_theirs_shows_their_own(enter, round):
    page = enter("Jun").see(f"/judge/{round.id}?language=es")
    assert 'lang="ja"' in page and 'lang="es" dir="auto"' not in page


def bare(form: html.HtmlElement) -> str:
    """Return a form without its texts and its random ids."""
    for words in form.xpath(".//div[@class='words']"):
        words.text = ""
    return re.sub(r"[0-9a-f]{32,64}", "#", html.tostring(form, encoding="unicode"))


def test_the_page_gives_no_arm_away(enter, round, project):
    """But for the texts, the form is the same whichever arm stands where, and names neither."""
    dora, forms = enter("Dora"), {True: set(), False: set()}
    for language in ("en", "es", "ja", "ar"):
        while "Nothing is left" not in (page := dora.see(f"/judge/{round.id}?language={language}")):
            for prompt in project.evaluation_prompts():
                assert prompt.id not in page
            texts = [w.text_content() for w in desk(page).xpath(".//div[@class='words']")]
            form = bare(desk(page))
            assert not re.search("pinch|english|arm|control|swap|base", form, re.I)
            forms[len(texts[1]) > len(texts[2])].add(form)
            dora.fill(action(page), choice="good", language=language)
    assert all(forms.values())
    shapes = [
        {re.sub('lang="..|value="..', "", form) for form in found} for found in forms.values()
    ]
    assert shapes[0] == shapes[1] and len(shapes[0]) == 1


def test_without_a_script_a_form_leads_to_the_next(enter, round, store):
    ana = enter("Ana")
    page = ana.see(f"/judge/{round.id}?language=es")
    assert "1 of 4" in page
    first = action(page)
    page = ana.fill(first, choice="second", language="es", **{"wrong-1": "1"})
    assert "2 of 4" in page and action(page) != first
    [said] = judging.judgements(store)
    assert said.choice in "ab" and len(said.wrong) == 1 and said.wrong[0] != said.choice
    page = ana.fill(f"/judge/{round.id}/undo", language="es")
    assert action(page) == first and "1 of 4" in page
    assert judging.judgements(store) == []
    for _ in range(4):
        page = ana.fill(action(page), choice="bad", language="es")
    assert "Nothing is left for you in Spanish." in page and "4 of 4" in page


def test_our_script_gets_the_next_pair_alone(enter, round, store):
    ana = enter("Ana")
    first = action(ana.see(f"/judge/{round.id}?language=es"))
    answer = ana.ask(first, choice="first", language="es")
    assert answer["html"].lstrip().startswith('<div class="desk-head">')
    assert action(f"<div>{answer['html']}</div>") != first and "<main" not in answer["html"]
    back = ana.ask(f"/judge/{round.id}/undo", language="es")
    assert first in back["html"]
    told = ana.ask(f"/judge/{round.id}/undo", 409, language="es")
    assert told == {"error": "There is nothing to take back."}
    assert ana.ask(first, 422, choice="perhaps", language="es")["error"].startswith("There is no")


def test_two_raters_and_their_progress(enter, round, store):
    for name in ("Ana", "Carla"):
        browser = enter(name)
        page = browser.see(f"/judge/{round.id}?language=es")
        while "Nothing is left" not in page:
            page = browser.fill(action(page), choice="good", language="es")
    assert {j.rater for j in judging.judgements(store)} == {1, 2}
    assert "8 of 8" in enter("Ada").see("/judge")
    assert "Nothing is left" in enter("Beto").see(f"/judge/{round.id}?language=es")


def test_the_first_page_leads_there_while_something_is_left(enter, round, store):
    ana = enter("Ana")
    home = f"/judge/{round.id}?language=es"
    assert f'href="{home}"' in ana.see("/") and "language=ja" not in ana.see("/")
    for name in ("Ada", "Rita"):
        assert "/judge/" not in enter(name).see("/").split("<main", 1)[1]
    for name in ("Ana", "Carla"):
        browser = enter(name)
        while "Nothing is left" not in (page := browser.see(home)):
            browser.fill(action(page), choice="good", language="es")
    assert home not in enter("Ana").see("/")


def test_a_closed_round_takes_nothing(enter, round, store):
    ana = enter("Ana")
    item = action(ana.see(f"/judge/{round.id}?language=es"))
    ada = enter("Ada")
    ada.see("/judge")
    ada.fill(f"/judge/{round.id}/close")
    assert "This round is closed." in ana.see(f"/judge/{round.id}", 409)
    assert ana.ask(item, 409, choice="good", language="es") == {"error": "This round is closed."}
    assert judging.judgements(store) == []


def test_a_round_about_older_answers_is_stale(enter, round, store, project):
    ana = enter("Ana")
    item = action(ana.see(f"/judge/{round.id}?language=es"))
    run = RunFolder(project.path("answers", "pinch"), "made anew")
    run.start()
    rows = [Answer(p.id, p.language, "Otra.", True, 1) for p in project.evaluation_prompts()]
    write_jsonl(run.path / "answers.jsonl", (row.to_row() for row in rows))
    run.finish({})
    told = "The answers were made anew since; ask for a new round of judging."
    assert ana.ask(item, 409, choice="good", language="es") == {"error": told}
    assert told in ana.see(f"/judge/{round.id}", 409)
    assert judging.judgements(store) == []
    assert "close this round and open a new one" in enter("Ada").see("/judge")


def test_texts_of_models_are_shown_as_texts(enter, store, person, project):
    evil = '"><script>alert(1)</script>'
    texts = (evil, f"\u202e{evil}")
    material = rounds.Material("p", "x", "ar", [("system", evil), ("user", evil)], texts)
    made = rounds.open_round(store, person("Ada"), [material], name_answers(project))
    page = enter("Dora").see(f"/judge/{made.id}")
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert(1)") == 4
    assert "\u202e" not in page and "Told to the model" in page
    words = html.fromstring(page).xpath("//div[@class='words']")
    assert [(w.get("lang"), w.get("dir")) for w in words] == [("ar", "auto")] * 4


def test_grades_show_one_answer(enter, store, person, project):
    ada = enter("Ada")
    ada.see("/judge")
    ada.fill("/judge", **(FORM | {"mode": "grades", "language": ["ja"]}))
    [made] = rounds.all_rounds(store)
    jun = enter("Jun")
    page = jun.see(f"/judge/{made.id}")
    assert len(desk(page).xpath(".//div[@class='sides']/section")) == 1
    values = desk(page).xpath(".//button[@name='choice']/@value")
    assert values == ["excellent", "pass", "fail"]
    jun.fill(action(page), choice="excellent", language="ja")
    assert [j.choice for j in judging.judgements(store)] == ["excellent"]


def test_enter_in_a_field_says_nothing(enter, round):
    """The first button of a form is the one that Enter presses: here it does nothing."""
    page = enter("Ana").see(f"/judge/{round.id}?language=es")
    first = desk(page).xpath("(.//button)[1]")[0]
    assert "disabled" in first.attrib and "name" not in first.attrib


def test_without_a_project_nothing_can_be_opened(browse):
    ada = browse("Ada")
    assert "The project has no answers yet" in ada.see("/judge")
    assert "The project has no answers yet" in ada.fill("/judge", 409, **FORM)
