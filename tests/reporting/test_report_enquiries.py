"""The sections on what people ask and on the choice: there where there is something to show."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import lxml.html
import pytest
from test_report_page import ALIVE, check

from asked import HOSTILE, RUN, many_subjects, write_mined, write_selection
from pinchtune.config import Config
from pinchtune.mining.mined import read_mined, read_questions
from pinchtune.reporting import build_report
from pinchtune.selection.outcome import read_outcome
from pinchtune.stages.project import Project
from pinchtune.stages.report import _key


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    write_mined(runs)
    write_selection(runs)
    return runs


@pytest.fixture(scope="module")
def with_runs(small, folder):
    return replace(
        small,
        mined=read_mined(folder / "mine"),
        questions=read_questions(folder / "mine"),
        outcome=read_outcome(folder / "selection"),
    )


@pytest.fixture(scope="module")
def page(with_runs):
    return build_report(with_runs)


def section(page: str, name: str, locale: str = "en"):
    tree = lxml.html.document_fromstring(page.removeprefix("<!DOCTYPE html>"))
    (found,) = tree.xpath(f"//section[@aria-labelledby='{locale}-{name}']")
    return found


def text_of(element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def test_without_runs_nothing_is_shown(small):
    page = build_report(small)
    assert "en-enquiries" not in page and "en-selection" not in page
    assert "What people ask" not in page


def test_the_page_is_whole_and_names_its_sections(page):
    check(page)
    assert not re.search(r"https?://|url\((?!#)|@import|src=(?!x)", page)
    contents = re.findall(r'<li><a href="#en-(\w+)"', page)
    assert contents[:4] == ["mixed", "enquiries", "selection", "figure"]


@pytest.mark.parametrize(
    ("locale", "title", "line", "unknown"),
    [
        ("en", "What people ask", "286 enquiries were mined: 12 different", "Language not known"),
        ("ja", "どのような問い合わせがあるか", "286件の問い合わせ", "不明な言語"),
    ],
)
def test_the_map_and_the_groups_that_are_asked_most(page, locale, title, line, unknown):
    found = section(page, "enquiries", locale)
    text = text_of(found)
    assert title in text and line in text and unknown in text
    wide, narrow = found.xpath(".//svg[@role='img']")
    assert not wide.xpath(".//a") and {"filtro", "135"} <= {t.text for t in narrow.iter("text")}
    rows = found.xpath(".//tbody/tr")
    assert len(rows) == 5 and "¿Cómo limpio el filtro de la bomba?" in text_of(rows[0])
    assert text_of(rows[0].xpath("./td")[-1]) == "2"  # chosen examples
    arabic = rows[1].xpath(".//span[@lang]")[0]
    assert (arabic.get("lang"), arabic.get("dir")) == ("ar", "rtl")


def test_ten_groups_are_told_and_all_are_drawn(with_runs, tmp_path):
    folder = write_mined(tmp_path, many_subjects(60), "other")
    data = replace(with_runs, mined=read_mined(folder), questions=read_questions(folder))
    found = section(build_report(data), "enquiries")
    assert len(found.xpath(".//tbody/tr")) == 10
    assert len(found.xpath(".//div[@class='drawing drawing-wide']/svg/svg")) == 60
    assert len(found.xpath(".//tbody/tr[1]/td")) == 2  # the choice knows other groups


def test_the_choice_with_its_coverage_and_reasons(page):
    found = section(page, "selection")
    text = text_of(found)
    assert "4 of 160 examples were chosen to stand for what people ask (12 different" in text
    assert "This choice covers 18% more than a random draw." in text
    bars = [text_of(row) for row in found.xpath(".//tbody/tr")]
    assert bars[:2] == ["This choice 0.412", "Random draw, mean of 20 0.350"]
    assert bars[-1] == "The whole pool (the most there can be) 0.500" and len(bars) == 7
    assert text.count("Closest chosen example to 3 texts") == 4
    assert "متى يصل طلبي؟ 31% of what is asked" in text
    japanese = text_of(section(page, "selection", "ja"))
    assert japanese.count("選ばれた例のうち3件") == 4 and "18%多く" in japanese


def test_a_choice_that_was_not_mixed_is_told_as_such(with_runs, page):
    other = "The pinch that was mixed for this report is another one"
    assert other in text_of(section(page, "selection"))
    picks = with_runs.outcome.picks
    mixture = {**with_runs.mixture, "pinch": [{"id": p.id, "language": "es"} for p in picks]}
    assert other not in build_report(replace(with_runs, mixture=mixture))


def test_hostile_enquiries_and_terms_stay_texts(page):
    parser = check(page)
    assert all(piece not in page for piece in (*ALIVE, "onerror=alert(2)>"))
    assert not set("\u202e\u202c") & set(page)
    shown = HOSTILE.replace("\u202e", "\ufffd").replace("\u202c", "\ufffd")
    assert any(shown in text for text in parser.texts)


def write_manifest(project: Project, stage: str, **facts) -> None:
    path = project.path(stage, "manifest.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"key": "k", "files": {}, **facts}), "utf-8")


def test_a_report_is_made_anew_after_mining_and_choosing(tmp_path):
    project = Project(tmp_path, Config())
    for stage in ("evaluation", "mixture"):
        write_manifest(project, stage)
    keys = [_key(project)]
    write_mined(project.path())
    keys.append(_key(project))
    write_selection(project.path(), RUN)
    keys.append(_key(project))
    assert len(set(keys)) == 3
    write_mined(project.path(), key="anew")
    assert _key(project) not in keys
