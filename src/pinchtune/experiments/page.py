"""The page of an experiment in English and Japanese, its figures and tables as files."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

from pinchtune.experiments.board import Board
from pinchtune.experiments.figures import draw
from pinchtune.experiments.recipe import Recipe, say
from pinchtune.experiments.tables import build_tables
from pinchtune.files import write_text
from pinchtune.reporting.grids import Table, to_markdown
from pinchtune.reporting.plots import FigureView
from pinchtune.reporting.shell import render
from pinchtune.reporting.svg import to_markup
from pinchtune.reporting.wording import LOCALES, Wording

PACKAGE = "pinchtune.experiments"


class View(NamedTuple):
    """The page in one language."""

    words: Wording
    title: str
    published: str
    findings: list[str]
    limits: list[str]
    progress: str
    """How many of the arms have scores, if not all."""
    figures: list[FigureView]
    missing: list[str]
    """Figures that cannot be drawn yet."""
    tables: list[Table]
    protocol: list[tuple[str, str]]

    @property
    def locale(self) -> str:
        """`en` or `ja`."""
        return self.words.locale


def write_results(recipe: Recipe, board: Board, folder: Path) -> list[Path]:
    """Write page.html, page.md, tables.md, a file for each figure; return what was written."""
    views = [_view(recipe, board, Wording(code, PACKAGE)) for code in LOCALES]
    english = views[0]
    paths = [folder / name for name in ("page.html", "page.md", "tables.md")]
    page = render("experiment.html.j2", views, english.locale, ("drawing.css",), package=PACKAGE)
    write_text(paths[0], page)
    write_text(paths[1], write_markdown(english))
    write_text(paths[2], to_markdown(english.tables))
    for figure in english.figures:
        path = folder / f"{figure.name}.svg"
        write_text(path, figure.file())
        paths.append(path)
    return paths


def write_markdown(view: View) -> str:
    """Return the page for where pictures are files beside it: all but the tables."""
    words = view.words
    protocol = Table(words("text.protocol"), ["", ""], [list(row) for row in view.protocol])
    parts = [
        f"# {_escape(view.title)}",
        view.progress and f"**{view.progress}**",
        view.published and f"**{words('text.published')}** {_escape(view.published)}",
        *_section(words("text.findings"), view.findings),
        f"## {words('text.figures')}",
        *(
            f"### {f.drawn.title}\n\n{f.drawn.lead}\n\n![{f.drawn.title}]({f.name}.svg)"
            for f in view.figures
        ),
        f"[{words('text.tables')}](tables.md)",
        *_section(words("text.limits"), [*view.limits, *words.lines("text.always")]),
        to_markdown([protocol]),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "\n".join(f"- {_escape(line)}" for line in lines)] if lines else []


def _escape(text: str) -> str:
    """Return a text of the recipe as one line in which nothing is markup of a page."""
    return escape(" ".join(text.split()), quote=False)


def _view(recipe: Recipe, board: Board, words: Wording) -> View:
    figures, missing = [], []
    for number, spec in enumerate(recipe.figures, 1):
        drawn = draw(board, spec, words)
        name = f"{number}-{spec.kind.replace('_', '-')}"
        if drawn is None:
            missing.append(words(f"figure.{spec.kind}"))
            continue
        svg = to_markup(drawn.figure, f"{words.locale}-{name}", drawn.title, drawn.lead)
        figures.append(FigureView(name, drawn, svg))
    done = len(board.arms)
    short = words("text.progress", done=done, total=board.total) if done < board.total else ""
    return View(
        words,
        words("page.title", name=recipe.name, title=say(recipe.title, words.locale)),
        say(recipe.published, words.locale),
        [say(line, words.locale) for line in recipe.findings],
        [say(line, words.locale) for line in recipe.limits],
        short,
        figures,
        missing,
        build_tables(board, words),
        _protocol(board, words),
    )


def _protocol(board: Board, words: Wording) -> list[tuple[str, str]]:
    """Return what all arms have in common."""
    config = board.config
    prompts = {p.id for s in board.scored.values() for p in s.prompts}
    train, generate = config.train, config.generate
    facts = {
        "model": config.model.base,
        "budget": words.number(config.mix.budget) if config.mix.budget else words("text.all"),
        "tuned": words.join(map(words.language, config.languages.tuned)),
        "unseen": words.join(map(words.language, config.languages.unseen)),
        "train": f"{train.method}, {train.learning_rate:g}, {train.epochs} x, {train.batch_size}",
        "generate": f"{generate.max_new_tokens}, {generate.temperature:g}, "
        f"{generate.repetition_penalty:g}",
        "prompts": words.number(len(prompts)),
        "seeds": words.join(str(seed) for seed in sorted({arm.seed for arm in board.arms})),
        "arms": words.number(len(board.arms)),
    }
    return [(words(f"protocol.{name}"), text) for name, text in facts.items()]
