"""A workplace with answers to judge: real questions in Japanese and Arabic, one arm in English.

`python tests/browser/judged.py FOLDER` takes pictures of the desk and says how long a verdict by
keyboard takes the page itself, over a whole round in either language.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from launch import launched
from playwright.sync_api import Page
from visitor import PASSWORD, PHONE, WIDE

from pinchtune.store import Grant, Person, Store, open_store, people, rounds
from pinchtune.web.security import SESSION
from server import Server
from throwaway import CHEAP

RATERS = {"ja": "佐藤 潤", "ar": "زيد قاسم"}
ROUND = 40


def read_starter(language: str) -> list[dict[str, str]]:
    path = files("pinchtune") / "starter/evaluation" / f"{language}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Room:
    """A served workplace, its raters, and what is judged in it."""

    def __init__(self, folder: Path) -> None:
        (folder / "pinch.toml").write_text('name = "judged"\n', "utf-8")
        self.store: Store = open_store(folder / "collect.db", hasher=CHEAP)
        self.admin = people.accept(self.store, people.bootstrap(self.store) or "", "Ada", PASSWORD)
        self.raters = {code: self._join(name, code) for code, name in RATERS.items()}
        self.questions: dict[str, str] = {}
        self.answers: dict[str, tuple[str, str]] = {}
        self.server = Server(folder).start()

    def _join(self, name: str, language: str) -> Person:
        token = people.invite(self.store, self.admin, [Grant("approver", language)], name)
        return people.accept(self.store, token, name, PASSWORD, language)

    def open(self, number: int, mode: rounds.Mode = "pairs", share: float = 1) -> rounds.Round:
        """Open a round of so many questions in each language."""
        found = [m for code in RATERS for m in self._materials(code, number)]
        return rounds.open_round(self.store, self.admin, found, "answers", mode, share=share)

    def _materials(self, language: str, number: int) -> Iterator[rounds.Material]:
        rows, english = read_starter(language), read_starter("en")
        for n in range(number):
            row, other = rows[n % len(rows)], english[n % len(rows)]
            prompt = f"{language}-{number}-{n}"
            again = f" ({n})" if n >= len(rows) else ""
            self.questions[prompt] = row["instruction"] + again
            self.answers[prompt] = other["response"] + again, row["response"] + again
            asked = [("user", self.questions[prompt])]
            yield rounds.Material(prompt, "x", language, asked, self.answers[prompt])


@contextmanager
def open_room(folder: Path) -> Iterator[Room]:
    """Serve a room until the block ends."""
    room = Room(folder)
    try:
        yield room
    finally:
        room.server.stop()
        room.store.close()


def judge_round(page: Page, number: int) -> list[float]:
    """Press a key as soon as a pair can be judged; seconds from the key to the next pair."""
    seconds = []
    for n in range(number):
        # Keys count a quarter of a second after a pair has come; people take longer to read.
        page.wait_for_timeout(260)
        before = page.locator("#desk-place").inner_text()
        start = perf_counter()
        page.keyboard.press("1234"[n % 4])
        last = "!document.querySelector('#verdict') || "
        page.wait_for_function(
            f"before => {last}document.querySelector('#desk-place').textContent !== before",
            arg=before,
            polling=5,
        )
        seconds.append(perf_counter() - start)
    return seconds


def measure(folder: Path) -> dict[str, Any]:
    """Take the pictures, and judge a whole round in each language."""
    told: dict[str, Any] = {}
    with TemporaryDirectory() as name, open_room(Path(name)) as room, launched() as browser:
        for code, rater in room.raters.items():
            people.set_locale(room.store, rater, code)
            context = browser.new_context(base_url=room.server.address, locale=code)
            token = people.start_session(room.store, rater)
            context.add_cookies([{"name": SESSION, "value": token, "url": room.server.address}])
            page = context.new_page()
            for mode in rounds.MODES:
                round = room.open(ROUND, mode, share=0)
                page.goto(f"/judge/{round.id}?language={code}")
                _take(page, folder, f"{code}-{mode}")
                if mode == "pairs":
                    start = perf_counter()
                    seconds = judge_round(page, ROUND)
                    told[code] = _describe(seconds, perf_counter() - start)
            page.goto("/judge")
            _take(page, folder, f"{code}-rounds")
            context.close()
    return told


def _take(page: Page, folder: Path, name: str) -> None:
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.screenshot(path=folder / f"{name}-{size['width']}.png")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def _describe(seconds: list[float], whole: float) -> dict[str, float]:
    return {
        "verdicts": len(seconds),
        "median_ms": round(1000 * median(seconds), 1),
        "p95_ms": round(1000 * quantiles(seconds, n=20)[-1], 1),
        "an_hour_at_most": round(3600 * len(seconds) / whole),
    }


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    print(json.dumps(measure(target), indent=2))
