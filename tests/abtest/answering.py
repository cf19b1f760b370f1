"""Exchanges as a server would hand them over."""

from __future__ import annotations

from pinchtune.abtest.records import Exchange
from pinchtune.abtest.running import Test

SALT = bytes(range(32))
"""Who gets which arm is drawn by the salt: a new one each time would draw the outcomes, too."""
START = 1_700_000_000.0


def answered(test: Test, number: int, language: str = "es", **more) -> Exchange:
    """An exchange with the arm that the test says."""
    user = more.pop("user", f"user-{number}")
    facts = {
        "id": f"x-{number}", "time": test.clock(), "user": user, "version": "v1",
        "arm": test.route(user, language), "language": language, "answer_language": language,
        "question": "¿Cuándo llega?", "answer": "Mañana.", "tokens": 5, "seconds": 1.0,
        "first_seconds": 0.2, "status": 200,
    }  # fmt: skip
    return Exchange(**{**facts, **more})
