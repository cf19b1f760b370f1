"""Fill a workplace for the load: people of all roles, ten thousand examples in four languages."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import NamedTuple

from argon2 import PasswordHasher

from bench.common import BenchError
from pinchtune.store import Grant, Person, Settings, Store, Text, examples, people
from pinchtune.store.records import Role
from pinchtune.store.settings import write_settings

WORDS = {
    "es": "filtro bomba válvula entrega precio pieza limpiar cambiar pedido agua",
    "ja": "フィルター ポンプ 納期 見積もり 部品 交換 清掃 注文 配管 点検",
    "ar": "مضخة فلتر صمام موعد سعر قطعة تنظيف تبديل طلب ماء",
    "hi": "फ़िल्टर पंप वाल्व डिलीवरी कीमत पुर्ज़ा सफ़ाई बदलना ऑर्डर पानी",
}
VOCABULARY = 2000
PASSWORD = "a long enough password"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Hashing passwords is not measured: sessions begin without a log-in."""
APPROVED_SHARE = 0.4
ROLES: tuple[Role, ...] = ("author", "author", "author", "approver", "reader")
"""Roles of the people in turn."""


class Visitor(NamedTuple):
    """Somebody who is logged in."""

    name: str
    role: str
    language: str
    session: str


@lru_cache
def vocabulary(language: str) -> tuple[list[str], list[float]]:
    """Return made-up words of a language and how often each comes: as Zipf found, 1 / rank."""
    rng = Random(language)
    parts = WORDS[language].split()
    words = [rng.choice(parts) + rng.choice(parts)[: rng.randrange(5)] for _ in range(VOCABULARY)]
    words += ["".join(rng.sample("".join(parts), 6)) for _ in range(VOCABULARY)]
    rng.shuffle(words)
    return words, [1 / rank for rank in range(1, len(words) + 1)]


def make_text(language: str, rng: Random, number: int) -> Text:
    """Return a made-up example; the number, written in letters, keeps any two apart."""
    words, weights = vocabulary(language)
    # As digits it would look like a telephone number, in every text.
    code = "".join(chr(ord("a") + int(digit)) for digit in str(number))

    def some(count: int) -> str:
        return " ".join(rng.choices(words, weights, k=count))

    return Text(f"{some(8)} {code}?", f"{some(25)} {code}. {some(25)}.", "CC0-1.0")


def fill(store: Store, count: int) -> Person:
    """Write so many examples in all languages, some of them approved; the administrator."""
    link = people.bootstrap(store)
    if link is None:
        raise BenchError("the database is not empty: it has an administrator already")
    boss = people.accept(store, link, "Ada", PASSWORD, "en")
    write_settings(store, boss, Settings("Load", tuple(WORDS), dict.fromkeys(WORDS, 40), "CC0-1.0"))
    writer = join(store, boss, "Writer", "author", "")
    reader = join(store, boss, "Second", "approver", "")
    rng = Random(0)
    for language in WORDS:
        texts = [make_text(language, rng, n) for n in range(count // len(WORDS))]
        items = [(language, text, f"{language}-{n}") for n, text in enumerate(texts)]
        rows = examples.add_many(store, writer, items, "sheet", True)
        for row in rows[: int(APPROVED_SHARE * len(rows))]:
            if row:
                examples.approve(store, reader, row.id, row.revision)
    return boss


def join(store: Store, boss: Person, name: str, role: Role, language: str) -> Person:
    """Return a new person; no language means all of them."""
    link = people.invite(store, boss, [Grant(role, language)], name)
    return people.accept(store, link, name, PASSWORD, "en")


def visitors(store: Store, boss: Person, count: int) -> Iterator[Visitor]:
    """Yield people of all roles and languages, each with a session of their own."""
    languages = list(WORDS)
    for number in range(count):
        role, language = ROLES[number % len(ROLES)], languages[number % len(languages)]
        where = "" if role == "reader" else language
        person = join(store, boss, f"Person {number}", role, where)
        yield Visitor(person.name, role, language, people.start_session(store, person))


def make_sheet(language: str, count: int) -> bytes:
    """Return an xlsx file of so many new examples, as an author would upload it."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("examples")
    sheet.append(["instruction", "response"])
    rng = Random(1)
    for number in range(count):
        text = make_text(language, rng, 1_000_000 + number)
        sheet.append([text.instruction, text.response])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
