"""The dataset card: what an approved collection is, told from its approvals.

Markdown with the YAML head that data set hubs read. People appear as numbers by role, never
by name. What people wrote stands in it as text: no mark-up of theirs takes effect.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pinchtune.collecting.terms import coverage
from pinchtune.collecting.wording import catalogue, short_locale
from pinchtune.data.markdown import bullets, one_line, plain, table
from pinchtune.languages import get_language, language_name
from pinchtune.stats import Rating, alpha
from pinchtune.store.records import VERDICTS, Approval, Row, Settings, Term

LOCALES = ("en", "ja")
_MISSING_SHOWN = 20
_HUB_LICENSES = frozenset(
    ("apache-2.0", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "cc0-1.0", "mit", "odbl", "other")
)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))


def make_card(
    rows: Iterable[Row],
    *,
    settings: Settings,
    approvals: Sequence[Approval] = (),
    terms: Sequence[Term] = (),
    ratings: Sequence[Rating] = (),
    locale: str = "en",
    today: datetime | None = None,
) -> str:
    """Return the card of the approved ones among `rows`, in English or Japanese."""
    approved = [row for row in rows if row.status == "approved"]
    card = _Card(approved, settings, locale if short_locale(locale) in LOCALES else "en")
    date = (today or datetime.now(UTC)).date().isoformat()
    title = card("title", name=plain(settings.name) or card("unnamed"))
    parts = [card.head(), f"# {title}", card("intro"), card("made", date=date)]
    if not approved:
        parts.append(card("none"))
    else:
        parts += [card.counts(terms), card.domains(), card.people(approvals), card.when(approvals)]
        parts += [card.licenses(), card.origins(), card.terms(terms), card.agreement(ratings)]
    return "\n\n".join(part for part in parts if part) + "\n"


class _Card:
    """The sections of a card, each a piece of Markdown."""

    def __init__(self, rows: Sequence[Row], settings: Settings, locale: str) -> None:
        self.rows, self.settings, self.locale = rows, settings, short_locale(locale)
        self.words: dict[str, Any] = catalogue(locale)["card"]
        self.by_language = Counter(get_language(row.language).code for row in rows)

    def __call__(self, key: str, **values: object) -> str:
        return str(self.words[key]).format(**values)

    def head(self) -> str:
        """Return the YAML head; JSON strings are YAML strings."""
        names = sorted({self._license(row).lower() for row in self.rows})
        hub = names[0] if len(names) == 1 and names[0] in _HUB_LICENSES else "other"
        size = next((name for limit, name in _SIZES if len(self.rows) < limit), "100K<n<1M")
        lines = [
            "---",
            f"pretty_name: {json.dumps(one_line(self.settings.name), ensure_ascii=False)}",
        ]
        # Quoted: a bare `no`, Norwegian, is false in YAML.
        lines += ["language:", *(f'- "{code}"' for code in sorted(self.by_language))]
        lines += [f"license: {hub}", "task_categories:", "- text-generation"]
        lines += ["size_categories:", f"- {size}", "tags:", "- instruction-tuning", "---"]
        return "\n".join(lines if self.rows else [line for line in lines if line != "language:"])

    def counts(self, terms: Sequence[Term]) -> str:
        """Return the table of examples a language."""
        goals = {get_language(code).code: n for code, n in self.settings.goals.items()}
        rows = [[self("language"), self("approved"), self("goal"), self("share_terms")]]
        for code in sorted(self.by_language | Counter(goals)):
            share = coverage(self.rows, terms, code)
            known = share.covered or share.missing
            shown = f"{share.share:.0%}" if known else ""
            name = f"{language_name(code, self.locale)} ({code})"
            rows.append([name, f"{self.by_language[code]}", f"{goals.get(code, '')}", shown])
        rows.append([self("total"), f"{len(self.rows)}", "", ""])
        return self._section("counts", table(rows))

    def domains(self) -> str:
        """Return the fields of the trade, if any row names one."""
        found = Counter(plain(row.text.domain) or self("unknown") for row in self.rows)
        named = any(row.text.domain.strip() for row in self.rows)
        return self._section("domains", bullets(found)) if named else ""

    def people(self, approvals: Sequence[Approval]) -> str:
        """Return how many wrote and how many approved."""
        ids = {row.id for row in self.rows}
        values = {
            "editors": len({person for row in self.rows for person in row.editors}),
            "approvers": len({a.person for a in approvals if a.example in ids}),
            "shared": sum(len(set(row.editors)) > 1 for row in self.rows),
        }
        lines = [f"- {line.format(**values)}" for line in self.words["people_lines"]]
        return self._section("people", "\n".join([*lines, "", self("people_rule")]))

    def when(self, approvals: Sequence[Approval]) -> str:
        """Return the first and the last day of writing and of approving."""
        ids = {row.id for row in self.rows}
        written = [row.created for row in self.rows]
        decided = [a.at for a in approvals if a.example in ids]
        texts = [
            self(key, first=min(times).date().isoformat(), last=max(times).date().isoformat())
            for key, times in (("written_between", written), ("approved_between", decided))
            if times
        ]
        return self._section("when", " ".join(texts))

    def licenses(self) -> str:
        """Return how many examples stand under which licence."""
        found = Counter(plain(self._license(row)) or self("license_missing") for row in self.rows)
        return self._section("licenses", bullets(found))

    def origins(self) -> str:
        """Return how the examples came in, and what share a model drafted."""
        names = (self.words.get(f"origin_{row.origin}", plain(row.origin)) for row in self.rows)
        drafted = [row for row in self.rows if row.text.drafted_by.strip()]
        models = sorted({plain(row.text.drafted_by) for row in drafted})
        share = f"{len(drafted) / len(self.rows):.0%}"
        listed = self("comma").join(models)
        text = self("drafted", share=share, count=len(drafted), models=listed)
        told = text if drafted else self("drafted_none")
        return self._section("origins", f"{bullets(Counter(names))}\n\n{told}")

    def terms(self, terms: Sequence[Term]) -> str:
        """Return which terms of the trade are covered, and which are missing."""
        lines = []
        for code in sorted({get_language(term.language).code for term in terms}):
            found = coverage(self.rows, terms, code)
            values = {"covered": len(found.covered), "total": len(found.covered + found.missing)}
            name = language_name(code, self.locale)
            line = self("coverage_line", language=name[:1].upper() + name[1:], **values)
            if found.missing:
                shown = [plain(term.term) for term in found.missing[:_MISSING_SHOWN]]
                more = "…" if len(found.missing) > _MISSING_SHOWN else ""
                listed = self("comma").join(shown) + more
                line += " " + self("coverage_missing", terms=listed)
            lines.append(f"- {line}")
        return self._section("coverage", "\n".join(lines) or self("coverage_none"))

    def agreement(self, ratings: Sequence[Rating]) -> str:
        """Return how far several people rated alike."""
        ids = {row.id for row in self.rows}
        found = alpha([rating for rating in ratings if rating[0] in ids], VERDICTS)
        if not found.n:
            return self._section("agreement", self("agreement_none"))
        if found.low != found.low:
            return self._section("agreement", self("agreement_short", n=found.n))
        values = {name: f"{getattr(found, name):.2f}" for name in ("value", "low", "high")}
        return self._section("agreement", self("agreement_line", n=found.n, **values))

    def _license(self, row: Row) -> str:
        return row.text.license.strip() or self.settings.license.strip()

    def _section(self, key: str, body: str) -> str:
        return f"## {self(key)}\n\n{body}"
