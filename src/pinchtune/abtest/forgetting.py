"""Texts whose days are over: gone from the journals of all tests of a project, on the disk too."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from pinchtune.abtest.journal import connect, prepare
from pinchtune.errors import RunError

_FORGET = (
    "UPDATE exchanges SET question = NULL, answer = NULL "
    "WHERE time < ? AND (question IS NOT NULL OR answer IS NOT NULL)",
    "UPDATE feedback SET reason = NULL WHERE time < ? AND reason IS NOT NULL",
)
_READERS_SECONDS = 2
"""How long readers are waited for: the file cannot be cut while they read it."""
_log = logging.getLogger("pinchtune.abtest")


def forget_texts(tests: Path, before: float) -> bool:
    """Delete the texts from before a time in all tests; False if some may still be on the disk.

    A journal that is damaged keeps nobody from the others.
    """
    journals = sorted(tests.glob("*/journal.db"))
    return sum(_forget(path, before) for path in journals) == len(journals)


def _forget(path: Path, before: float) -> bool:
    try:
        prepare(path)
        with closing(connect(path)) as db:
            with db:
                db.execute("BEGIN IMMEDIATE")
                for order in _FORGET:
                    db.execute(order, (before,))
            db.execute(f"PRAGMA busy_timeout = {_READERS_SECONDS * 1000}")
            # What was written stands in the log beside the file until that is emptied.
            is_busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (sqlite3.Error, RunError) as error:
        _log.error("%s: old texts could not be deleted: %s", path, error)
        return False
    if is_busy:
        _log.warning("%s: somebody reads it, so deleted texts are still on the disk", path)
    return not is_busy
