"""The page: both languages in one file, of which the reader sees one.

Two radio buttons and a style sheet switch the language, so that it works without a script. The
only script remembers the choice; the page's own policy allows that one script and no request.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pinchtune.reporting.asked import AskedView, build_asked
from pinchtune.reporting.chosen import ChosenView, build_chosen
from pinchtune.reporting.claims import ClaimsView, build_claims
from pinchtune.reporting.figures import FigureView, build_figures
from pinchtune.reporting.headline import HeadlineView, build_headline
from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.judging import JudgingView, build_judging
from pinchtune.reporting.limits import build_limits
from pinchtune.reporting.mixed import MixedView, build_mixed
from pinchtune.reporting.planned import PlanView, build_plan
from pinchtune.reporting.protocol import Facts, build_protocol, same_settings
from pinchtune.reporting.safety import clean, clip
from pinchtune.reporting.samples import Choice, SamplesView, build_samples, choose_pairs
from pinchtune.reporting.tables import TableView, build_tables
from pinchtune.reporting.wording import LOCALES, OWN, Wording, check_locale

NAME_CHARACTERS = 80
SECTIONS = (
    *("mixed", "enquiries", "selection", "figure", "plan"),
    *("answers", "tables", "judging", "limits", "protocol"),
)
"""The sections that the contents name, in their order."""


class LocaleView(NamedTuple):
    """The whole page in one language."""

    words: Wording
    title: str
    headline: HeadlineView
    claims: ClaimsView
    mixed: MixedView
    asked: AskedView | None
    chosen: ChosenView | None
    figures: list[FigureView]
    plan: PlanView
    samples: SamplesView
    tables: list[TableView]
    judging: JudgingView
    limits: list[str]
    protocol: list[Facts]
    same: str
    """Whether the arms were tuned with the same settings; empty if not known."""

    @property
    def locale(self) -> str:
        """`en` or `ja`."""
        return self.words.locale

    @property
    def sections(self) -> list[str]:
        """The sections in their order, those left out for which there is nothing."""
        own = {"enquiries": self.asked, "selection": self.chosen}
        return [name for name in SECTIONS if own.get(name, True)]


def build_report(data: ReportData, locale: str = "en") -> str:
    """Return the report as one HTML file that opens in `locale`; UsageError for an unknown one."""
    first = check_locale(locale)
    choice = choose_pairs(data)
    views = [_view(data, choice, Wording(code)) for code in LOCALES]
    script, style = (read_asset(name) for name in ("remember.js", "report.css"))
    return (
        page_environment()
        .get_template("page.html.j2")
        .render(
            views=views,
            first=next(view for view in views if view.locale == first),
            script=script,
            style=style,
            policy=page_policy(script),
        )
    )


def _view(data: ReportData, choice: Choice, words: Wording) -> LocaleView:
    same = same_settings(data)
    answer = "" if same is None else words("protocol.yes" if same else "protocol.no")
    return LocaleView(
        words=words,
        title=words("page.title", name=clip(data.name, NAME_CHARACTERS, 1).text),
        headline=build_headline(data, words),
        claims=build_claims(data, words),
        mixed=build_mixed(data, words),
        asked=build_asked(data, words),
        chosen=build_chosen(data, words),
        figures=build_figures(data, words),
        plan=build_plan(data, words),
        samples=build_samples(data, choice, words),
        tables=build_tables(data, words),
        judging=build_judging(data, words),
        limits=build_limits(data, words),
        protocol=build_protocol(data, words),
        same=words("protocol.same", answer=answer) if answer else "",
    )


def page_environment(package: str = OWN) -> Environment:
    """Return what renders the templates of a package: escaped, cleaned, nothing undefined."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalize(value: object) -> object:
    """Clean every text on its way into the page; it is escaped after this."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def read_asset(name: str) -> Markup:
    """Return a file of ours that goes into the page as it is."""
    path = files("pinchtune.reporting") / "templates" / name
    return Markup(path.read_text("utf-8").strip())


def page_policy(script: str) -> str:
    """Return the content security policy: our own script by its hash, and no request at all."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        f"form-action 'none'; script-src 'sha256-{digest}'"
    )
