"""One logged enquiry becomes one row: cleaned, its language known, personal data hidden."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pinchtune.data.personal import PersonalFinding, find_personal, replace_personal
from pinchtune.languages import UNKNOWN, Identifier
from pinchtune.mining.clean import clean, is_noise
from pinchtune.mining.logs import Enquiry
from pinchtune.mining.names import find_names

Json = dict[str, Any]
SENTENCE_END = r"(?<=[.!?。！？؟।])\s*|\n+"
ADDRESS = r"\S+@\S+|\S+://\S+"
LONG_ENOUGH = 15
"""Letters of a sentence whose language can be told by itself."""


class Refiner:
    """Turns enquiries into rows; `languages` are those that a text may be in."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.identifier = Identifier(languages)

    def refine(self, enquiry: Enquiry) -> Json:
        """Return the row; `dropped` says why there is no text."""
        text = clean(enquiry.text)
        if enquiry.automatic or is_noise(text):
            return {"dropped": "automatic" if enquiry.automatic else "noise"}
        language = self._language(text)
        found = self._personal(text, language)
        row: Json = {
            "text": replace_personal(text, found),
            "language": language,
            "mixed": self._is_mixed(text, language),
            "personal": dict(Counter(f.kind for f in found)),
        }
        answered = self._language(clean(enquiry.answer))
        if enquiry.answer and UNKNOWN not in (language, answered) and answered != language:
            row["answered"] = answered
        return row

    def _language(self, text: str) -> str:
        """Return the language of the words: an address is in none."""
        import regex

        return self.identifier.identify(regex.sub(ADDRESS, " ", text)).language

    def _personal(self, text: str, language: str) -> list[PersonalFinding]:
        code = "" if language == UNKNOWN else language
        found = find_personal(text, language=code)
        for name in find_names(text, code):
            if all(name.end <= f.start or f.end <= name.start for f in found):
                found.append(name)
        return sorted(found, key=lambda f: f.start)

    def _is_mixed(self, text: str, language: str) -> bool:
        """True if a sentence of it is in another language."""
        import regex

        parts = [p for p in regex.split(SENTENCE_END, text, flags=regex.V1) if p]
        long = [p for p in parts if sum(c.isalpha() for c in p) >= LONG_ENOUGH]
        found = {self.identifier.identify(part).language for part in long} - {UNKNOWN, language}
        return bool(found) and len(long) > 1


def summarise(rows: Iterable[Json]) -> Json:
    """Return the counts of a run: read, dropped by reason, by language, personal by kind."""
    dropped, languages, personal = Counter[str](), Counter[str](), Counter[str]()
    total = incidents = mixed = 0
    for row in rows:
        total += 1
        if "dropped" in row:
            dropped[row["dropped"]] += 1
            continue
        languages[row["language"]] += 1
        personal.update(row["personal"])
        incidents += "answered" in row
        mixed += row["mixed"]
    return {
        "read": total,
        "dropped": dict(sorted(dropped.items())),
        "languages": dict(languages.most_common()),
        "personal": dict(personal.most_common()),
        "wrong_language": incidents,
        "mixed": mixed,
    }
