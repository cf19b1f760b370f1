"""Judging, blind: what a rater is shown next, what they say, and taking it back.

What is shown names no arm, and neither its id nor its place gives one away: sides and order are
drawn for each person from a secret of the round. What is said is kept as it was said, `first` or
`second`, with the side; only `judgements`, which the evaluation reads, knows what it means.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pinchtune.records import Judgement
from pinchtune.store import schema
from pinchtune.store.acting import Act, acting, load_actor
from pinchtune.store.database import Store, serialise
from pinchtune.store.errors import Conflict, Forbidden, Invalid, NotFound
from pinchtune.store.records import Person
from pinchtune.store.rounds import ARMS, Mode, judges, lot

CHOICES: dict[Mode, tuple[str, ...]] = {
    "pairs": ("first", "second", "good", "bad"),
    "grades": ("excellent", "pass", "fail"),
}
"""What can be said of two answers side by side, and of one alone (as in LIMA)."""
_rounds, _items, _given = schema.rounds.c, schema.items.c, schema.judgements.c


class Shown(NamedTuple):
    """One item as its rater sees it."""

    id: str
    question: tuple[tuple[str, str], ...]
    """(role, text) of each turn, the question last."""
    texts: tuple[str, ...]
    """The answers in the order in which they are shown."""


class _Item(NamedTuple):
    """What an item's place depends on."""

    id: str
    prompt: str
    pair: str
    arm: str
    wanted: int


class Desk(NamedTuple):
    """What lies before a rater in one language."""

    mode: Mode
    language: str
    shown: Shown | None
    """None if there is nothing left for this person."""
    done: int
    """Items that they have judged."""
    total: int
    """Those, and the ones that still want somebody."""


def sit_down(store: Store, actor: Person, round: str, language: str, item: str = "") -> Desk:
    """Return what a person judges next in a language; `item` asks for one that is still theirs."""
    with store.read() as connection:
        person = load_actor(connection, actor)
        return _desk(connection, person, round, language, item)


def _desk(connection: Connection, person: Person, round: str, language: str, item: str) -> Desk:
    found = _load(connection, round)
    _need_judge(person, language)
    open_, done = _sort_out(connection, found, language, person, item)
    id = item if item in open_ else next(iter(open_), "")
    shown = _show(connection, found.secret, id, person) if id else None
    return Desk(found.mode, language, shown, done, done + len(open_))


def _load(connection: Connection, round: str) -> sa.Row[Any]:
    row = connection.execute(sa.select(schema.rounds).where(_rounds.id == round)).first()
    if row is None:
        raise NotFound("There is no such round of judging.")
    return row


def _need_judge(person: Person, language: str) -> None:
    if not judges(person, language):
        raise Forbidden(
            "Only who writes or approves in {language} can judge it.", language=language
        )


def _sort_out(
    connection: Connection, round: sa.Row[Any], language: str, person: Person, asked: str
) -> tuple[list[str], int]:
    """Return the items that want this person, in their order, and how many they have judged.

    One that they ask for, because they took it back, is theirs even if others have filled it.
    """
    here = sa.and_(_items.round == round.id, _items.language == language)
    columns = (_items[name] for name in _Item._fields)
    items = [_Item(*row) for row in connection.execute(sa.select(*columns).where(here))]
    given: dict[str, set[str]] = {row.id: set() for row in items}
    query = sa.select(_given.item, _given.person).join(schema.items, _items.id == _given.item)
    for item, rater in connection.execute(query.where(here)):
        given[item].add(rater)
    least = min((row.wanted for row in items), default=0)
    wants = {r.id for r in items if len(given[r.id]) < r.wanted} | {asked}
    open_ = [r for r in items if r.id in wants and person.id not in given[r.id]]
    open_.sort(key=lambda row: _order(round.secret, person, row, least))
    return [row.id for row in open_], sum(person.id in raters for raters in given.values())


def _order(secret: str, person: Person, item: _Item, least: int) -> tuple[bool, bool, str]:
    """Return an item's place: those that several judge first, so that agreement shows early.

    Of two answers that are graded apart, one comes in each half, so that nobody sees a pair.
    """
    second_half = ARMS[_is_swapped(secret, person, item.prompt + item.pair)]
    return item.arm == second_half, item.wanted == least, lot(secret, person.id, item.id)


def _is_swapped(secret: str, person: Person, what: str) -> bool:
    return int(lot(secret, "side", person.id, what)[0], 16) % 2 == 1


def _show(connection: Connection, secret: str, id: str, person: Person) -> Shown:
    row = connection.execute(sa.select(schema.items).where(_items.id == id)).one()
    texts = row.texts[::-1] if _is_swapped(secret, person, id) else row.texts
    question = tuple((str(role), str(text)) for role, text in row.question)
    return Shown(id, question, tuple(texts))


