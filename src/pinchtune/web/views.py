"""The templates: compiled once, filled for each request."""

from __future__ import annotations

import hashlib
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pinchtune.languages import LANGUAGES, is_rtl
from pinchtune.store import Grant
from pinchtune.web import words
from pinchtune.web.hints import explain_hint, explain_problem, explain_refusal
from pinchtune.web.texts import shorten, show_marks, show_text
from pinchtune.web.wording import Translator, list_languages, list_locales

if TYPE_CHECKING:
    from pinchtune.web.visit import Visit


class Views:
    """All templates of the workplace."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("pinchtune.web"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            asset=asset,
            direction=direction,
            explain=explain_hint,
            explain_problem=explain_problem,
            refuse=explain_refusal,
            locales=list_locales,
            list_languages=list_languages,
            shorten=shorten,
            show=show_text,
            speech=speech,
            tongue=words.name_language,
            Grant=Grant,
            words=words,
        )
        # Compiling takes longer than filling: no visitor waits for it.
        for name in self._environment.list_templates():
            self._environment.get_template(name)

    def render(self, template: str, visit: Visit, /, **values: object) -> str:
        """Return a filled template."""
        page = self._environment.get_template(template)
        return page.render(
            visit=visit,
            person=visit.person,
            _=visit.say,
            token=partial(_token, visit.token),
            titles=partial(_title, visit.say),
            **values,
        )


@cache
def load_views() -> Views:
    """Return the templates of this process."""
    return Views()


def direction(language: str) -> str:
    """Return in which direction a language is written; `auto` if it is not known."""
    if language not in LANGUAGES:
        return "auto"
    return "rtl" if is_rtl(language) else "ltr"


def speech(language: str) -> Markup:
    """Return the attributes of a text in a language; none that says a language if none is known."""
    known = language.split("-")[0].lower() in LANGUAGES
    return Markup('lang="{}" dir="auto"').format(language) if known else Markup('dir="auto"')


def asset(name: str) -> str:
    """Return the address of a static file; it changes with the content, so it can be kept."""
    if name not in _DIGESTS:
        content = (files("pinchtune.web") / "static" / name).read_bytes()
        _DIGESTS[name] = hashlib.sha256(content).hexdigest()[:12]
    return f"/static/{name}?v={_DIGESTS[name]}"


_DIGESTS: dict[str, str] = {}


def _token(token: str) -> Markup:
    return Markup('<input type="hidden" name="form_token" value="{}">').format(token)


def _title(say: Translator, status: int) -> Markup:
    return say(words.name(words.STATUSES, str(status)))


def _finalize(value: object) -> object:
    """Show hidden characters of every text on its way into a page; it is escaped by this."""
    return show_marks(value) if isinstance(value, str) and not isinstance(value, Markup) else value
