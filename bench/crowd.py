"""A simulated crowd for an A/B test: people of two languages who ask, get an arm, and rate.

`python -m bench.crowd --url http://127.0.0.1:8000/v1 [--users 200] [--seconds 60]` asks a real
server and sends it feedback; `drive` does the same to the objects, with a clock of its own.

One arm is truly better in one language. What people say depends on the arm that answered, and on
themselves: some are never content.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
import numpy as np

from pinchtune.abtest.records import Exchange
from pinchtune.abtest.running import Test

DAY = 86_400.0
QUESTIONS = {
    "es": "¿Cuánto tarda la entrega de la bomba de vacío?",
    "ja": "真空ポンプの納期はどのくらいですか。",
    "en": "How long does delivery of the vacuum pump take?",
    "ar": "كم يستغرق تسليم مضخة التفريغ؟",
}


@dataclass(frozen=True)
class People:
    """Who comes, and what the arms are to them."""

    languages: tuple[str, ...] = ("es", "ja")
    users: int = 300
    """Users of each language who come in the whole test."""
    content: Mapping[tuple[str, str], float] = field(
        default_factory=lambda: {("ja", "candidate"): 0.85}
    )
    """Mean satisfaction by language and arm; 0.65 where nothing is said."""
    wrong: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Share of answers in another language; 0.01 where nothing is said."""
    failed: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Share of answers that fail; 0.005 where nothing is said."""
    rating: float = 0.6
    """Share of answers that are rated."""
    back: float = 0.1
    """Chance that a user comes back on a day."""
    alike: float = 0.3
    """How alike the ratings of one user are."""


class Visit(NamedTuple):
    """One user who asks something on a day."""

    day: int
    user: str
    language: str
    mood: float
    """Place of this user among all, between 0 and 1: the same for either arm."""


def visits(people: People, days: int, rng: np.random.Generator) -> Iterator[Visit]:
    """Yield who asks, day by day."""
    count = people.users * len(people.languages)
    begun, moods = rng.integers(0, days, count), rng.random(count)
    for day in range(days):
        here = (begun == day) | ((begun < day) & (rng.random(count) < people.back))
        for number in rng.permutation(np.nonzero(here)[0]):
            language = people.languages[number % len(people.languages)]
            yield Visit(day, f"user-{number}", language, float(moods[number]))


def rate(people: People, visit: Visit, arm: str, rng: np.random.Generator) -> int:
    """Return a score from 1 to 5."""
    mean = people.content.get((visit.language, arm), 0.65)
    own = mean + (visit.mood - 0.5) * 2 * people.alike * min(mean, 1 - mean)
    return 1 + int(rng.binomial(4, own))


def drive(test: Test, people: People, clock: list[float], *, days: int, seed: int = 0) -> int:
    """Let the crowd come for `days`, look at the guards every day; return the number of answers.

    `clock[0]` is the time that the test was given as its clock.
    """
    rng, start, number = np.random.default_rng(seed), clock[0], 0
    day = 0
    for visit in visits(people, days, rng):
        if visit.day != day:
            day = visit.day
            test.check()
        number += 1
        clock[0] = start + (visit.day + rng.random() * 0.9) * DAY
        exchange = _exchange(test, people, visit, number, clock[0], rng)
        test.record(exchange)
        if exchange.status < 400 and rng.random() < people.rating:
            score = rate(people, visit, exchange.arm, rng)
            test.feedback(exchange.id, score=score, thumb=None, reason="", now=clock[0])
    clock[0] = start + days * DAY - 1
    test.check()
    return number


def _exchange(
    test: Test, people: People, visit: Visit, number: int, now: float, rng: np.random.Generator
) -> Exchange:
    arm = test.route(visit.user, visit.language)
    cell = visit.language, arm
    is_wrong = rng.random() < people.wrong.get(cell, 0.01)
    is_failed = rng.random() < people.failed.get(cell, 0.005)
    seconds = float(rng.gamma(2, 0.5))
    return Exchange(
        id=f"crowd-{number}", time=now, user=visit.user, arm=arm, version="", tokens=20,
        language=visit.language, answer_language="en" if is_wrong else visit.language,
        question=QUESTIONS.get(visit.language, "?"), answer="…", seconds=seconds,
        first_seconds=seconds / 4, status=502 if is_failed else 200,
    )  # fmt: skip


def ask(
    client: httpx.Client,
    people: People,
    *,
    seconds: float,
    seed: int = 0,
    arm_of: Callable[[Mapping[str, Any]], str],
) -> dict[str, int]:
    """Ask a server as fast as it answers, for `seconds` at most; return how many of what.

    `arm_of` tells from an answer which arm gave it: what people say depends on that.
    """
    rng, counts = np.random.default_rng(seed), {"asked": 0, "failed": 0, "rated": 0, "refused": 0}
    end = time.monotonic() + seconds
    for visit in visits(people, 60, rng):
        if time.monotonic() >= end:
            break
        message = {"role": "user", "content": QUESTIONS.get(visit.language, "?")}
        body = {"model": "auto", "user": visit.user, "max_tokens": 24, "messages": [message]}
        answer = client.post("chat/completions", json=body)
        counts["asked"] += 1
        if answer.is_error:
            counts["failed"] += 1
        elif rng.random() < people.rating:
            said = answer.json()
            score = rate(people, visit, arm_of(said), rng)
            sent = client.post("feedback", json={"id": said["id"], "score": score})
            counts["refused" if sent.is_error else "rated"] += 1
    return counts


def arms_by_version(url: str) -> dict[str, str]:
    """Return the arm of each version that a server has; its answers name the version alone."""
    health = httpx.get(f"{url.rstrip('/').removesuffix('/v1')}/health", timeout=60).json()
    return {version: arm for arm, version in health["arms"].items()}


def main(arguments: list[str] | None = None) -> int:
    """Ask a server, and print how many of what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--url", required=True, help="base URL of the server, with /v1; its key from PINCH_API_KEY"
    )
    parser.add_argument("--languages", default="es,ja")
    parser.add_argument("--better", default="ja", help="language in which the candidate is better")
    parser.add_argument("--users", type=int, default=300, help="users of each language")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    people = People(
        tuple(given.languages.split(",")), given.users, {(given.better, "candidate"): 0.85}
    )
    key = os.environ.get("PINCH_API_KEY", "")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    arms = arms_by_version(given.url)

    def arm_of(answer: Mapping[str, Any]) -> str:
        return arms.get(str(answer.get("system_fingerprint", "")), "")

    with httpx.Client(base_url=given.url, headers=headers, timeout=60) as client:
        print(ask(client, people, seconds=given.seconds, seed=given.seed, arm_of=arm_of))
    return 0


if __name__ == "__main__":
    sys.exit(main())
