"""What to write next: what the examples of a language still lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

from pinchtune.collecting.terms import join, make_matcher
from pinchtune.languages import get_language
from pinchtune.store.records import Row, Template, Term

TOGETHER = 2
"""Terms that one example can use without being written around them."""


class Suggestion(NamedTuple):
    """One thing worth writing."""

    kind: Literal["terms", "template", "parallel"]
    values: dict[str, Any]
    """terms: `enquiries`; template: `title`; parallel: `id`, `language`, `instruction`."""
    template: Template | None = None
    terms: tuple[Term, ...] = ()


def suggest(
    rows: Iterable[Row],
    terms: Sequence[Term],
    templates: Sequence[Template],
    language: str,
    limit: int = 5,
) -> list[Suggestion]:
    """Return what to write next in `language`, of each kind in turn.

    `rows` are those of all languages. What somebody has begun is not suggested again; what was
    sent back is.
    """
    code = get_language(language).code
    living = [row for row in rows if row.status != "rejected"]
    mine = [row for row in living if get_language(row.language).code == code]
    offered = _by_need(mine, templates, code)
    ways: tuple[Iterator[Suggestion], ...] = (
        _missing_terms(mine, terms, offered, code),
        _missing_kinds(mine, offered),
        _missing_parallels(living, mine),
    )
    in_turn = (found for group in zip_longest(*ways) for found in group if found is not None)
    return [found for _, found in zip(range(limit), in_turn)]


def _by_need(mine: Sequence[Row], templates: Sequence[Template], code: str) -> list[Template]:
    """Return the templates of the language, those that were written from least often first."""
    used = Counter(row.template for row in mine)
    own = [t for t in templates if t.active and get_language(t.language).code == code]
    return sorted(own, key=lambda template: (used[template.kind], template.position))


def _missing_terms(
    mine: Sequence[Row], terms: Sequence[Term], offered: Sequence[Template], code: str
) -> Iterator[Suggestion]:
    own = [term for term in terms if get_language(term.language).code == code]
    matcher = make_matcher(code, own)
    used = {term for row in mine for term in matcher.find(join(row.text))}
    missing = sorted(set(own) - used, key=lambda t: (-t.enquiries, t.term, t.id))
    for start in range(0, len(missing), TOGETHER):
        group = tuple(missing[start : start + TOGETHER])
        template = offered[start // TOGETHER % len(offered)] if offered else None
        asked = sum(term.enquiries for term in group)
        yield Suggestion("terms", {"enquiries": asked}, template, group)


def _missing_kinds(mine: Sequence[Row], offered: Sequence[Template]) -> Iterator[Suggestion]:
    written = {row.template for row in mine}
    for template in offered:
        if template.kind not in written:
            yield Suggestion("template", {"title": template.title}, template)


def _missing_parallels(living: Sequence[Row], mine: Sequence[Row]) -> Iterator[Suggestion]:
    """Yield approved examples of other languages that have no counterpart in this one."""
    here = {row.id for row in mine}
    linked = {row.parallel_id for row in mine} | {row.source_id for row in mine}
    for row in living:
        if row.status != "approved" or row.id in here | linked:
            continue
        if not row.parallel_id or row.parallel_id not in linked:
            text = row.text.instruction
            values = {"id": row.id, "language": row.language, "instruction": text}
            yield Suggestion("parallel", values)
