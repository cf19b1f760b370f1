"""Databases for tests: SQLite files, and a PostgreSQL server that is thrown away afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from pinchtune.store import open_store

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Hashes in no time; no test is about how hard a password is to guess."""


def find_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Cluster:
    """A PostgreSQL server of our own on a free port; PostgreSQL refuses to run as root."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="pinch-pg-", dir="/tmp"))
        self.as_user: list[str] = []
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.as_user = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"]
            self.as_user.append("--clear-groups")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.running = False
        self.address = f"postgresql://pinch:secret@127.0.0.1:{self.port}"
        # The C locale is the harder one: it knows no letter case beyond ASCII.
        options = ("-U", "pinch", "--auth=trust", "-E", "UTF8", "--locale=C", "-N")
        self._call("initdb", "-D", f"{self.folder}/data", *options)

    def _call(self, program: str, *arguments: str) -> None:
        command = [*self.as_user, str(self.programs / program), *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")
        assert done.returncode == 0, done.stderr.decode()

    def _control(self, *arguments: str) -> None:
        self._call("pg_ctl", "-D", f"{self.folder}/data", "-w", *arguments)

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        options += " -c max_connections=200"
        self._control("-l", f"{self.folder}/log", "-o", options, "start")
        self.running = True

    def crash(self) -> None:
        """End it without any clean-up, as a power cut would."""
        self._control("-m", "immediate", "stop")
        self.running = False

    def remove(self) -> None:
        if self.running:
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)


def new_cluster() -> Cluster:
    programs = find_programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the programs of PostgreSQL are not installed")
        pytest.skip("the programs of PostgreSQL are not installed")
    cluster = Cluster(programs)
    cluster.start()
    return cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    cluster = new_cluster()
    try:
        yield cluster.address
    finally:
        cluster.remove()


Make = Callable[..., str]


class Databases:
    """Makes databases of either kind; the migrated one is made once and copied."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self.request, self.folder = request, folder
        self.made: list[str] = []
        self.migrated: dict[str, str] = {}

    def server(self, statement: str) -> str:
        server: str = self.request.getfixturevalue("postgres")
        address = sa.make_url(f"{server}/postgres").set(drivername="postgresql+psycopg")
        engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        return server

    def make(self, kind: str, migrated: bool = False) -> str:
        """Return the address of a new database, empty or with the newest schema."""
        if migrated and kind not in self.migrated:
            self.migrated[kind] = self.make(kind)
            open_store(self.migrated[kind], hasher=CHEAP).close()
        name = f"t{uuid.uuid4().hex}"
        if kind == "sqlite":
            path = self.folder / f"{name}.db"
            if migrated:
                shutil.copy(self.migrated[kind], path)
            return str(path)
        template = self.migrated[kind].rpartition("/")[2] if migrated else "template1"
        server = self.server(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.made.append(name)
        return f"{server}/{name}"

    def drop(self) -> None:
        for name in self.made:
            if not self.migrated.get("postgresql", "").endswith(name):
                self.server(f"DROP DATABASE {name} WITH (FORCE)")
        self.made = [name for name in self.made if name in str(self.migrated)]


@pytest.fixture(scope="session")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Databases:
    return Databases(request, tmp_path_factory.mktemp("databases"))


@pytest.fixture
def new_database(databases: Databases) -> Iterator[Make]:
    """Return a function that makes a database of a kind and returns its address."""
    yield databases.make
    databases.drop()
