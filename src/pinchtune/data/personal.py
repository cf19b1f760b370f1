"""Personal data in a text: what must not be tuned into a model.

Precision before recall: prices, dates, order numbers and the addresses of examples
(`name@example.com`) are left alone. What is found is a hint for a person, who decides. Each kind
has its own module; here they are put in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pinchtune.data.accounts import find_cards, find_ibans
from pinchtune.data.addresses import find_emails
from pinchtune.data.folding import fold
from pinchtune.data.identifiers import find_identifiers
from pinchtune.data.links import find_links
from pinchtune.data.phones import REGIONS, find_bare_phones, find_phones, home_regions

_FINDERS = {
    "url": find_links,
    "e-mail": find_emails,
    "IBAN": find_ibans,
    "card": find_cards,
    "identifier": find_identifiers,
}
KINDS = (*_FINDERS, "phone", "name")
"""What is found, first what wins where two overlap."""


class PersonalFinding(NamedTuple):
    """A stretch of text that may be personal data."""

    kind: str
    """`url` (a link with a secret, or a key), `e-mail`, `IBAN`, `card`, `identifier` or `phone`."""
    start: int
    end: int
    text: str


def find_personal(
    text: str, regions: Sequence[str] = REGIONS, language: str = "", bare: Sequence[str] = ()
) -> list[PersonalFinding]:
    """Return what may be personal data in `text`, in its order, without overlaps.

    With a `language`, every run of digits that is a valid telephone number where it is spoken
    counts too, or in the regions `bare`: for texts that nobody looks at, where hiding an order
    number does no harm.
    """
    folded = fold(text)
    homes = dict.fromkeys([*bare, *(home_regions(language) if language else ())])
    places = [(kind, start, end) for kind, find in _FINDERS.items() for start, end in find(folded)]
    for start, end in (*find_phones(folded, regions), *find_bare_phones(folded, tuple(homes))):
        places.append(("phone", start, end))
    return join_findings(text, places)


def join_findings(text: str, places: Iterable[tuple[str, int, int]]) -> list[PersonalFinding]:
    """Return findings in the order of the text; those that overlap are one, of the stronger kind.

    So no half of a number stays beside the half that another rule knew.
    """
    joined: list[tuple[str, int, int]] = []
    for kind, start, end in sorted(places, key=lambda place: place[1:]):
        last = joined[-1] if joined else ("", 0, -1)
        touches = start == last[2] and kind == last[0] == "phone"
        if start < last[2] or touches:
            kind = min(kind, last[0], key=KINDS.index)
            joined[-1] = (kind, last[1], max(end, last[2]))
        else:
            joined.append((kind, start, end))
    return [PersonalFinding(kind, start, end, text[start:end]) for kind, start, end in joined]


def replace_personal(text: str, found: Sequence[PersonalFinding]) -> str:
    """Return the text with each finding replaced by its kind in brackets: `[e-mail]`.

    `found` is what `find_personal` returned for this text.
    """
    parts, end = [], 0
    for finding in found:
        parts += [text[end : finding.start], f"[{finding.kind}]"]
        end = finding.end
    return "".join([*parts, text[end:]])
