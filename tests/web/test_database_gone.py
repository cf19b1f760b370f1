"""The database goes away under a real `pinch web` and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pinchtune.store import Grant, open_store, people
from server import Server
from throwaway import CHEAP, Cluster, new_cluster

PASSWORD = "a long enough password"
ROW = {"language": "es", "instruction": "¿Qué es?", "response": "Un filtro."}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = new_cluster()
    yield made
    made.remove()


def test_a_database_that_crashes_is_said_and_comes_back(cluster: Cluster, tmp_path: Path):
    database = f"{cluster.address}/postgres"
    store = open_store(database, hasher=CHEAP)
    link = people.bootstrap(store)
    assert link
    boss = people.accept(store, link, "Ada", PASSWORD, "en")
    people.set_grants(store, boss, boss.id, [Grant("administrator"), Grant("author")])
    token = people.create_token(store, boss, "test")
    store.close()
    (tmp_path / "pinch.toml").write_text(f'[collect]\ndatabase = "{database}"\n', "utf-8")
    server = Server(tmp_path).start()
    try:
        head = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=server.address, headers=head, timeout=30) as client:
            row = client.post("/api/v1/rows", json=ROW)
            assert row.status_code == 201
            cluster.crash()
            gone = client.post("/api/v1/rows", json=ROW | {"response": "Otro."})
            assert gone.status_code == 503 and gone.json()["error"]["code"] == "busy"
            assert gone.headers["Retry-After"]
            japanese = {"Accept-Language": "ja", "Cookie": f"pinch-session={'x' * 43}"}
            page = client.get("/", headers=japanese)
            assert page.status_code == 503 and "データベースが応答していません" in page.text
            assert "psycopg" not in page.text + gone.text and "secret" not in page.text + gone.text
            cluster.start()
            found = client.get(f"/api/v1/rows/{row.json()['id']}")
            assert found.status_code == 200 and found.json()["response"] == ROW["response"]
            assert client.post("/api/v1/rows", json=ROW | {"response": "Otro."}).status_code == 201
    finally:
        server.stop()
