"""What people ask, as one visitor may see it: groups with their figures, texts, where to write.

Figures and terms are for everybody. A text is for those whose roles cover its language, as an
example is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlencode

from pinchtune.languages import UNKNOWN
from pinchtune.mining.mined import NO_QUESTIONS, Group, Mined, Pair, Question, Questions
from pinchtune.store import Person, Text
from pinchtune.web import choices
from pinchtune.web.visit import Visit
from pinchtune.web.wording import mark as _

FIELD = 200
"""Most characters of an example's field."""


class GroupView(NamedTuple):
    """A group as a page shows it."""

    group: Group
    name: str
    asked: int
    """How often it is asked, in the language that was asked for."""
    share: float
    """Of all enquiries, 0 to 1."""
    example: Question | None
    """What is asked most, of the texts that the visitor may read."""
    chosen: int | None
    """Chosen examples that stand for it; None if that is not known."""
    written: Counter[str]
    """Examples that were begun from it, by state."""
    write: str
    """Address of the form; empty if the visitor cannot write."""


@dataclass(frozen=True)
class Atlas:
    """The map of enquiries for one visitor."""

    visit: Visit
    mined: Mined

    @cached_property
    def questions(self) -> Questions:
        """The texts of the run."""
        return self.visit.web.runs.questions() or NO_QUESTIONS

    @cached_property
    def readable(self) -> list[str]:
        """Languages whose texts the visitor may read, asked most first."""
        return [code for code in self.mined.languages if may_read(self.visit.actor, code)]

    @cached_property
    def writing(self) -> dict[str, str]:
        """Languages that the visitor writes in, by their code in the language table."""
        if not self.visit.actor.has("author"):
            return {}
        return {primary(tag): tag for tag in reversed(choices.languages_of(self.visit, "author"))}

    @cached_property
    def chosen(self) -> Counter[int] | None:
        """Chosen examples by group; None if there is no choice that knows these groups."""
        outcome = self.visit.web.runs.outcome()
        return outcome.count_groups(self.mined.key) if outcome else None

    @cached_property
    def written(self) -> Mapping[str, Counter[str]]:
        """States of the examples that were begun from each group, by its name."""
        return self.visit.web.insight.fields()

    def name(self, group: Group) -> str:
        """Return what a group is called."""
        return group.name or self.visit.say(_("Group {number}"), number=group.number + 1).unescape()

    def group(self, number: str) -> Group | None:
        """Return the group of a number that stands in an address; None if there is none."""
        is_number = number.isascii() and number.isdecimal() and len(number) < 10
        return self.mined.group(int(number)) if is_number else None

    def view(self, group: Group, language: str = "", *, texts: bool = True) -> GroupView:
        """Return a group with its figures; without `texts` none needs to be read."""
        languages = [language] if language else self.readable
        readable = [code for code in languages if code in self.readable] if texts else []
        asked = group.asked_in([language]) if language else group.enquiries
        found = self.questions.most_asked(group, readable) if readable else []
        return GroupView(
            group=group,
            name=self.name(group),
            asked=asked,
            share=asked / (self.mined.summary["enquiries"] or 1),
            example=found[0] if found else None,
            chosen=self.chosen[group.number] if self.chosen is not None else None,
            written=self.written.get(field_of(group), Counter()) if group.name else Counter(),
            write=self.write(group, language),
        )

    def write(self, group: Group, language: str = "", enquiry: str = "") -> str:
        """Return the address of a form that is begun from a group, or from one of its enquiries.

        In the language if the visitor writes it; without one in theirs that it is asked in most.
        """
        mine = [code for code in group.languages if code in self.writing] or [*self.writing]
        code = language or (mine[0] if mine else "")
        if code not in self.writing:
            return ""
        values = {"language": self.writing[code], "group": group.number}
        return f"/write?{urlencode(values | ({'enquiry': enquiry} if enquiry else {}))}"

    def find(self, language: str = "", words: str = "") -> list[Group]:
        """Return the groups that are asked in a language and hold some words, asked most first."""
        found = [g for g in self.mined.groups if not language or language in g.languages]
        if words.strip():
            within = [language] if language in self.readable else self.readable
            found = [g for g in found if self.questions.holds(g, within, words)]
        return sorted(found, key=lambda g: -g.asked_in([language])) if language else found

    @property
    def pairs(self) -> list[Pair]:
        """Answers in another language than the question; their texts, if both may be read."""
        return [
            pair
            if all(may_read(self.visit.actor, code) for code in pair[:2])
            else pair._replace(rows=())
            for pair in self.questions.pairs
        ]


def open_atlas(visit: Visit) -> Atlas | None:
    """Return the map of enquiries; None if nothing was mined."""
    mined = visit.web.runs.mined()
    return Atlas(visit, mined) if mined else None


def may_read(person: Person, language: str) -> bool:
    """Say whether somebody's roles cover the texts of a language."""
    return person.has("administrator") or any(
        not grant.language or primary(grant.language) == language for grant in person.grants
    )


def field_of(group: Group) -> str:
    """Return the field of an example that is begun from a group: how it is known afterwards."""
    return group.name[:FIELD]


def primary(tag: str) -> str:
    """Return the code that a language has in the language table: `pt` for pt-BR."""
    return tag.split("-")[0].lower()


class Begun(NamedTuple):
    """What a form is begun from."""

    group: Group
    name: str
    question: Question | None
    text: Text
    """What the form is filled with."""


def begin_from(visit: Visit, language: str, text: Text) -> Begun | None:
    """Return what the query asks to begin from; None if it asks for nothing that there is.

    The instruction is filled in only if it was asked in the language of the form.
    """
    number, atlas = visit.asked("group"), open_atlas(visit)
    group = atlas.group(number) if atlas else None
    if atlas is None or group is None:
        return None
    question = _choose(atlas, group, primary(language), visit.asked("enquiry"))
    same = question is not None and question.language == primary(language)
    filled = Text(question.text if question and same else "", "", text.license, field_of(group))
    return Begun(group, atlas.name(group), question, filled)


def _choose(atlas: Atlas, group: Group, language: str, id: str) -> Question | None:
    """Return the enquiry that was asked for, else the one asked most in the language, or at all."""
    asked = atlas.questions.find(id) if id else None
    if asked and asked.group == group.number and asked.language in atlas.readable:
        return asked
    own = [language] if language in atlas.readable else []
    found = atlas.questions.most_asked(group, own) or atlas.questions.most_asked(
        group, [code for code in atlas.readable if code != UNKNOWN]
    )
    return found[0] if found else None
