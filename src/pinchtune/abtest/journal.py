"""What happened in a test, in SQLite: as little of it as the setting says.

Users stand as salted hashes. Texts are kept only if `Keeping.text` says that people agreed, of
those who take part, with personal data taken out before anything is written, and no longer than
`text_days` (see forgetting). One thread writes: an exchange is handed over and forgotten, feedback
is on the disk when the call returns, and so is what was handed over before it.
"""

from __future__ import annotations

import logging
import math
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinchtune.data.personal import find_personal, replace_personal
from pinchtune.errors import PinchError, RunError, UsageError, trace_of
from pinchtune.languages import LANGUAGES

Json = dict[str, Any]
DAY = 86_400.0
_log = logging.getLogger("pinchtune.abtest")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS exchanges (
    id TEXT PRIMARY KEY, time REAL NOT NULL, user TEXT NOT NULL, language TEXT NOT NULL,
    answer_language TEXT NOT NULL, arm TEXT NOT NULL, version TEXT NOT NULL,
    assigned TEXT NOT NULL, counted INTEGER NOT NULL, tokens INTEGER NOT NULL,
    seconds REAL NOT NULL, first_seconds REAL NOT NULL, status INTEGER NOT NULL,
    question TEXT, answer TEXT);
CREATE TABLE IF NOT EXISTS feedback (
    number INTEGER PRIMARY KEY, exchange TEXT NOT NULL REFERENCES exchanges(id),
    time REAL NOT NULL, score INTEGER, thumb TEXT, reason TEXT);
