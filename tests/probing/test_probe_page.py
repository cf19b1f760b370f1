"""The page, its words in both languages, and the verb."""

from __future__ import annotations

import copy
import json
import re
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from string import Formatter
from xml.etree import ElementTree

import pytest

from pinchtune.errors import UsageError
from pinchtune.files import read_json, write_json
from pinchtune.probing.figures import draw_figures
from pinchtune.probing.outcome import correlate_gain
from pinchtune.probing.page import PACKAGE, redraw, write_page
from pinchtune.probing.tables import build_tables, summarise
from pinchtune.reporting.grids import to_markdown
from pinchtune.reporting.wording import LOCALES, Wording, catalogue

SHAPES = ["alignment", "lens", "script", "moved", "cka", "neurons", "gain", "interventions"]


@pytest.fixture
def found(probed):
    """The JSON object of the toy run, with alignment and gains that a random model lacks."""
    found = copy.deepcopy(probed.found)
    found["by_language"]["base"]["mexa"] = {"es": [50, 75], "ja": [25, 25], "ar": [0, 10]}
    gains = {"es": 3.0, "ja": 10.0, "ar": -2.0}
    return {**found, "gain": correlate_gain(found, gains)}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_figure_is_drawn_in_every_language(found, locale):
    words = Wording(locale, PACKAGE)
    figures = dict(draw_figures(found, words))
    assert list(figures) == SHAPES
    for name, drawn in figures.items():
        assert drawn.title and drawn.lead and drawn.rows, name
        assert all(len(row) == len(drawn.header) for row in drawn.rows), name
        assert locale == "en" or re.search(r"[ぁ-ん]", drawn.lead)
    assert len(figures["lens"].rows) == 2 and figures["lens"].rows[1][0] == "2"


def test_the_page_and_its_files(found, tmp_path):
    write_page("a <b>toy</b> 試験 عربي", found, tmp_path)
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {
        "page.html", "tables.md", "summary.md", "summary.ja.md", *(f"{n}.svg" for n in SHAPES),
    }  # fmt: skip
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count('<svg role="img"') == 2 * len(SHAPES)
    assert "<b>toy" not in page and "a &lt;b&gt;toy&lt;/b&gt; 試験 عربي" in page
    assert "None" not in page and "nan" not in page.lower().replace("finance", "")
    for name in SHAPES:
        assert ElementTree.parse(tmp_path / f"{name}.svg").getroot().tag.endswith("svg")
    tables = (tmp_path / "tables.md").read_text("utf-8")
    assert "### Answers in the right language: change against the pinch arm" in tables
    assert "Steered" not in tables and "English only, steered by 2 × the language vector" in tables
    assert (tmp_path / "summary.ja.md").read_text("utf-8").count("\n") == 9


def test_a_stored_result_is_drawn_again_as_it_was(found, tmp_path):
    write_page(found["name"], found, tmp_path / "first")
    write_json(tmp_path / "second" / "probe.json", found)
    assert redraw(tmp_path / "second" / "probe.json") == tmp_path / "second" / "page.html"
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes(), path.name


def test_the_published_result_is_the_stored_one(tmp_path):
    published = Path(__file__).parents[2] / "docs" / "results" / "probe-270m"
    found = read_json(published / "probe.json")
    tables = to_markdown(build_tables(found, Wording("en", PACKAGE)))
    assert tables == (published / "tables.md").read_text("utf-8")
    for locale, name in (("en", "summary.md"), ("ja", "summary.ja.md")):
        says = summarise(found, Wording(locale, PACKAGE))
        assert (published / name).read_text("utf-8") == "".join(f"- {line}\n" for line in says)


def test_another_file_is_no_stored_result(tmp_path):
    write_json(tmp_path / "scores.json", {"measures": {}})
    with pytest.raises(UsageError, match="is not a result of `pinch probe`; name its probe"):
        redraw(tmp_path / "scores.json")


