"""Personal data in what people write to a company: more is taken than in examples.

Here nobody looks at every row, so bare digits that could be a telephone number of the
language's regions count, and names beside a title.
"""

from __future__ import annotations

from pinchtune.data.personal import PersonalFinding, find_personal
from pinchtune.languages import LANGUAGES
from pinchtune.mining.names import find_names


def find_private(text: str, language: str) -> list[PersonalFinding]:
    """Return what may be personal data in a text of a language, in its order, no overlaps.

    A language that the table does not know has no regions, and English titles only.
    """
    found = find_personal(text, language=language if language in LANGUAGES else "")
    for start, end in find_names(text, language):
        if all(end <= old.start or old.end <= start for old in found):
            found.append(PersonalFinding("name", start, end, text[start:end]))
    return sorted(found, key=lambda finding: finding.start)