CREATE INDEX IF NOT EXISTS feedback_of ON feedback(exchange);
CREATE TABLE IF NOT EXISTS checks (
    exchange TEXT PRIMARY KEY REFERENCES exchanges(id), time REAL NOT NULL,
    correct INTEGER NOT NULL, by TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS followed (
    exchange TEXT PRIMARY KEY REFERENCES exchanges(id), share REAL NOT NULL);
CREATE TABLE IF NOT EXISTS lost (count INTEGER NOT NULL);
"""
_EXCHANGE = (
    "INSERT OR IGNORE INTO exchanges VALUES (:id, :time, :user, :language, :answer_language, "
    ":arm, :version, :assigned, :counted, :tokens, :seconds, :first_seconds, :status, :question, "
    ":answer)"
)
_WAIT_SECONDS = 30.0


def hide_personal(text: str, language: str) -> str:
    """Return a text with what may be personal data taken out."""
    return replace_personal(text, find_personal(text, language=language))


@dataclass(frozen=True)
class Keeping:
    """What is kept of what people write; the default is the least."""

    text: bool = False
    """Questions, answers and reasons too: only where those who write have agreed."""
    text_days: float = 30
    """Days after which texts are deleted."""
    clean: Callable[[str, str], str] = hide_personal
    """Takes personal data out of a text of a language."""

    def oldest(self, now: float) -> float:
        """Return the time before which no text is kept."""
        return now - self.text_days * DAY if self.text else math.inf


class _Order:
    """One thing to write, and who waits for it."""

    def __init__(self, act: Callable[[sqlite3.Connection], None], waits: bool) -> None:
        self.act, self.waits = act, waits
        self.done, self.error = threading.Event(), None  # type: threading.Event, Exception | None


class Journal:
    """The journal of one test."""

    def __init__(self, path: Path, keeping: Keeping = Keeping()) -> None:
        self.path, self.keeping, self.lost = path, keeping, 0
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._owned_up = 0
        prepare(path)
        self._thread = threading.Thread(target=self._write, name="ab-journal", daemon=True)
        self._thread.start()

    def record(self, row: Mapping[str, Any]) -> None:
        """Keep an exchange soon; never waits, never raises."""
        kept = dict(row)
        if not (self.keeping.text and kept["counted"]):
            kept |= {"question": None, "answer": None}
        self._orders.put(_Order(lambda db: self._insert(db, kept), waits=False))

    def _insert(self, db: sqlite3.Connection, row: Json) -> None:
        """Write an exchange; texts are cleaned here, where nobody waits for it."""
        if row["question"] is not None:
            heard = row["answer_language"]
            spoken = heard if heard in LANGUAGES else row["language"]
            row["question"] = self.keeping.clean(row["question"], row["language"])
            row["answer"] = self.keeping.clean(row["answer"], spoken)
        db.execute(_EXCHANGE, row)
        if row["followed"] is not None:
            db.execute("INSERT OR IGNORE INTO followed VALUES (:id, :followed)", row)

    def feedback(self, row: Mapping[str, Any]) -> None:
        """Keep feedback: it is on the disk when this returns; UsageError for an unknown id."""
        reason = row["reason"] if self.keeping.text and row["reason"] else None

        def act(db: sqlite3.Connection) -> None:
            found = db.execute(
                "SELECT language, counted FROM exchanges WHERE id = ?", (row["exchange"],)
            ).fetchone()
            if found is None:
                raise UsageError(
                    f"there is no answer {row['exchange']!r}; send the id it came with"
                )
            language, is_counted = found
            text = self.keeping.clean(reason, language) if reason and is_counted else None
            db.execute(
                "INSERT INTO feedback (exchange, time, score, thumb, reason) VALUES (?,?,?,?,?)",
                (row["exchange"], row["time"], row["score"], row["thumb"], text),
            )

        self.write(act)

    def mark(self, marks: Iterable[tuple[str, bool]], by: str, now: float) -> None:
        """Keep what a person said of answers, all or none; the last word counts."""

        def act(db: sqlite3.Connection) -> None:
            given = list(marks)
            unknown = [e for e, _ in given if not _knows(db, e)]
            if unknown:
                raise UsageError(f"there is no answer {unknown[0]!r}; use the ids of the sample")
            db.executemany(
                "INSERT OR REPLACE INTO checks (exchange, time, correct, by) VALUES (?,?,?,?)",
                [(exchange, now, int(correct), by) for exchange, correct in given],
            )

        self.write(act)

    def write(self, act: Callable[[sqlite3.Connection], object]) -> None:
        """Do something in the writing thread and wait until it is on the disk."""
        order = _Order(lambda db: (act(db), None)[1], waits=True)
        self._orders.put(order)
        if not order.done.wait(_WAIT_SECONDS):
            raise RunError(f"{self.path}: does not take anything at the moment; try again")
        if order.error is not None:
            raise order.error

    def flush(self) -> None:
        """Wait until what was handed over is on the disk."""
        self.write(lambda db: None)

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._orders.put(None)
        self._thread.join(_WAIT_SECONDS)

    def _write(self) -> None:
        with closing(connect(self.path)) as db:
            for batch in self._batches():
                self._commit(db, batch)
            if self.lost > self._owned_up:
                self._commit(db, [])

    def _batches(self) -> Iterator[list[_Order]]:
        """Yield what waits to be written, all that is there at a time."""
        while (first := self._orders.get()) is not None:
            batch, is_last = [first], False
            while not self._orders.empty():
                order = self._orders.get()
                if order is None:
                    is_last = True
                    break
                batch.append(order)
            yield batch
            if is_last:
                return

    def _commit(self, db: sqlite3.Connection, batch: list[_Order]) -> None:
        lost = self.lost
        try:
            with db:
                db.execute("BEGIN IMMEDIATE")
                for order in batch:
                    self._do(db, order)
                if self.lost > self._owned_up:
                    db.execute("INSERT INTO lost VALUES (?)", (self.lost - self._owned_up,))
            self._owned_up = self.lost
        except (sqlite3.Error, OSError) as error:
            self.lost = lost
            self._fail(batch, error)
        for order in batch:
            order.done.set()

    def _do(self, db: sqlite3.Connection, order: _Order) -> None:
        """Do one thing; only what concerns the whole file may stop the others of its batch."""
        try:
            order.act(db)
        except (sqlite3.OperationalError, OSError):
            raise
        except PinchError as error:
            order.error = error
        except Exception as error:
            self.lost += not order.waits
            _log.error("%s: something could not be kept: %s", self.path, trace_of(error))
            order.error = RunError(f"{self.path}: this could not be kept ({type(error).__name__})")

    def _fail(self, batch: list[_Order], error: Exception) -> None:
        """Nothing of a batch was written: tell who waits, count the rest."""
        self.lost += sum(not order.waits for order in batch)
        _log.error("%s: nothing can be written (%s)", self.path, error)
        for order in batch:
            order.error = RunError(
                f"{self.path}: cannot be written ({error}); free some space and try again"
            )


def prepare(path: Path) -> None:
    """Make a journal ready to be written and read; RunError if it cannot be opened."""
    try:
        with closing(connect(path)) as db:
            db.executescript(_SCHEMA)
    except sqlite3.Error as error:
        raise RunError(
            f"{path}: cannot be opened ({error}); check the disk, or move the file away"
        ) from error


def _knows(db: sqlite3.Connection, exchange: str) -> bool:
    return db.execute("SELECT 1 FROM exchanges WHERE id = ?", (exchange,)).fetchone() is not None


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection: what is committed survives a crash, what is deleted is gone."""
    db = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    return db


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that sees one moment of the journal."""
    with closing(connect(path)) as db:
        db.execute("BEGIN")
        yield db