def test_what_is_said_is_what_the_numbers_say(found):
    words = Wording("en", PACKAGE)
    change = {"value": 1.25, "low": -0.5, "high": 3.0, "n": 36}
    for measure in ("mexa", "retrieval_centred"):
        found["middle_changes"][measure]["pinch"]["english"] = change
    found["moved"]["weights"]["pinch"]["english"]["shares"] = [0.2, 0.8]
    says = summarise(found, words)
    assert says[0] == (
        "MEXA in the middle layers (1 to 1 of 2), with the pinch against English only: "
        "+1.2 [−0.5 to +3.0] points; no difference is shown."
    )
    assert "80 % lies in the last 1 of 2 layers" in says[2] and "about 50 %" in says[2]
    assert len(says) == 9
    assert says[4].startswith("After layer 2, ") and "points)." in says[4]
    for low, high, result in ((0.1, 3.0, "higher with"), (-3.0, -0.1, "lower with")):
        change |= {"low": low, "high": high}
        assert result in summarise(found, words)[0]
    found["interventions"] = None
    assert "add --interventions" in summarise(found, words)[-1]
    found["arms"] = ["base", "english"]
    assert len(summarise(found, words)) == 1


def test_tables_hold_what_was_compared(found):
    tables = build_tables(found, Wording("en", PACKAGE))
    titles = [table.title for table in tables]
    assert titles[0] == "Change in the middle layers (1 to 1), percentage points"
    assert [row[0] for row in tables[0].rows] == [
        "English only against Untuned model",
        "With the pinch against Untuned model",
        "With the pinch against English only",
    ]
    assert "What goes together with the gain of a language" in titles
    assert all(len(row) == len(table.header) for table in tables for row in table.rows)
    neurons = next(t for t in tables if t.title.startswith("Language-specific"))
    assert [row[0] for row in neurons.rows][:4] == ["English", "Spanish", "Japanese", "Arabic"]


def test_the_verb(probed, tmp_path, monkeypatch, capsys):
    from pinchtune.cli.main import main

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["pinch", "probe", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, *capsys.readouterr()

    where = ("-p", probed.project.folder, "--parallel", probed.parallel, "-q")
    code, out, err = run(*where, "--interventions", "--strength", 2, "--json")
    assert (code, err) == (0, "") and json.loads(out) == probed.found
    code, out, _ = run(*where, "--interventions", "--strength", 2)
    assert code == 0 and out.strip().endswith("page.html") and "in the middle layers" in out
    stored = shutil.copytree(probed.folder, tmp_path / "stored") / "probe.json"
    (stored.parent / "page.html").unlink()
    code, out, _ = run("--stored", stored)
    assert code == 0 and out.strip().endswith("stored/page.html")
    page = (stored.parent / "page.html").read_bytes()
    assert page == (probed.folder / "page.html").read_bytes()
    code, _, err = run(*where, "nobody")
    assert code == 2 and err.startswith("pinch: unknown arm 'nobody'")


def placeholders(text: object) -> list[list[str]]:
    lines = text if isinstance(text, list) else [text]
    return [sorted(n for _, n, _, _ in Formatter().parse(str(line)) if n) for line in lines]


def test_both_catalogues_say_the_same():
    english, japanese = (catalogue(locale, PACKAGE) for locale in LOCALES)
    assert list(english) == list(japanese) and len(english) > 70
    for key, text in english.items():
        assert placeholders(text) == placeholders(japanese[key]), key
        plain = re.sub(r"\{\w+\}", "", str(text))
        assert text != japanese[key] or not re.search("[a-z]{2}", plain)


def test_every_word_is_on_the_page():
    sources = [p for p in Path(str(files(PACKAGE))).rglob("*") if p.suffix in (".py", ".j2")]
    code = "\n".join(p.read_text("utf-8") for p in sources)
    built = ("arm", "trial", "curve", "figure", "lead", "against", "says", "table", "protocol")
    keys = catalogue("en", PACKAGE)
    assert [k for k in keys if k not in code and k.split(".")[0] not in built] == []
