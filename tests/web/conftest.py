"""A workplace with a few people in it, and browsers for them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from workplace import HASHER, Browser, furnish

from pinchtune.store import Person, Store, Text, open_store, people
from pinchtune.store import examples as stored
from pinchtune.web.app import make_app
from pinchtune.web.settings import WebSettings


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a workplace, to be copied by each test."""
    path = tmp_path_factory.mktemp("workplace") / "collect.db"
    made = open_store(path, hasher=HASHER)
    furnish(made)
    with made.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()
    return path


@pytest.fixture
def store(workplace: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(workplace, tmp_path / "collect.db")
    found = open_store(tmp_path / "collect.db", hasher=HASHER)
    yield found
    found.close()


@pytest.fixture
def person(store: Store) -> Callable[[str], Person]:
    return lambda name: people.find_person(store, name)


@pytest.fixture
def web_settings() -> WebSettings:
    return WebSettings(refresh=0)


@pytest.fixture
def visitor(store: Store, web_settings: WebSettings) -> Callable[[], Browser]:
    app = make_app(store, settings=web_settings)
    return lambda: Browser(app, headers={"Accept-Language": "en"})


@pytest.fixture
def browse(visitor: Callable[[], Browser]) -> Callable[[str], Browser]:
    """Return the browser of a person who is logged in."""
    return lambda name: visitor().log_in(name)


@pytest.fixture
def write(store: Store, person: Callable[[str], Person]) -> Callable[..., Any]:
    """Write an example, submit it, approve it."""

    def make(
        author: str = "Ana", language: str = "es", status: str = "draft", n: int = 1, **text: str
    ) -> Any:
        words = {"instruction": f"¿Cómo limpio el filtro {n}?", "response": f"Aclárelo {n} veces."}
        row = stored.create(store, person(author), language, Text(**(words | text)))
        if status != "draft":
            row = stored.submit(store, person(author), row.id, row.revision)
        if status == "approved":
            row = stored.approve(store, person("Dora"), row.id, row.revision)
        if status == "rejected":
            row = stored.send_back(store, person("Dora"), row.id, row.revision, "Too short")
        return row

    return make
