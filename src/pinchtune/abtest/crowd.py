"""A made-up crowd for trying an A/B test out: people who ask, get an arm, and rate it.

One arm is truly better in one language. What people say depends on the arm that answered, and on
themselves: some are never content. `ask` sends them to a server, `drive` to the objects of a test,
with a clock of its own. Never send them to a test with real people: their ratings are kept as
everybody's are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pinchtune.abtest.plan import DAY
from pinchtune.abtest.records import Exchange
from pinchtune.abtest.running import Test
from pinchtune.config import AUTO, CANDIDATE

if TYPE_CHECKING:
    import httpx

QUESTIONS = {
    "es": "¿Cuánto tarda la entrega de la bomba de vacío?",
    "ja": "真空ポンプの納期はどのくらいですか。",
    "en": "How long does delivery of the vacuum pump take?",
    "ar": "كم يستغرق تسليم مضخة التفريغ؟",
}
DAYS = 60
"""Days of the made-up people's calendar."""
CONTENT, MORE_CONTENT = 0.65, 0.85
"""How content people are on average, and with the arm that is better."""
TOKENS = 24
"""Most tokens of an answer to the crowd, if nothing is said: it does not read them."""
_LIMITED, _UNKNOWN = 429, 404


@dataclass(frozen=True)
class People:
    """Who comes, and what the arms are to them."""

    languages: tuple[str, ...] = ("es", "ja")
    users: int = 300
    """Users of each language who come in the whole test."""
    content: Mapping[tuple[str, str], float] = field(
        default_factory=lambda: {("ja", CANDIDATE): MORE_CONTENT}
    )
    """Mean satisfaction by language and arm; CONTENT where nothing is said."""
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
    mean = people.content.get((visit.language, arm), CONTENT)
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


@dataclass
class Met:
    """What a crowd met at a server."""

    asked: int = 0
    failed: int = 0
    """Questions without an answer."""
    rated: int = 0
    """Ratings that the server has kept."""
    refused: int = 0
    """Ratings that it did not take: no test runs, or the answer is of none."""
    versions: dict[str, int] = field(default_factory=dict)
    """Answers by the version that gave them."""


class Crowd:
    """People who ask one server, several at a time."""

    def __init__(
        self,
        client: httpx.Client,
        people: People,
        questions: Mapping[str, Sequence[str]],
        *,
        seconds: float,
        seed: int = 0,
        pause: float = 1.0,
        until_over: bool = False,
        tokens: int = TOKENS,
        arm_of: Callable[[str], str],
    ) -> None:
        self.client, self.people, self.questions, self.seed = client, people, questions, seed
        self.pause = pause
        """Seconds to wait where the server says to wait."""
        self.until_over = until_over
        """Whether they go at the first rating of an answer that is not known: the test is over."""
        self.tokens = tokens
        """Most tokens of an answer."""
        self.arm_of = arm_of
        """Tells which arm a version is: what people say depends on that."""
        self.end = time.monotonic() + seconds
        self.met = Met()
        self._lock = threading.Lock()
        self._visits = enumerate(visits(people, DAYS, np.random.default_rng(seed)))

    def ask(self, clients: int = 1) -> Met:
        """Ask as fast as the server answers, until nobody is left or time is up."""
        with ThreadPoolExecutor(clients) as pool:
            for done in [pool.submit(self._ask_on) for _ in range(clients)]:
                done.result()
        return self.met

    def _ask_on(self) -> None:
        with suppress(TimeoutError):
            while time.monotonic() < self.end:
                with self._lock:
                    number, visit = next(self._visits, (0, None))
                if visit is None:
                    return
                self._take(visit, np.random.default_rng([self.seed, number]))

    def _take(self, visit: Visit, rng: np.random.Generator) -> None:
        """Let one user ask, and perhaps rate the answer."""
        known = self.questions[visit.language]
        message = {"role": "user", "content": known[int(rng.integers(len(known)))]}
        body = {"model": AUTO, "user": visit.user, "max_tokens": self.tokens, "messages": [message]}
        answer = self._post("chat/completions", body)
        has_failed = answer is None or answer.is_error
        with self._lock:
            self.met.asked += 1
            self.met.failed += has_failed
        if answer is None or has_failed:
            return
        said = answer.json()
        version = str(said.get("system_fingerprint") or "")
        with self._lock:
            self.met.versions[version] = 1 + self.met.versions.get(version, 0)
        if rng.random() < self.people.rating:
            self._rate(said["id"], rate(self.people, visit, self.arm_of(version), rng))

    def _rate(self, answer: str, score: int) -> None:
        """Rate an answer."""
        reply = self._post("feedback", {"id": answer, "score": score})
        is_kept = reply is not None and not reply.is_error
        with self._lock:
            self.met.rated += is_kept
            self.met.refused += not is_kept
        # Any other refusal may pass: the server is busy, or its disk is full.
        if self.until_over and reply is not None and reply.status_code == _UNKNOWN:
            self.end = time.monotonic()

    def _post(self, path: str, body: Mapping[str, object]) -> httpx.Response | None:
        """Return the server's reply; None if there is none.

        Who is told to wait waits; TimeoutError if that is longer than the crowd is there.
        """
        import httpx

        while True:
            try:
                reply = self.client.post(path, json=body)
            except httpx.TransportError:
                return None
            if reply.status_code != _LIMITED:
                return reply
            if time.monotonic() + self.pause > self.end:
                raise TimeoutError
            time.sleep(self.pause)