def judge(
    store: Store,
    actor: Person,
    item: str,
    choice: str,
    wrong: tuple[bool, bool] = (False, False),
) -> None:
    """Say what one thinks of an item; saying something else later replaces it.

    `choice` and `wrong` (in the wrong language) are about the answers as they were shown.
    """
    with acting(store, actor) as act:
        row = _find_item(act.connection, item)
        _need_judge(act.actor, row.language)
        round = _need_open(act.connection, row.round)
        if choice not in CHOICES[round.mode]:
            raise Invalid("There is no verdict {verdict}.", verdict=str(choice)[:60])
        said = {"choice": choice, "first_wrong": wrong[0], "second_wrong": wrong[1]}
        swapped = round.mode == "pairs" and _is_swapped(round.secret, act.actor, item)
        _write(act, row, said | {"swapped": swapped})


def _find_item(connection: Connection, id: str) -> sa.Row[Any]:
    row = connection.execute(sa.select(schema.items).where(_items.id == id)).first()
    if row is None:
        raise NotFound("There is no such answer to judge.")
    return row


def _need_open(connection: Connection, round: str) -> sa.Row[Any]:
    found = _load(connection, round)
    if found.closed is not None:
        raise Conflict("This round is closed.")
    return found


def _write(act: Act, item: sa.Row[Any], said: dict[str, Any]) -> None:
    connection, person = act.connection, act.actor.id
    serialise(connection, "judging")
    here = sa.and_(_given.item == item.id, _given.person == person)
    before = connection.execute(sa.select(schema.judgements).where(here)).first()
    if before is not None and said.items() <= before._asdict().items():
        return
    connection.execute(sa.delete(schema.judgements).where(here))
    _give_number(connection, person)
    newest = sa.select(sa.func.coalesce(sa.func.max(_given.place), 0)).where(
        _given.person == person
    )
    values = {"item": item.id, "person": person, "created": act.now, **said}
    values["place"] = (connection.scalar(newest) or 0) + 1
    connection.execute(sa.insert(schema.judgements).values(values))
    act.note("judged", item.id, language=item.language, choice=said["choice"])


def _give_number(connection: Connection, person: str) -> None:
    """Give a rater the number that stands for them outside the store."""
    raters = schema.raters.c
    if connection.scalar(sa.select(raters.number).where(raters.person == person)) is None:
        number = (connection.scalar(sa.select(sa.func.max(raters.number))) or 0) + 1
        connection.execute(sa.insert(schema.raters).values(person=person, number=number))


def undo(store: Store, actor: Person, round: str, language: str) -> str:
    """Take back what one said last in a language; return the item, to be judged anew."""
    with acting(store, actor) as act:
        _need_judge(act.actor, language)
        _need_open(act.connection, round)
        query = (
            sa.select(_given.item, _given.choice)
            .join(schema.items, _items.id == _given.item)
            .where(_items.round == round, _items.language == language)
            .where(_given.person == act.actor.id)
            .order_by(_given.place.desc())
        )
        last = act.connection.execute(query.limit(1)).first()
        if last is None:
            raise Conflict("There is nothing to take back.")
        here = sa.and_(_given.item == last.item, _given.person == act.actor.id)
        act.connection.execute(sa.delete(schema.judgements).where(here))
        act.note("took a judgement back", last.item, language=language, choice=last.choice)
        return str(last.item)


def judgements(store: Store, answers: str = "") -> list[Judgement]:
    """Return what people said in all rounds of these answers, or of any, the oldest first."""
    query = (
        sa.select(schema.judgements, schema.items, schema.raters.c.number, schema.rounds)
        .join(schema.items, _items.id == _given.item)
        .join(schema.rounds, _rounds.id == _items.round)
        .join(schema.raters, schema.raters.c.person == _given.person)
        .where(_rounds.answers == answers if answers else sa.true())
        .order_by(_rounds.opened, _given.created, schema.raters.c.number, _given.place)
    )
    with store.read() as connection:
        return [_to_judgement(row._mapping) for row in connection.execute(query)]


def _to_judgement(row: Any) -> Judgement:
    arms = ARMS[::-1] if row[_given.swapped] else ARMS
    shown = (row[_items.arm],) if row[_items.arm] else arms
    ticked = (row[_given.first_wrong], row[_given.second_wrong])
    named = dict(zip(("first", "second"), arms, strict=True))
    return Judgement(
        round=row[_rounds.id],
        mode=row[_rounds.mode],
        rater=row[schema.raters.c.number],
        prompt_id=row[_items.prompt],
        pair=row[_items.pair],
        language=row[_items.language],
        arm=row[_items.arm],
        choice=named.get(row[_given.choice], row[_given.choice]),
        swapped=row[_given.swapped],
        wrong=tuple(arm for arm, is_wrong in zip(shown, ticked) if is_wrong),
        at=row[_given.created].isoformat(timespec="seconds"),
    )
