"""The page of a run in English and Japanese, its figures, tables and sentences as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.errors import UsageError
from pinchtune.files import read_json, write_text
from pinchtune.probing.figures import draw_figures
from pinchtune.probing.tables import build_tables, name_arm, summarise
from pinchtune.reporting.grids import Table, to_markdown
from pinchtune.reporting.plots import FigureView
from pinchtune.reporting.shell import render
from pinchtune.reporting.svg import to_markup
from pinchtune.reporting.wording import LOCALES, Wording

PACKAGE = "pinchtune.probing"
NEEDED = frozenset({"name", "arms", "layers", "languages", "curves", "moved"})
"""What tells a probe.json from other files."""
Json = Mapping[str, Any]


class View(NamedTuple):
    """The page in one language."""

    words: Wording
    title: str
    says: list[str]
    figures: list[FigureView]
    tables: list[Table]
    protocol: list[tuple[str, str]]

    @property
    def locale(self) -> str:
        """`en` or `ja`."""
        return self.words.locale


def write_page(name: str, found: Json, folder: Path) -> None:
    """Write page.html, tables.md, the sentences in both languages, and a file for each figure."""
    views = [_view(name, found, Wording(code, PACKAGE)) for code in LOCALES]
    english = views[0]
    page = render("probe.html.j2", views, english.locale, ("drawing.css",), package=PACKAGE)
    write_text(folder / "page.html", page)
    write_text(folder / "tables.md", to_markdown(english.tables))
    for view in views:
        ending = "md" if view is english else f"{view.locale}.md"
        text = "".join(f"- {line}\n" for line in view.says)
        write_text(folder / f"summary.{ending}", text)
    for figure in english.figures:
        write_text(folder / f"{figure.name}.svg", figure.file())


def redraw(stored: Path) -> Path:
    """Write the page of a stored probe.json beside it, without data or model; return the page.

    UsageError if the file is not what `pinch probe` wrote.
    """
    found = read_json(stored)
    if not isinstance(found, dict) or not found.keys() >= NEEDED:
        raise UsageError(f"{stored}: is not a result of `pinch probe`; name its probe.json")
    write_page(str(found["name"]), found, stored.parent)
    return stored.parent / "page.html"


def _view(name: str, found: Json, words: Wording) -> View:
    figures = [
        FigureView(
            figure,
            drawn,
            to_markup(drawn.figure, f"{words.locale}-{figure}", drawn.title, drawn.lead),
        )
        for figure, drawn in draw_figures(found, words)
    ]
    title, says = words("page.title", name=name), summarise(found, words)
    return View(words, title, says, figures, build_tables(found, words), _protocol(found, words))


def _protocol(found: Json, words: Wording) -> list[tuple[str, str]]:
    """Return what the figures were measured on."""
    languages = [
        words("protocol.language", name=words.language(row["code"]), sentences=row["sentences"])
        for row in found["languages"]
    ]
    facts = {
        "arms": words.join(name_arm(name, words) for name in found["arms"]),
        "layers": words.number(found["layers"]),
        "texts": words.join(languages),
        "left_out": words.number(found["left_out"]),
        "neurons": words.number(next(iter(found["neurons"]["arms"].values()))["neurons"]),
    }
    if trials := found.get("interventions"):
        facts["last"] = words.number(trials["setting"]["last"])
        facts["strength"] = f"{trials['setting']['strength']:g}"
    return [(words(f"protocol.{name}"), text) for name, text in facts.items()]
