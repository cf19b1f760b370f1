"""The ways to choose, behind one interface: a problem comes in, rows in their order go out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import numpy as np

from pinchtune.data.mix import Card, draw_in_turns
from pinchtune.errors import UsageError
from pinchtune.selection.clusters import cluster
from pinchtune.selection.greedy import choose_lazily
from pinchtune.selection.problem import Chosen, Problem

Selector = Callable[[Problem], list[int]]


def choose_randomly(problem: Problem) -> list[int]:
    """Return a seeded draw, as `pinch mix` makes it: what the paper does, and no subject twice."""
    chosen = Chosen(problem)
    chosen.pin()
    rows = [row for row in _in_pool_order(problem) if chosen.is_free[row]]
    twins = problem.twins or problem.ids
    quotas = problem.quotas
    cards = [
        Card(group if (group := problem.groups[i]) in quotas else "", problem.ids[i], twins[i])
        for i in rows
    ]
    wanted = {group: max(0, chosen.left[group]) for group in quotas}
    wanted[""] = max(0, problem.size - len(chosen.rows) - sum(wanted.values()))
    return _take(problem, [rows[place] for place in draw_in_turns(cards, wanted, problem.seed)])


def _in_pool_order(problem: Problem) -> list[int]:
    places = problem.places
    return sorted(problem.order(), key=lambda i: places[i]) if places else problem.order()


def choose_longest(problem: Problem) -> list[int]:
    """Return the candidates with the longest responses."""
    if len(problem.lengths) != len(problem.ids):
        raise UsageError("lengths: one number for each candidate is needed to choose the longest")
    return _take(problem, sorted(problem.order(), key=lambda i: -int(problem.lengths[i])))


def choose_spread(problem: Problem) -> list[int]:
    """Return k-centre's choice: each next one is the farthest from all before (Gonzalez 1985).

    The first one is the candidate closest to the middle of the ground set.
    """
    chosen, order = Chosen(problem), np.array(problem.order(), np.int64)
    middle = problem.ground.weights @ problem.ground.vectors
    near = np.full(len(problem.ids), -np.inf)
    for row in chosen.pin():
        near = np.maximum(near, problem.vectors @ problem.vectors[row])
    while not chosen.is_full:
        free = order[chosen.is_free[order]]
        score = near[free] if chosen.rows else -(problem.vectors[free] @ middle)
        row = int(free[np.argmin(np.round(score, 6))])
        near = np.maximum(near, problem.vectors @ problem.vectors[row])
        chosen.add(row)
    return chosen.rows


def choose_by_cluster(problem: Problem) -> list[int]:
    """Return a draw from each cluster in turn, the clusters with the most candidates first."""
    labels = cluster(problem.vectors, max(1, problem.size), problem.seed)
    sizes = np.bincount(labels, minlength=problem.size)
    rows = problem.order()
    random.Random(f"select-{problem.seed}").shuffle(rows)
    turn = {row: turn for turn, row in _turns(rows, labels.tolist())}
    return _take(problem, sorted(rows, key=lambda i: (turn[i], -int(sizes[labels[i]]), labels[i])))


def _turns(rows: Iterable[int], labels: list[int]) -> Iterable[tuple[int, int]]:
    """Yield (how many of its cluster came before, row)."""
    seen: dict[int, int] = {}
    for row in rows:
        seen[labels[row]] = seen.get(labels[row], -1) + 1
        yield seen[labels[row]], row


def _take(problem: Problem, rows: Iterable[int]) -> list[int]:
    """Return the first of `rows` that pins, exclusions and quotas allow."""
    chosen = Chosen(problem)
    chosen.pin()
    for row in rows:
        if chosen.is_full:
            break
        if chosen.is_free[row]:
            chosen.add(row)
    return chosen.rows


SELECTORS: dict[str, Selector] = {
    "facility": choose_lazily,
    "random": choose_randomly,
    "spread": choose_spread,
    "longest": choose_longest,
    "cluster": choose_by_cluster,
}
"""Ways to choose by their name in pinch.toml."""
