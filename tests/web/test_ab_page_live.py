"""The A/B test in the workplace: who may see it, and that it is made anew."""

from __future__ import annotations

import pytest
from workplace import Browser

from pinchtune.abtest.plan import Plan
from pinchtune.abtest.running import open_test, start_test
from pinchtune.config import Config
from pinchtune.stages.project import Project
from pinchtune.web.app import make_app


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def visitor(store, web_settings, folder):
    app = make_app(store, project=Project(folder, Config()), settings=web_settings)
    return lambda: Browser(app, headers={"Accept-Language": "en"})


def test_where_no_test_was_started_there_is_no_page(browse):
    assert "There is no such page." in browse("Rita").see("/ab", 404)


def test_readers_see_it_and_it_is_made_anew(browse, folder):
    start_test(folder, Plan(("production", "candidate"), ("es", "ja")), "Kim")
    rita = browse("Rita")
    assert "The test is running" in rita.see("/ab")
    test = open_test(folder)
    test.stop("seen <b>enough</b>", "Kim")
    test.close()
    page = rita.see("/ab")
    assert "The test is over" in page and "seen &lt;b&gt;enough&lt;/b&gt;" in page


def test_its_policy_lets_nothing_in(browse, folder):
    start_test(folder, Plan(("production", "candidate"), ("es",)), "Kim")
    answer = browse("Rita").get("/ab")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "script-src 'sha256-" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_authors_do_not_see_it(browse, folder):
    start_test(folder, Plan(("production", "candidate"), ("es",)), "Kim")
    assert "You may not see this." in browse("Ana").see("/ab", 403)
