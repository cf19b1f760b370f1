"""kill -9 while somebody judges: every verdict that was acknowledged is there."""

from __future__ import annotations

import random
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from workplace import HASHER, PASSWORD

from pinchtune.store import Grant, Person, Store, judging, open_store, people, rounds
from pinchtune.store.rounds import Material
from server import Server

KILLS = 10
NEXT = re.compile(r'action="(/judge/\w+/(\w{32}))"')
TOKEN = re.compile(r'name="form_token" value="(\w+)"')


def furnish(store: Store) -> tuple[Person, rounds.Round]:
    admin = people.accept(store, people.bootstrap(store) or "", "Ada", PASSWORD)
    link = people.invite(store, admin, [Grant("author", "es")], "Ana")
    ana = people.accept(store, link, "Ana", PASSWORD)
    found = [Material(f"p{n}", "x", "es", [("user", f"{n}?")], ("a", "b")) for n in range(3000)]
    return ana, rounds.open_round(store, admin, found, "answers")


def judge(server: Server, session: str, round: str, kept: dict[str, str], seed: int) -> None:
    """Judge until the server is gone; what was acknowledged is noted."""
    rng = random.Random(seed)
    cookies = {"pinch-session": session}
    headers = {"Accept": "application/json"}
    with (
        suppress(httpx.TransportError),
        httpx.Client(base_url=server.address, cookies=cookies, timeout=20) as browser,
    ):
        page = browser.get(f"/judge/{round}?language=es").text
        while True:
            path, item = NEXT.search(page).groups()
            choice = rng.choice(("first", "second", "good", "bad"))
            sent = {"form_token": TOKEN.search(page)[1], "language": "es", "choice": choice}
            reply = browser.post(path, data=sent, headers=headers)
            assert reply.status_code == 200, reply.text
            kept[item] = choice
            page = reply.json()["html"]


@pytest.mark.slow
def test_no_acknowledged_verdict_is_lost(tmp_path: Path):
    (tmp_path / "pinch.toml").write_text('name = "killed"\n', "utf-8")
    store = open_store(tmp_path / "collect.db", hasher=HASHER)
    ana, round = furnish(store)
    session = people.start_session(store, ana)
    kept: dict[str, str] = {}
    for kill in range(KILLS):
        server = Server(tmp_path).start()
        worker = threading.Thread(target=judge, args=(server, session, round.id, kept, kill))
        worker.start()
        enough = len(kept) + random.randint(1, 12)
        while len(kept) < enough and worker.is_alive():
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.05))
        server.kill()
        worker.join()
        with store.read() as connection:
            rows = connection.exec_driver_sql("SELECT item, choice FROM judgements").all()
        found = dict(rows)
        assert kept.items() <= found.items()
        # One more at most a kill: written, and the answer did not arrive.
        assert len(found) <= len(kept) + kill + 1
    assert len(kept) >= KILLS
    assert len(judging.judgements(store)) == len(found)
    store.close()
