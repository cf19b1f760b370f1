"""How often an A/B test that is looked at every day stops without reason, and what it finds.

`python -m bench.abtest [--tests 2000] [--only 'false;power'] [--json FILE]`: prints a table for
each part and writes bench/results/abtest.json. About seven minutes on one core.

Beside the bets of pinchtune.stats.sequential stand a z test at every look, which is what people
do, a z test at the end alone, and the asymptotic confidence sequence of a normal mixture
(Waudby-Smith et al. 2024, Annals of Statistics 52), all over users.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from bench.abtest_crowds import FOUND, LOOKS, PLAIN, RARE, UNEQUAL, Crowd, Flags, draw_looks
from bench.error_rates import make_table, write_parts
from bench.error_studies import Row, share
from pinchtune.stats import Array, Design, p_differs
from pinchtune.stats.sequential import PLACES, grow, join

RESULTS = Path(__file__).with_name("results") / "abtest.json"
LEVEL = 0.05
BLOCK = 250
"""Tests that are drawn at a time."""
TUNED_AT = 250
"""Users at which the normal mixture is narrowest."""
MEANS = (1 - np.cos(np.pi * (np.arange(32) + 0.5) / 32)) / 2


def false_stops(crowds: Sequence[Crowd], tests: int, seed: int) -> Iterator[Row]:
    """How often a test without an effect claims one, at any look and at the last."""
    for crowd in crowds:
        stops, daily, last, mixture = _look(crowd, tests, seed)
        yield {
            **crowd.facts(),
            "bets": share(_ever(stops)),
            "normal mixture": share(_ever(mixture)),
            "z test at every look": share(_ever(daily)),
            "z test at the end": share(last),
        }


def power(crowds: Sequence[Crowd], tests: int, seed: int) -> Iterator[Row]:
    """How often a real effect is found, and after how many days."""
    for crowd in crowds:
        stops, _, last, _ = _look(crowd, tests, seed)
        found = _ever(stops)
        days = np.where(found, stops.argmax(axis=1) + 1, LOOKS)
        yield {
            **crowd.facts(),
            "effect": crowd.effect,
            "bets": share(found),
            "days, mean": round(float(days.mean()), 1),
            "z test at the end": share(last),
        }


PARTS: dict[str, tuple[Callable[[Sequence[Crowd], int, int], Iterator[Row]], Sequence[Crowd]]] = {
    "false": (false_stops, PLAIN),
    "false, unequal": (false_stops, UNEQUAL),
    "false, rare or drifting": (false_stops, RARE),
    "power": (power, FOUND),
}


def _look(crowd: Crowd, tests: int, seed: int) -> tuple[Flags, Flags, Flags, Flags]:
    """Return [test, look], what bets, a daily z test, the last z test and the mixture claim."""
    found: list[tuple[Flags, Flags, Flags, Flags]] = []
    for first in range(0, tests, BLOCK):
        rng = np.random.default_rng([seed, first, *crowd.name.encode()])
        counts = draw_looks(crowd, min(BLOCK, tests - first), rng)
        z, users = _z(counts)
        daily = z > 1.96
        found.append((_bets(counts, crowd), daily, daily[:, -1], z > _mixture(users)))
    together = [np.concatenate(parts) for parts in zip(*found)]
    return together[0], together[1], together[2], together[3]


def _ever(claims: Flags) -> Flags:
    return np.asarray(claims.any(axis=1))


def _bets(counts: Array, crowd: Crowd) -> Flags:
    """Return the first look of each test at which bets differ at LEVEL.

    Looks at which they cannot are told by a few common means.
    """
    below, above, design = counts[:, :, 0], counts[:, :, 1], crowd.design()
    up, down = _few_means(below, above, design), _few_means(above, below, design.swapped())
    claims = np.zeros(up.shape, dtype=bool)
    for test, look in zip(*np.nonzero(np.maximum(up, down) >= math.log(2 / LEVEL))):
        if not claims[test].any():
            p = p_differs(below[test, look], above[test, look], design)
            claims[test, look] = p <= LEVEL
    return claims


def _few_means(first: Array, second: Array, design: Design) -> Array:
    """Return the log of the least capital over a few common means: no less than over all."""
    below, above = grow(first[..., ::-1], 1 - MEANS), grow(second, MEANS)
    least: Array = join(below, above, design).min(axis=-1)
    return least


def _z(counts: Array) -> tuple[Array, Array]:
    """Return [test, look], Welch's z of the means over users, and the users."""
    users = np.maximum(counts.sum(axis=-1), 1)
    means = counts @ PLACES / users
    spread = np.maximum(counts @ PLACES**2 / users - means**2, 0) / np.maximum(users - 1, 1)
    error = np.sqrt(spread.sum(axis=-1))
    apart = np.abs(means[..., 1] - means[..., 0])
    z = np.divide(apart, error, out=np.zeros_like(apart), where=error > 0)
    return z, users.sum(axis=-1)


def _mixture(users: Array) -> Array:
    """Return how large z must be for the normal mixture, narrowest at TUNED_AT users."""
    rho2 = (-2 * math.log(LEVEL) + math.log(1 - 2 * math.log(LEVEL))) / TUNED_AT
    scaled = users * rho2
    limit: Array = np.sqrt((scaled + 1) / scaled * np.log((scaled + 1) / LEVEL**2))
    return limit


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the tests up, count, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=";".join(PARTS), help="parts, with semicolons")
    parser.add_argument("--json", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    unknown = set(options.only.split(";")) - set(PARTS)
    if unknown:
        parser.error(f"no part {sorted(unknown)[0]!r}; there are: {'; '.join(PARTS)}")
    found = json.loads(options.json.read_text("utf-8")) if options.json.is_file() else {}
    for name in options.only.split(";"):
        start = perf_counter()
        count, crowds = PARTS[name]
        rows = list(count(crowds, options.tests, options.seed))
        found[name] = {"tests": options.tests, "seed": options.seed, "rows": rows}
        print(f"## {name}\n\n{make_table(rows)}\n", flush=True)
        print(f"{name}: {perf_counter() - start:.0f} s", file=sys.stderr)
    write_parts(options.json, {name: found[name] for name in PARTS if name in found})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
