"""One chunk of a log: from what was read to rows without noise and personal data.

What a chunk becomes follows from its records alone, so chunks can be computed anywhere, in any
order, and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pinchtune.data.personal import PersonalFinding, replace_personal
from pinchtune.mining.clean import NOISE, clean, name_noise
from pinchtune.mining.enquiries import Enquiry, Unread
from pinchtune.mining.listening import Listener
from pinchtune.mining.private import find_private
from pinchtune.records import content_hash

SENTENCES = 20
"""Bad rows that are told one by one; the others are counted."""
SAMPLE = 20
"""Texts a kind of personal data that a person may look at."""
AROUND = 80
"""Characters shown on either side of a placeholder, and of answers four times as many."""


def mine_chunk(found: Sequence[Enquiry | Unread], listener: Listener) -> dict[str, Any]:
    """Return the rows of a chunk, what was left out and why, all as plain JSON values."""
    made = _Chunk(listener)
    for item in found:
        made.add(item)
    return made.result(len(found))


class _Chunk:
    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.rows: list[list[Any]] = []
        self.unread: list[str] = []
        self.incidents: list[dict[str, Any]] = []
        self.noise, self.personal = Counter[str](), Counter[str]()
        self.sample: list[dict[str, str]] = []

    def add(self, item: Enquiry | Unread) -> None:
        if isinstance(item, Unread):
            self.unread.append(item.sentence)
            return
        text = clean(item.text)
        noise = "automatic" if item.automatic else name_noise(text)
        if noise:
            self.noise[noise] += 1
            return
        self._keep(item, text)

    def _keep(self, item: Enquiry, text: str) -> None:
        place = f"{item.source}:{item.line}"
        answer = clean(item.answer or "")
        language = self.listener.enquiry(text, answer)
        mixed = self.listener.is_mixed(text, language)
        plain = self._redact(text, language, place)
        other = "" if mixed else self.listener.answered_in(answer, language, text)
        self.rows.append([plain, language, mixed, bool(other), place])
        if other:
            self._report(plain, language, answer, other, place)

    def _redact(self, text: str, language: str, place: str) -> str:
        found = find_private(text, language)
        plain = replace_personal(text, found)
        shift = 0
        for finding in found:
            self.personal[finding.kind] += 1
            self.sample.append(_show(finding, plain, finding.start + shift, place))
            shift += len(finding.kind) + 2 - (finding.end - finding.start)
        return plain

    def _report(self, text: str, language: str, answer: str, other: str, place: str) -> None:
        plain = replace_personal(answer, find_private(answer, other, language))
        self.incidents.append(
            {
                "id": content_hash([language, text]),
                "language": language,
                "answer_language": other,
                "text": text,
                "answer": plain[: 4 * AROUND],
                "source": place,
            }
        )

    def result(self, read: int) -> dict[str, Any]:
        return {
            "read": read,
            "unread": len(self.unread),
            "sentences": self.unread[:SENTENCES],
            "noise": {name: self.noise[name] for name in NOISE},
            "personal": dict(sorted(self.personal.items())),
            "sample": choose_sample(self.sample),
            "rows": self.rows,
            "incidents": self.incidents,
        }


def _show(finding: PersonalFinding, plain: str, start: int, place: str) -> dict[str, str]:
    end = start + len(finding.kind) + 2
    text = plain[max(0, start - AROUND) : end + AROUND]
    return {"kind": finding.kind, "text": text, "source": place}


def choose_sample(found: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Return a few findings a kind, the same whatever their order: those of the least hash."""
    chosen: list[dict[str, str]] = []
    taken: Counter[str] = Counter()
    for hashed, row in sorted((content_hash(row), sorted(row.items())) for row in found):
        values = dict(row)
        if taken[values["kind"]] < SAMPLE and hashed:
            taken[values["kind"]] += 1
            chosen.append(values)
    return sorted(chosen, key=lambda row: (row["kind"], row["source"], row["text"]))
