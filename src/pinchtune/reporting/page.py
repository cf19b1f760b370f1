"""The page: everything that is known of a test, from the verdict down to the protocol."""

from __future__ import annotations

from typing import NamedTuple

from pinchtune.reporting.asked import AskedView, build_asked
from pinchtune.reporting.benchmarks import BenchmarksView, build_benchmarks
from pinchtune.reporting.chosen import ChosenView, build_chosen
from pinchtune.reporting.claims import ClaimsView, build_claims
from pinchtune.reporting.costs import CostsView, build_costs
from pinchtune.reporting.figures import FigureView, build_figures
from pinchtune.reporting.headline import HeadlineView, build_headline
from pinchtune.reporting.inputs import ReportData
from pinchtune.reporting.judging import JudgingView, build_judging
from pinchtune.reporting.ladder import LadderView, build_ladder
from pinchtune.reporting.limits import build_limits
from pinchtune.reporting.mixed import MixedView, build_mixed
from pinchtune.reporting.planned import PlanView, build_plan
from pinchtune.reporting.protocol import Facts, build_protocol, same_settings
from pinchtune.reporting.safety import clip
from pinchtune.reporting.samples import Choice, SamplesView, build_samples, choose_pairs
from pinchtune.reporting.seeds import SeedsView, build_seeds
from pinchtune.reporting.shell import render
from pinchtune.reporting.tables import TableView, build_tables
from pinchtune.reporting.wording import LOCALES, Wording, check_locale

NAME_CHARACTERS = 80
SECTIONS = (
    *("mixed", "enquiries", "selection", "figure", "seeds", "plan", "ladder", "costs"),
    *("answers", "tables", "benchmarks", "judging", "limits", "protocol"),
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
    seeds: SeedsView | None
    plan: PlanView
    ladder: LadderView | None
    costs: CostsView | None
    samples: SamplesView
    tables: list[TableView]
    benchmarks: BenchmarksView | None
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
        own = {
            "enquiries": self.asked,
            "selection": self.chosen,
            "seeds": self.seeds,
            "ladder": self.ladder,
            "costs": self.costs,
            "benchmarks": self.benchmarks,
        }
        return [name for name in SECTIONS if own.get(name, True)]


def build_report(data: ReportData, locale: str = "en") -> str:
    """Return the report as one HTML file that opens in `locale`; UsageError for an unknown one."""
    check_locale(locale)
    choice = choose_pairs(data)
    return render("page.html.j2", [_view(data, choice, Wording(code)) for code in LOCALES], locale)


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
        seeds=build_seeds(data, words),
        plan=build_plan(data, words),
        ladder=build_ladder(data, words),
        costs=build_costs(data.costs, data.config, words) if data.costs else None,
        samples=build_samples(data, choice, words),
        tables=build_tables(data, words),
        benchmarks=build_benchmarks(data, words),
        judging=build_judging(data, words),
        limits=build_limits(data, words),
        protocol=build_protocol(data, words),
        same=words("protocol.same", answer=answer) if answer else "",
    )
