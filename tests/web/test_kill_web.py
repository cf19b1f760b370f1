"""kill -9 of the web server at random moments under load: what was acknowledged is there."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from pinchtune.store import Grant, Person, Settings, Store, examples, history, open_store, people
from pinchtune.store.settings import write_settings
from server import Server
from throwaway import CHEAP, Databases

LANGUAGES = ("es", "ja", "ar", "hi")
PASSWORD = "a long enough password"


@dataclass
class Known:
    """What a client knows of a row: what was acknowledged, and what it asked for since."""

    text: str
    status: str
    revision: int
    is_new: bool = True
    """True if the text is another one than that which was sent back."""
    asked: tuple[str, str] | None = None
    """Text and status that an unanswered request would lead to."""


@dataclass
class Ledger:
    """What all clients know."""

    rows: dict[str, Known] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    """Texts of new rows whose request was not answered."""
    acknowledged: int = 0
    errors: list[str] = field(default_factory=list)


class Client:
    """An author and an approver of one language, one request at a time."""

    def __init__(self, address: str, tokens: tuple[str, str], language: str, ledger: Ledger):
        self.http = httpx.Client(base_url=f"{address}/api/v1", timeout=20)
        self.author, self.approver = ({"Authorization": f"Bearer {token}"} for token in tokens)
        self.language, self.ledger = language, ledger
        self.rng = random.Random()
        self.mine: list[str] = []

    def work(self, stop: threading.Event) -> None:
        """Write and decide until the server is gone."""
        with suppress(httpx.TransportError):
            while not stop.is_set():
                open_rows = [id for id in self.mine if self._known(id).status != "approved"]
                if not open_rows or self.rng.random() < 0.4:
                    self._create()
                else:
                    self._go_on(self.rng.choice(open_rows))

    def _known(self, id: str) -> Known:
        return self.ledger.rows[id]

    def _create(self) -> None:
        text = f"{self.language} {self.rng.getrandbits(64):x} " + "é日 " * self.rng.randrange(200)
        text = text.strip()
        self.ledger.unanswered.add(text)
        body = {"language": self.language, "instruction": "What is it?", "response": text}
        row = self._send("POST", "/rows", self.author, body)
        self.ledger.unanswered.discard(text)
        if row:
            self.ledger.rows[row["id"]] = Known(text, row["status"], row["revision"])
            self.mine.append(row["id"])

    def _go_on(self, id: str) -> None:
        known = self._known(id)
        if known.status == "submitted":
            if self.rng.random() < 0.5:
                self._change(id, "approve", self.approver, known.text, "approved")
            else:
                more = {"reason": "Name the size."}
                self._change(id, "send-back", self.approver, known.text, "rejected", **more)
        elif known.is_new and self.rng.random() < 0.5:
            self._change(id, "submit", self.author, known.text, "submitted")
        else:
            text = f"{known.text[:30]} {self.rng.getrandbits(64):x}"
            more = {"instruction": "What is it?", "response": text}
            self._change(id, "", self.author, text, known.status, **more)

    def _change(
        self, id: str, verb: str, who: dict[str, str], text: str, status: str, **more: str
    ) -> None:
        known = self._known(id)
        known.asked = (text, status)
        body = {"revision": known.revision, **more}
        path = f"/rows/{id}/{verb}" if verb else f"/rows/{id}"
        row = self._send("POST" if verb else "PUT", path, who, body)
        if row:
            self.ledger.rows[id] = Known(row["response"], row["status"], row["revision"], not verb)
        elif row is not None:
            known.asked = None

    def _send(self, method: str, path: str, who: dict[str, str], body: dict[str, Any]) -> Any:
        reply = self.http.request(method, path, headers=who, json=body)
        if reply.status_code == 429:
            time.sleep(0.1)
            return {}
        if reply.status_code >= 400:
            self.ledger.errors.append(f"{method} {path}: {reply.status_code} {reply.text[:200]}")
            return {}
        self.ledger.acknowledged += 1
        return reply.json()


def fill(database: str) -> list[tuple[str, tuple[str, str]]]:
    """Make a workplace; (language, tokens of its author and its approver)."""
    store = open_store(database, hasher=CHEAP)
    link = people.bootstrap(store)
    assert link
    boss = people.accept(store, link, "Ada", PASSWORD, "en")
    write_settings(store, boss, Settings("Kill", LANGUAGES, {}, "CC0-1.0"))
    found = []
    for number in range(8):
        language = LANGUAGES[number % len(LANGUAGES)]
        tokens = []
        for role in ("author", "approver"):
            invited = people.invite(store, boss, [Grant(role, language)], f"{role} {number}")
            person = people.accept(store, invited, f"{role} {number}", PASSWORD, "en")
            tokens.append(people.create_token(store, person, "load"))
        found.append((language, (tokens[0], tokens[1])))
    store.close()
    return found


def check(store: Store, ledger: Ledger) -> None:
    """Compare the database with what the clients know; then let them know what it holds."""
    boss = people.find_person(store, "Ada")
    for id, known in ledger.rows.items():
        row = examples.get(store, boss, id)
        if known.asked and row.revision > known.revision:
            assert (row.text.response, row.status) == known.asked, id
        else:
            found = row.text.response, row.status, row.revision
            assert found == (known.text, known.status, known.revision), id
        is_new = (known.is_new and row.status != "rejected") or row.text.response != known.text
        ledger.rows[id] = Known(row.text.response, row.status, row.revision, is_new)
    check_whole(store, boss, ledger)


def check_whole(store: Store, boss: Person, ledger: Ledger) -> None:
    """Nothing is half-written: every row is one that was asked for, its past fits its state."""
    after = ""
    seen = set()
    while True:
        page = examples.find(store, boss, limit=200, after=after)
        for row in page.rows:
            seen.add(row.id)
            assert row.id in ledger.rows or row.text.response in ledger.unanswered, row
            versions = examples.versions(store, boss, row.id)
            numbers = sorted(v.version for v in versions)
            assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) <= row.version
            if row.status in ("submitted", "approved"):
                assert numbers[-1] == row.version
            assert all(v.text.instruction and v.text.response for v in versions)
            acts = {event.action for event in history.read(store, boss, row.id)}
            if row.status in ("submitted", "approved", "rejected"):
                assert acts & {"submitted"}, (row.status, acts)
            decisions = [d for v in versions for d in v.decisions]
            if row.status in ("approved", "rejected"):
                newest = max(decisions, key=lambda d: d.at)
                assert newest.approved == (row.status == "approved")
        if not page.after:
            break
        after = page.after
    assert seen >= set(ledger.rows)
    if store.is_sqlite:
        with store.engine.connect() as connection:
            assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"


def rounds(database: str, folder: Path, kills: int) -> Ledger:
    """Kill the server so many times under load, and look after each."""
    staff = fill(database)
    (folder / "pinch.toml").write_text(f'[collect]\ndatabase = "{database}"\n', "utf-8")
    server, ledger = Server(folder), Ledger()
    clients = [Client(server.address, tokens, language, ledger) for language, tokens in staff]
    rng = random.Random()
    for _ in range(kills):
        server.start()
        stop = threading.Event()
        threads = [threading.Thread(target=client.work, args=(stop,)) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.3, 2.5))
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        store = open_store(database, hasher=CHEAP)
        check(store, ledger)
        store.close()
    assert not ledger.errors, ledger.errors[:3]
    return ledger


def test_three_kills(tmp_path: Path):
    ledger = rounds(str(tmp_path / "collect.db"), tmp_path, 3)
    assert ledger.acknowledged > 30


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_twenty_kills(kind: str, databases: Databases, tmp_path: Path):
    ledger = rounds(databases.make(kind), tmp_path, 20)
    print(f"{kind}: {ledger.acknowledged} acknowledged, {len(ledger.rows)} rows, 20 kills")
    assert ledger.acknowledged > 200
