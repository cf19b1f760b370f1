"""Made-up crowds for `bench.abtest`: who comes, how often they come back, what they say.

A user's own mean lies around that of the arm; of all answers of a user, `alike` says how alike
they are (the intraclass correlation). What a look sees of a user is the mean so far.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.error_studies import Row
from pinchtune.stats import Array, Design
from pinchtune.stats.sequential import PLACES

LOOKS = 60
Flags = NDArray[np.bool_]


class Crowd(NamedTuple):
    """Users of one kind."""

    name: str
    daily: float
    """New users a day, both arms together."""
    mean: float = 0.7
    """Mean of the first arm."""
    effect: float = 0.0
    """Mean of the second arm minus that of the first."""
    alike: float = 0.3
    back: float = 0.0
    """Chance that a user comes back on a day."""
    heavy: bool = False
    """A few users say very much."""
    split: float = 0.5
    """Share of the first arm."""
    steps: int = 4
    """A value is one of steps + 1 equally spaced ones: 1 for thumbs, 4 for scores from 1 to 5."""
    at_once: bool = False
    """All users are there on the first day."""
    drift: float = 0.0
    """Change of both means over the test."""
    expected: float = 0.0
    """Users that the plan expects; 0 = as many as come."""

    def design(self) -> Design:
        """Return what a plan would expect: `expected` users, 70 % content or 2 % failures."""
        mean = 0.7 if self.mean > 0.1 else 0.02
        return Design(mean, self.expected or self.daily * LOOKS, self.split)

    def facts(self) -> Row:
        """Return what a table says of the crowd."""
        return {
            "crowd": self.name,
            "users": round(self.daily * LOOKS),
            "mean": self.mean,
            "split": f"{100 * self.split:.0f}/{100 * (1 - self.split):.0f}",
        }


PLAIN = (
    Crowd("each once, thumbs", 10, steps=1),
    Crowd("each once, scores 1 to 5", 10),
    Crowd("few users, thumbs", 1, steps=1),
    Crowd("coming back, own opinions", 10, back=0.3, alike=0.6),
    Crowd("coming back, no own opinions", 10, back=0.3, alike=0.0),
    Crowd("all there from the start", 2, back=0.5, alike=0.3, at_once=True),
    Crowd("all from the start, no own opinions", 2, back=0.9, alike=0.0, at_once=True),
)
UNEQUAL = (
    Crowd("a few say very much", 10, back=0.3, heavy=True),
    Crowd("unequal arms", 10, back=0.2, split=0.9),
    Crowd("rare, unequal arms", 20, mean=0.02, steps=1, split=0.9),
)
RARE = (
    Crowd("rare, coming back", 20, mean=0.01, steps=1, back=0.3, alike=0.2),
    Crowd("rare, no own rates", 20, mean=0.01, steps=1, back=0.3, alike=0.0),
    Crowd("both drift by 30 points", 10, mean=0.55, back=0.3, drift=0.3),
)
FOUND = (
    Crowd("thumbs, each once", 10, steps=1, effect=0.1),
    Crowd("thumbs, each once", 20, steps=1, effect=0.1),
    Crowd("scores, each once", 10, effect=0.07),
    Crowd("scores, each once", 20, effect=0.07),
    Crowd("scores, coming back", 5, effect=0.07, back=0.3),
    Crowd("scores, coming back", 10, effect=0.07, back=0.3),
    Crowd("scores, coming back, unequal arms", 10, effect=0.07, back=0.3, split=0.9),
    Crowd("thumbs, a quarter of the users expected", 20, steps=1, effect=0.1, expected=300),
    Crowd("thumbs, four times the users expected", 20, steps=1, effect=0.1, expected=4800),
    Crowd("rare failures", 40, mean=0.02, steps=1, effect=0.03),
)


def draw_looks(crowd: Crowd, tests: int, rng: np.random.Generator) -> Array:
    """Return [test, look, arm, place], the users' means so far, counted."""
    users = round(crowd.daily * LOOKS)
    begun = np.zeros((tests, users), dtype=int)
    if not crowd.at_once:
        begun = rng.integers(0, LOOKS, (tests, users))
    second = rng.random((tests, users)) >= crowd.split
    own = _own_means(crowd, second, rng)
    amount = _amounts(crowd, (tests, users), rng)
    sums, said = np.zeros((tests, users)), np.zeros((tests, users))
    looks = np.zeros((tests, LOOKS, 2, len(PLACES)))
    for day in range(LOOKS):
        here = (begun == day) | ((begun < day) & (rng.random((tests, users)) < crowd.back))
        now = np.where(here, amount, 0)
        mean = np.clip(own + crowd.drift * (day / LOOKS), 0, 1)
        sums += rng.binomial(now * crowd.steps, mean) / crowd.steps
        said += now
        looks[:, day] = _count(sums, said, second)
    return looks


def _own_means(crowd: Crowd, second: Flags, rng: np.random.Generator) -> Array:
    """Return each user's own mean, beta-distributed around that of the arm."""
    mean = np.where(second, crowd.mean + crowd.effect, crowd.mean)
    if not crowd.alike:
        return mean
    spread = 1 / crowd.alike - 1
    own: Array = rng.beta(mean * spread, (1 - mean) * spread)
    return own


def _amounts(crowd: Crowd, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Return how much each user says on a day."""
    if crowd.heavy:
        drawn: Array = np.minimum(rng.zipf(1.8, shape), 100)
        return drawn
    return np.ones(shape, dtype=int)


def _count(sums: Array, said: Array, second: Flags) -> Array:
    """Return [test, arm, place], counted as pinchtune.stats.count_values does."""
    tests, users = sums.shape
    counts = np.zeros(tests * 2 * len(PLACES))
    known = said > 0
    scaled = sums[known] / said[known] * (len(PLACES) - 1)
    below = np.minimum(scaled.astype(int), len(PLACES) - 2)
    row = np.broadcast_to(np.arange(tests)[:, None] * 2, (tests, users)) + second
    start = row[known] * len(PLACES) + below
    np.add.at(counts, start, 1 - (scaled - below))
    np.add.at(counts, start + 1, scaled - below)
    return counts.reshape(tests, 2, len(PLACES))
