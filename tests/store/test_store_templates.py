"""The project's own copy of the templates, and its settings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from team import CHEAP, Team

from pinchtune.store import Forbidden, Invalid, NotFound, Settings, Store, Template, open_store
from pinchtune.store import templates as te
from pinchtune.store.settings import read_settings, read_value, write_settings, write_value


def test_a_new_store_has_the_shipped_templates_in_their_order(store: Store):
    for language in ("en", "ja", "es", "zh", "ar", "hi"):
        kinds = [template.kind for template in te.list_templates(store, language)]
        assert kinds == list(te.KINDS)
    assert te.list_templates(store, "es", kind="price")[0].instruction


def test_what_the_project_changed_stays_when_it_is_opened_again(
    store: Store, team: Team, database_url: str
):
    first, second, *_ = te.list_templates(store, "es")
    te.remove_template(store, team.cai, first.id)
    te.save_template(store, team.admin, replace(second, title="Ours", active=False))
    new = te.add_template(store, team.cai, replace(first, id="x", kind="ours", position=99))
    again = open_store(database_url, hasher=CHEAP)
    assert len(te.list_templates(again, "es")) == 9
    assert te.get_template(again, new.id) == new != first
    shown = te.list_templates(again, "es", inactive=True)
    assert [t.title for t in shown if not t.active] == ["Ours"]
    again.close()


def test_a_language_that_comes_later_is_seeded_then(store: Store, database_url: str):
    with store.begin() as connection:
        seeded = read_value(connection, "seeded templates")
        write_value(connection, "seeded templates", [tag for tag in seeded if tag != "es"])
    before = len(te.list_templates(store))
    open_store(database_url, hasher=CHEAP).close()
    assert len(te.list_templates(store)) == before + 10


def test_who_may_change_templates(store: Store, team: Team):
    template = te.list_templates(store, "es")[0]
    for person in (team.ana, team.kei, team.ron):
        with pytest.raises(Forbidden):
            te.save_template(store, person, replace(template, title="x"))
        with pytest.raises(Forbidden):
            te.add_template(store, person, template)
        with pytest.raises(Forbidden):
            te.remove_template(store, person, template.id)
    with pytest.raises(Forbidden):
        te.save_template(store, team.kei, replace(template, language="ja"))
    with pytest.raises(NotFound):
        te.get_template(store, "x")


@pytest.mark.parametrize(
    "bad", [{"title": " "}, {"kind": ""}, {"hint": "x" * 2001}, {"position": -1}, {"title": "\0"}]
)
def test_what_cannot_be_a_template(store: Store, team: Team, bad: dict[str, object]):
    template = replace(Template("", "es", "price", "t", "", "i", "r"), **bad)
    with pytest.raises(Invalid):
        te.add_template(store, team.cai, template)


def test_settings_are_the_administrators(store: Store, team: Team):
    assert read_settings(store) == Settings()
    settings = Settings("Laden", ("es", "ja"), {"es": 40, "ja": 20}, "CC-BY-4.0")
    assert write_settings(store, team.admin, settings) == settings == read_settings(store)
    for person in (team.ana, team.cai, team.ron):
        with pytest.raises(Forbidden):
            write_settings(store, person, Settings())
    for bad in (Settings(goals={"es": -1}), Settings(languages=("?",)), Settings(name="\0")):
        with pytest.raises(Invalid):
            write_settings(store, team.admin, bad)
    assert read_settings(store) == settings
