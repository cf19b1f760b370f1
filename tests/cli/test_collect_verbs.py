"""pinch collect and pinch web as a person meets them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from argon2 import PasswordHasher

from pinchtune.store import Grant, Store, Text, open_store, people
from pinchtune.store import examples as stored

Pinch = Callable[..., Any]
PASSWORD = "a long enough password"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def folder(make_project: Callable[..., Path]) -> Path:
    return make_project()


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    found = open_store(folder / "collect.db", hasher=HASHER)
    ada = people.accept(found, people.bootstrap(found) or "", "Ada", PASSWORD)
    for name, grants in {
        "Ana": [Grant("author", "es")],
        "Carla": [Grant("approver", "es")],
        "Dora": [Grant("author"), Grant("approver")],
    }.items():
        people.accept(found, people.invite(found, ada, grants, name), name, PASSWORD)
    yield found
    found.close()


def write(store: Store, name: str = "Ana", n: int = 1) -> str:
    actor = people.find_person(store, name)
    text = Text(f"¿Cuánto cuesta la caja {n}?", f"Cuesta {n} soles.")
    return stored.create(store, actor, "es", text).id


def test_from_draft_to_approved(pinch: Pinch, folder, store):
    id = write(store)
    at = ["-p", folder, "--as"]
    assert pinch("collect", "submit", id, *at, "Ana").out == f"{id}: submitted (revision 2)\n"
    told = pinch("collect", "send-back", id, *at, "Carla", "--reason", "Which box?")
    assert (told.code, told.out.split()[1]) == (0, "rejected")
    assert "sent back: Which box?" in pinch("collect", "show", id, *at, "Ana").out
    again = pinch("collect", "submit", id, *at, "Ana")
    assert (again.code, "Change the example" in again.err) == (2, True)
    ana = people.find_person(store, "Ana")
    revision = stored.get(store, ana, id).revision
    stored.save(store, ana, id, Text("¿Cuánto cuesta la caja?", "La azul cuesta 3."), revision)
    assert pinch("collect", "submit", id, *at, "Ana").code == 0
    told = pinch("collect", "approve", id, *at, "Carla", "--json")
    assert json.loads(told.out)["status"] == "approved"
    listed = pinch("collect", "list", "--status", "approved", "-p", folder).out
    assert id in listed and listed.endswith("1 examples\n")
    status = pinch("collect", "status", "-p", folder).out
    assert status.startswith("es: 1 approved")


def test_own_rows_are_refused(pinch: Pinch, folder, store):
    id = write(store, "Dora")
    assert pinch("collect", "submit", id, "--as", "Dora", "-p", folder).code == 0
    told = pinch("collect", "approve", id, "--as", "Dora", "-p", folder)
    assert (told.code, told.out) == (2, "")
    assert re.fullmatch(r"pinch: [^\n]+\n", told.err)
    assert pinch("collect", "approve", id, "--as", "Ana", "-p", folder).code == 2
    assert stored.counts(store)["es"]["approved"] == 0


def test_what_was_changed_meanwhile_is_refused(pinch: Pinch, folder, store):
    id = write(store)
    told = pinch("collect", "submit", id, "--as", "Ana", "--revision", "0", "-p", folder)
    assert told.code == 2
    assert stored.counts(store)["es"]["submitted"] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("collect", "submit", "nothing", "--as", "Ana"),
        ("collect", "approve", "nothing", "--as", "Nobody"),
        ("collect", "list", "--status", "done"),
        ("collect", "invite", "--as", "Ana", "--role", "author"),
        ("collect", "invite", "--as", "Ada", "--role", "king"),
        ("collect", "people", "--as", "Ana"),
        ("collect", "import", "nothing.csv", "--as", "Ana"),
        ("collect", "restore", "nothing.gz"),
        ("collect", "card", "--locale", "xx"),
        ("collect", "export", "out.doc"),
    ],
)
def test_refusals_are_one_sentence(words, pinch: Pinch, folder, store):
    told = pinch(*words, "-p", folder)
    assert (told.code, told.out) == (2, "")
    assert re.fullmatch(r"pinch: [^\n]+\n", told.err), told.err


def test_without_a_database(pinch: Pinch, folder):
    told = pinch("collect", "status", "-p", folder)
    assert (told.code, told.out) == (2, "")
    assert "pinch web" in told.err
    assert not (folder / "collect.db").exists()


def test_an_invitation_makes_a_person(pinch: Pinch, folder, store):
    told = pinch(
        "collect", "invite", "--as", "Ada", "--role", "author:ja:Osaka", "--role", "reader",
        "--name", "Yui", "--address", "https://collect.example.com/", "-p", folder,
    )  # fmt: skip
    link = told.out.strip()
    assert link.startswith("https://collect.example.com/welcome/")
    yui = people.accept(store, link.rsplit("/", 1)[1], "", PASSWORD)
    assert yui.name == "Yui"
    listed = pinch("collect", "people", "--as", "Ada", "-p", folder).out
    assert "Yui: author:ja:Osaka, reader\n" in listed


def test_a_token_is_shown_once_and_can_be_revoked(pinch: Pinch, folder, store):
    at = ["--as", "Ana", "--label", "form", "-p", folder]
    token = pinch("collect", "token", *at).out.strip()
    assert people.find_token(store, token).name == "Ana"
    assert pinch("collect", "token", "--revoke", *at).out == "1 tokens revoked\n"
    assert people.find_token(store, token) is None


def test_assigning(pinch: Pinch, folder, store):
    id = write(store)
    told = pinch("collect", "assign", id, "--to", "Dora", "--as", "Carla", "-p", folder, "--json")
    assert json.loads(told.out)["assigned_to"] == people.find_person(store, "Dora").id


def test_files_in_and_out(pinch: Pinch, folder, store, tmp_path):
    sheet = tmp_path / "hoja.csv"
    sheet.write_text("instruction,response\n¿Qué hora es?,Son las dos.\n¿Y hoy?,\n", "utf-8")
    at = ["--as", "Ana", "--language", "es", "-p", folder]
    told = pinch("collect", "import", sheet, *at)
    assert told.code == 2
    assert told.out.splitlines() == [
        "B3: instruction or response is empty",
        f"{sheet}: 1 submitted, 0 known already, 1 not taken",
    ]
    assert json.loads(pinch("collect", "import", sheet, *at, "--json").out)["known"] == 1
    out = tmp_path / "out.jsonl"
    told = pinch("collect", "export", out, "--status", "submitted", "-p", folder)
    assert told.out == f"{out}: 1 examples\n"
    assert "Ana" not in out.read_text("utf-8")
    card = pinch("collect", "card", "-p", folder, "--locale", "ja")
    assert (card.code, "承認" in card.out) == (0, True)


def test_backup_and_restore(pinch: Pinch, folder, store, tmp_path):
    write(store)
    file = tmp_path / "all.jsonl.gz"
    assert pinch("collect", "backup", file, "-p", folder).code == 0
    told = pinch("collect", "restore", file, "-p", folder)
    assert (told.code, "not empty" in told.err) == (2, True)
    other = ["-p", folder, "--set", "collect.database=other.db"]
    assert pinch("collect", "restore", file, *other).code == 0
    assert "1 draft" in pinch("collect", "status", *other).out


def test_the_override_is_said_on_the_way(pinch: Pinch, folder, store):
    author = people.find_person(store, "Dora")
    rows = [("es", "¿Qué color {}?", "Rojo {}."), ("ja", "何色ですか{}。", "赤です{}。")]
    items = [(c, Text(a.format(n), b.format(n)), "") for c, a, b in rows for n in range(2)]
    stored.add_many(store, author, items, "cli", submit=True)
    told = pinch("mix", "-p", folder)
    assert (told.code, told.out) == (2, "")
    assert "not taken: 4 submitted" in told.err
    told = pinch("mix", "-p", folder, "--train-on-unapproved-examples")
    assert told.code == 0
    assert "taken too by --train-on-unapproved-examples: 4 submitted" in told.err


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pinchtune.cli", "web", "-p", str(folder), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def wait_for(address: str, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        assert process.poll() is None, process.communicate()[1]
        try:
            urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")


def test_the_server_from_its_first_line_to_its_last(folder):
    process = start(folder, "--port", "0")
    try:
        lines = [process.stdout.readline() for _ in range(6)]
        text = "".join(lines)
        link = re.search(r"(http://127\.0\.0\.1:\d+)/welcome/(\S+)", text)
        assert link, text
        assert "Workplace: http://127.0.0.1:" in text
        wait_for(f"{link[1]}/log-in?secret=hidden", process)
        with urlopen(link[0], timeout=30) as answer:
            assert answer.status == 200
        with urlopen(f"{link[1]}/api/v1/openapi.json", timeout=30) as answer:
            assert json.load(answer)["info"]["title"] == "pinchtune"
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "GET /log-in 200" in err and "GET /welcome/… 200" in err
    assert link[2] not in err and "hidden" not in err
    assert err.endswith("stopped\n")
    assert (folder / "collect.db").exists()


def test_a_port_that_is_taken(pinch: Pinch, folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = pinch("web", "-p", folder, "--port", port)
    assert told == (
        2,
        "",
        f"pinch: port {port} is taken by another program; choose one with --port\n",
    )


def test_an_address_that_is_not_of_this_machine(pinch: Pinch, folder):
    told = pinch("web", "-p", folder, "--host", "192.0.2.1", "--port", 0)
    assert (told.code, told.out) == (2, "")
    assert "--host" in told.err


@pytest.mark.parametrize(
    ("host", "address", "warned"),
    [
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("0.0.0.0", "", True),
        ("0.0.0.0", "http://collect.example.com", True),
        ("0.0.0.0", "https://collect.example.com", False),
    ],
)
def test_https_must_be_in_front(host, address, warned, pinch: Pinch, folder, monkeypatch):
    import uvicorn

    monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: None)
    told = pinch("web", "-p", folder, "--host", host, "--port", 0, "--address", address)
    assert told.code == 0, told.err
    assert ("https in front" in told.out) == warned
    assert f"{address or f'http://{host}'}" in told.out


def test_another_database_than_the_one_that_mix_reads(pinch: Pinch, folder, monkeypatch):
    import uvicorn

    monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: None)
    told = pinch("web", "-p", folder, "--port", 0, "--database-url", 'team\'s "own".db')
    assert told.code == 0
    assert (folder / 'team\'s "own".db').exists() and not (folder / "collect.db").exists()
    assert "note: pinch mix takes approved examples from collect.database" in told.err
    again = pinch("web", "-p", folder, "--port", 0, "--database-url", "collect.db")
    assert "note" not in again.err


def test_a_missing_extra_is_named(pinch: Pinch, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    told = pinch("web", "-p", folder)
    assert (told.code, told.out) == (2, "")
    assert told.err == "pinch: uvicorn is not installed; run: pip install 'pinchtune[web]'\n"
