from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.errors import UsageError
from pinchtune.model.embed import unit
from pinchtune.selection.coverage import Coverage, cover, cover_all
from pinchtune.selection.greedy import choose_lazily, choose_plainly
from pinchtune.selection.problem import Ground, Problem
from pinchtune.selection.selectors import SELECTORS


def make_problem(seed: int, candidates: int = 60, texts: int = 80, size: int = 12) -> Problem:
    """A random instance with counts, terms, merits and languages; some candidates are twins."""
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(candidates, 8)).astype(np.float32))
    vectors[1::7] = vectors[0::7][: len(vectors[1::7])]
    ground = Ground.of(
        unit(rng.normal(size=(texts, 8)).astype(np.float32)), rng.integers(1, 9, texts)
    )
    terms = [frozenset(rng.choice(list("abcdefgh"), rng.integers(0, 4))) for _ in range(candidates)]
    return Problem(
        ids=[f"{n:03}" for n in rng.permutation(candidates)],
        vectors=vectors,
        ground=ground,
        size=size,
        groups=rng.choice(["es", "ja", "ar"], candidates).tolist(),
        quotas={"es": 4, "ja": 4, "ar": 4} if seed % 2 else {},
        lengths=rng.integers(0, 900, candidates),
        topics=terms,
        topic_weight=0.01,
        seed=seed,
    )


def value(problem: Problem, rows: list[int]) -> float:
    """The definition, written down plainly."""
    near = problem.vectors[rows].astype(float) @ problem.ground.vectors.T.astype(float)
    covered = np.maximum(near.max(axis=0), 0) @ problem.ground.weights
    terms = set().union(*(problem.topics[r] for r in rows))
    return float(covered + problem.topic_weight * len(terms))


@pytest.mark.parametrize("seed", range(50))
def test_lazy_is_plain_greedy(seed: int):
    problem = make_problem(seed)
    lazy, plain = choose_lazily(problem), choose_plainly(problem)
    assert lazy == plain
    assert abs(value(problem, lazy) - cover(problem, lazy).value) < 1e-6


@pytest.mark.parametrize("seed", range(10))
def test_greedy_is_within_its_guarantee(seed: int):
    from itertools import combinations

    problem = replace(make_problem(seed, candidates=10, size=3), quotas={})
    best = max(value(problem, list(rows)) for rows in combinations(range(10), 3))
    assert value(problem, choose_lazily(problem)) >= (1 - 1 / np.e) * best


@given(st.integers(0, 10_000), st.data())
def test_value_grows_and_gains_shrink(seed: int, data: st.DataObject):
    problem = make_problem(seed)
    small = data.draw(st.lists(st.integers(0, 59), max_size=4, unique=True))
    more = data.draw(st.lists(st.integers(0, 59), max_size=4, unique=True))
    row = np.array([data.draw(st.sampled_from(sorted({*range(60)} - {*small, *more})))])
    before, after = cover(problem, small), cover(problem, list(dict.fromkeys([*small, *more])))
    assert after.value >= before.value - 1e-6
    assert after.gains(row)[0] <= before.gains(row)[0] + 1e-6


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch):
    problem = make_problem(3)
    rows = np.arange(60)
    whole = Coverage(problem).gains(rows)
    everything = cover(problem, rows.tolist()).covered
    monkeypatch.setattr("pinchtune.selection.coverage.BLOCK", 200)
    assert cover_all(problem) == pytest.approx(everything, abs=1e-7)
    assert np.allclose(Coverage(problem).gains(rows), whole, atol=1e-7)


@pytest.mark.parametrize("name", SELECTORS)
def test_every_way_keeps_to_the_rules(name: str):
    problem = make_problem(1)
    pinned = frozenset(sorted(problem.ids)[5:7])
    excluded = frozenset(sorted(problem.ids)[20:50])
    problem = replace(problem, pinned=pinned, excluded=excluded)
    rows = SELECTORS[name](problem)
    chosen = [problem.ids[r] for r in rows]
    assert len(set(chosen)) == len(chosen) <= problem.size
    assert set(chosen[:2]) == pinned and not set(chosen) & excluded
    for group, quota in problem.quotas.items():
        assert sum(problem.groups[r] == group for r in rows) <= quota
    assert SELECTORS[name](problem) == rows


@pytest.mark.parametrize("name", ["facility", "spread", "longest"])
def test_order_of_the_pool_does_not_matter(name: str):
    problem = make_problem(5)
    turn = np.random.default_rng(9).permutation(60)
    turned = replace(
        problem,
        ids=[problem.ids[i] for i in turn],
        vectors=problem.vectors[turn],
        groups=[problem.groups[i] for i in turn],
        lengths=problem.lengths[turn],
        topics=[problem.topics[i] for i in turn],
    )
    ids = [problem.ids[r] for r in SELECTORS[name](problem)]
    assert [turned.ids[r] for r in SELECTORS[name](turned)] == ids


def test_of_equals_the_smaller_id_is_chosen():
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    problem = Problem(["d", "c", "b", "a"], vectors, Ground.of(vectors), 2, ["es"] * 4)
    assert [problem.ids[r] for r in choose_lazily(problem)] == ["a", "c"]


def test_often_asked_comes_first():
    vectors = np.eye(3, dtype=np.float32)
    problem = Problem(list("abc"), vectors, Ground.of(vectors, [1, 1, 5]), 1, ["es"] * 3)
    assert choose_lazily(problem) == [2]


def test_facility_covers_more_than_the_others():
    problem = replace(make_problem(2), topic_weight=0.0)
    covered = {name: cover(problem, choose(problem)).covered for name, choose in SELECTORS.items()}
    assert max(covered, key=covered.__getitem__) == "facility"


def test_unknown_pin_is_named():
    with pytest.raises(UsageError, match="nowhere"):
        choose_lazily(replace(make_problem(0), pinned=frozenset(["nowhere"])))


def test_pin_without_a_place_is_named():
    problem = make_problem(1)
    many = frozenset(i for i, g in zip(problem.ids, problem.groups, strict=True) if g == "es")
    with pytest.raises(UsageError, match="no place"):
        choose_lazily(replace(problem, pinned=many))


@pytest.mark.parametrize("counts", [[1.0], [0, 0, 0], [1, -1, 3]])
def test_counts_that_make_no_sense_are_refused(counts: list[float]):
    with pytest.raises(UsageError, match="counts"):
        Ground.of(np.eye(3, dtype=np.float32), counts)
