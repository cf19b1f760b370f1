"""What every page is written in: both languages in one file, of which the reader sees one.

Two radio buttons and a style sheet switch the language, so that it works without a script. The
only script remembers the choice; the page's own policy allows that one script and no request.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Protocol

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pinchtune.reporting.safety import clean
from pinchtune.reporting.sources import SECTIONS, answers_file, scores
from pinchtune.reporting.wording import OWN, Wording, check_locale


class View(Protocol):
    """A page in one language."""

    @property
    def words(self) -> Wording:
        """The words of the page."""

    @property
    def title(self) -> str:
        """What the page is called."""


def render(
    template: str,
    views: Sequence[View],
    locale: str,
    styles: Sequence[str] = (),
    package: str = OWN,
    **shared: object,
) -> str:
    """Return a page with a view a locale that opens in `locale`; `shared` is in no language.

    The template is one of `package` and may extend those of the report; styles and script are
    the report's.
    """
    first = check_locale(locale)
    return (
        _environment(package)
        .get_template(template)
        .render(
            views=views,
            first=next(view for view in views if view.words.locale == first),
            script=_asset("remember.js"),
            style=Markup("\n").join(_asset(name) for name in ("report.css", *styles)),
            policy=page_policy(),
            **shared,
        )
    )


def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, OWN))]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"sources": SECTIONS, "scores": scores, "answers_file": answers_file}
    return environment


def _finalize(value: object) -> object:
    """Clean every text on its way into the page; it is escaped after this."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _asset(name: str) -> Markup:
    """Return a file of ours that goes into the page as it is."""
    path = files("pinchtune.reporting") / "templates" / name
    return Markup(path.read_text("utf-8").strip())


def page_policy() -> str:
    """Return the content security policy of every page: our own script by its hash, no request.

    Servers that send a policy of their own send this one with such a page.
    """
    digest = base64.b64encode(hashlib.sha256(_asset("remember.js").encode()).digest()).decode()
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        f"form-action 'none'; script-src 'sha256-{digest}'"
    )
