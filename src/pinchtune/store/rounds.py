"""Rounds of judging: finished answers that people compare, or grade, blind.

A round keeps its texts as they were when it was opened, and the name of the answers that they
are. Administrators open and close it. Whoever writes or approves examples in a language may judge
in it; how that goes stands in `judging`. What the round comes to is nobody's to see here.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.store import schema
from pinchtune.store.acting import acting, check_tag, load_actor, new_id
from pinchtune.store.database import Store
from pinchtune.store.errors import Conflict, Forbidden, Invalid, NotFound
from pinchtune.store.records import Grant, Person

Mode = Literal["pairs", "grades"]
MODES: tuple[Mode, ...] = get_args(Mode)
RATERS, SHARE = 1, 0.2
"""People who judge a pair, and the share of the pairs that one more judges, if nobody says."""
MOST_RATERS = 9
ARMS = ("a", "b")
"""The arms of a pair, as verdicts name them; in a round of pairs an item holds both."""
_rounds, _items, _given = schema.rounds.c, schema.items.c, schema.judgements.c


class Material(NamedTuple):
    """One question with the answers of both arms."""

    prompt: str
    """Id of the evaluation prompt."""
    pair: str
    """Name of the two answers: others have another."""
    language: str
    question: Sequence[tuple[str, str]]
    """(role, text) of each turn, the question last."""
    answers: tuple[str, str]
    """Of the first and of the second arm."""


class Count(NamedTuple):
    """How far a language is."""

    language: str
    items: int
    wanted: int
    """Judgements that were asked for."""
    given: int
    """Judgements there are, those beyond what an item wants left out."""
    complete: int
    """Items that have as many as they want."""


@dataclass(frozen=True)
class Round:
    """One round, without its texts."""

    id: str
    mode: Mode
    answers: str
    """Name of the answers that are judged: other answers have another."""
    opened: datetime
    opened_by: str
    """Name of the person."""
    closed: datetime | None
    counts: tuple[Count, ...]
    """By language."""

    @property
    def is_open(self) -> bool:
        """True while people may judge."""
        return self.closed is None


def judges(person: Person, language: str) -> bool:
    """Say whether a person may judge in a language: they write or approve in it, at any site."""
    return any(_covers(grant, language) for grant in person.grants)


def _covers(grant: Grant, language: str) -> bool:
    if grant.role not in ("author", "approver"):
        return False
    return not grant.language or _primary(grant.language) == _primary(language)


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()


def open_round(
    store: Store,
    actor: Person,
    materials: Sequence[Material],
    answers: str,
    mode: Mode = "pairs",
    raters: int = RATERS,
    share: float = SHARE,
) -> Round:
    """Put questions with their answers before the raters; `share` of them before one more."""
    _check(materials, mode, raters, share)
    with acting(store, actor) as act:
        act.need("administrator")
        id, secret = new_id(), secrets.token_hex(16)
        row = {"id": id, "mode": mode, "answers": answers, "secret": secret}
        new = sa.insert(schema.rounds).values(**row, opened_by=actor.id, opened=act.now)
        act.connection.execute(new)
        items = list(_make_items(materials, mode, raters, share, secret))
        act.connection.execute(sa.insert(schema.items), [{"round": id, **i} for i in items])
        act.note("opened a round", id, mode=mode, items=len(items), raters=raters, share=share)
        return load_round(act.connection, id)


def _check(materials: Sequence[Material], mode: str, raters: int, share: float) -> None:
    if mode not in MODES:
        raise Invalid("There is no way to judge called {mode}.", mode=str(mode)[:60])
    if not 1 <= raters <= MOST_RATERS:
        raise Invalid("Between 1 and {most} people can judge an answer.", most=MOST_RATERS)
    if not 0 <= share <= 1:
        raise Invalid("The share is a number from 0 to 1.")
    if not materials:
        raise Invalid("There is nothing to judge; choose a language that has answers.")
    for language in {material.language for material in materials}:
        check_tag(language)


def _make_items(
    materials: Sequence[Material], mode: Mode, raters: int, share: float, secret: str
) -> Iterator[dict[str, Any]]:
    """Yield the rows; which pairs one more person judges is drawn in each language."""
    twice: set[tuple[str, str]] = set()
    for language in {m.language for m in materials}:
        pairs = [(m.prompt, m.pair) for m in materials if m.language == language]
        drawn = sorted(pairs, key=lambda pair: lot(secret, *pair))
        twice |= set(drawn[: round(share * len(drawn))])
    for m in materials:
        shown = {"": list(m.answers)}
        if mode == "grades":
            shown = {arm: [text] for arm, text in zip(ARMS, m.answers, strict=True)}
        for arm, texts in shown.items():
            yield {
                "id": new_id(),
                "language": m.language,
                "prompt": m.prompt,
                "pair": m.pair,
                "arm": arm,
                "question": [list(turn) for turn in m.question],
                "texts": texts,
                "wanted": raters + ((m.prompt, m.pair) in twice),
            }


def lot(*parts: str) -> str:
    """Return what a draw is sorted by: the same for the same parts, and else by chance."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def close_round(store: Store, actor: Person, id: str) -> Round:
    """Let nobody judge any more; what was judged stays."""
    with acting(store, actor) as act:
        act.need("administrator")
        if not load_round(act.connection, id).is_open:
            raise Conflict("This round is closed.")
        here = sa.update(schema.rounds).where(_rounds.id == id)
        act.connection.execute(here.values(closed=act.now))
        act.note("closed a round", id)
        return load_round(act.connection, id)


def list_rounds(store: Store, actor: Person) -> list[Round]:
    """Return the rounds that concern a person, the newest first.

    Administrators see all; others those that are open, with the languages that they judge in.
    """
    with store.read() as connection:
        person = load_actor(connection, actor)
        if person.has("administrator"):
            return _load_rounds(connection)
        found = _load_rounds(connection, _rounds.closed.is_(None))
    ours = (_only(round, person) for round in found)
    return [round for round in ours if round.counts]


def all_rounds(store: Store) -> list[Round]:
    """Return every round, the newest first."""
    with store.read() as connection:
        return _load_rounds(connection)


def get_round(store: Store, actor: Person, id: str) -> Round:
    """Return a round, with the languages that the person judges in."""
    with store.read() as connection:
        person, found = load_actor(connection, actor), load_round(connection, id)
    ours = _only(found, person)
    if not ours.counts and not person.has("administrator"):
        raise Forbidden("You judge in none of the languages of this round.")
    return ours


def _only(round: Round, person: Person) -> Round:
    counts = tuple(count for count in round.counts if judges(person, count.language))
    return Round(**{**round.__dict__, "counts": counts})


def load_round(connection: Connection, id: str) -> Round:
    """Return one round; NotFound if there is none."""
    found = _load_rounds(connection, _rounds.id == id)
    if not found:
        raise NotFound("There is no such round of judging.")
    return found[0]


def _load_rounds(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[Round]:
    people = schema.people.c
    query = (
        sa.select(schema.rounds, people.name)
        .join_from(schema.rounds, schema.people, people.id == _rounds.opened_by)
        .where(*conditions)
        .order_by(_rounds.opened.desc(), _rounds.id)
    )
    return [
        Round(row.id, row.mode, row.answers, row.opened, row.name, row.closed, tuple(counts))
        for row in connection.execute(query)
        for counts in [_count(connection, row.id)]
    ]


def _count(connection: Connection, round: str) -> Iterable[Count]:
    """Return how far each language of a round is."""
    query = (
        sa.select(_items.language, _items.wanted, sa.func.count(_given.person))
        .join_from(schema.items, schema.judgements, _given.item == _items.id, isouter=True)
        .where(_items.round == round)
        .group_by(_items.id, _items.language, _items.wanted)
    )
    found: dict[str, list[tuple[int, int]]] = {}
    for language, wanted, given in connection.execute(query):
        found.setdefault(language, []).append((wanted, given))
    for language, rows in sorted(found.items()):
        yield Count(
            language,
            len(rows),
            sum(wanted for wanted, _ in rows),
            sum(min(pair) for pair in rows),
            sum(given >= wanted for wanted, given in rows),
        )
