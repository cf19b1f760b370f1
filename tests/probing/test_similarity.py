"""CKA, retrieval and movement of states against their definitions."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.probing.similarity import (
    centred,
    cka,
    relative_move,
    retrieval_hits,
    unbiased_cka,
)

SEEDS = st.integers(0, 1000)
MEASURES = pytest.mark.parametrize("measure", [cka, unbiased_cka])


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@given(SEEDS, st.integers(4, 12), st.integers(1, 8), st.integers(1, 8))
def test_cka_is_the_formula_of_the_paper(seed, n, one, other):
    x, y = draw(seed, n, one), draw(seed + 1, n, other)
    a, b = x - x.mean(0), y - y.mean(0)
    norm = np.linalg.norm
    expected = norm(b.T @ a) ** 2 / (norm(a.T @ a) * norm(b.T @ b))
    assert cka(x, y) == pytest.approx(expected)


def u_statistic(x, y):
    """HSIC_1 as a mean over all four different sentences, as its definition reads."""
    k, l = x @ x.T, y @ y.T  # noqa: E741
    rows = list(permutations(range(len(x)), 4))
    return np.mean([k[i, j] * (l[i, j] + l[q, r] - 2 * l[i, q]) for i, j, q, r in rows])


@given(SEEDS)
def test_unbiased_cka_is_the_mean_over_all_quadruples(seed):
    x, y = draw(seed, 6, 5), draw(seed + 1, 6, 4)
    scale = u_statistic(x, x) * u_statistic(y, y)
    expected = u_statistic(x, y) / np.sqrt(scale)
    assert unbiased_cka(x, y) == pytest.approx(expected, abs=1e-9)


@MEASURES
@given(seed=SEEDS, scale=st.floats(0.01, 100), shift=st.floats(-100, 100))
def test_a_turn_a_scale_and_a_shift_change_nothing(measure, seed, scale, shift):
    x = draw(seed, 10, 5)
    turn, _ = np.linalg.qr(draw(seed + 1, 5, 5))
    assert measure(x, scale * x @ turn + shift) == pytest.approx(1)
    y = draw(seed + 2, 10, 3)
    assert measure(x @ turn * scale + shift, y) == pytest.approx(measure(x, y), abs=1e-6)
    assert measure(x, y) == pytest.approx(measure(y, x))


def test_noise_of_many_dimensions_is_alike_only_with_the_bias():
    pairs = [(draw(2 * i, 30, 300), draw(2 * i + 1, 30, 300)) for i in range(20)]
    assert np.mean([cka(*pair) for pair in pairs]) > 0.9
    assert abs(np.mean([unbiased_cka(*pair) for pair in pairs])) < 0.02


def test_too_few_sentences_and_states_that_are_all_alike_are_no_number():
    assert np.isnan(unbiased_cka(draw(0, 3, 2), draw(1, 3, 2)))
    assert np.isnan(cka(np.ones((5, 2)), draw(0, 5, 2)))


def test_retrieval_is_counted_each_way():
    first = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]])
    second = np.array([[1.0, 0.0], [0.1, 1.0], [0.0, 1.0]])
    # The third English sentence is nearest to the first of the others, the third other to the
    # second English one.
    forth, back = retrieval_hits(first, second)
    assert forth.tolist() == [1, 0, 0] and back.tolist() == [1, 1, 0]
    assert retrieval_hits(first, first).tolist() == [[1, 1, 1]] * 2
    assert retrieval_hits(np.ones((3, 2)), np.ones((3, 2))).sum() == 0


@given(SEEDS, st.integers(2, 12))
def test_retrieval_equals_a_slow_loop(seed, n):
    x, y = draw(seed, n, 4), draw(seed + 1, n, 4)
    x, y = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, y))
    forth = [max(range(n), key=lambda j, i=i: x[i] @ y[j]) == i for i in range(n)]
    back = [max(range(n), key=lambda j, i=i: y[i] @ x[j]) == i for i in range(n)]
    assert retrieval_hits(x, y).tolist() == [forth, back]


def test_what_a_language_has_in_common_goes_by_centring():
    rows = draw(0, 7, 3)
    np.testing.assert_allclose(centred(rows + 5), centred(rows))
    assert retrieval_hits(centred(rows), centred(rows + 100)).all()


def test_relative_move():
    rows = draw(0, 7, 3)
    assert relative_move(rows, rows) == 0
    assert relative_move(rows, 1.25 * rows) == pytest.approx(0.25)
    assert np.isnan(relative_move(np.zeros((2, 2)), rows[:2, :2]))
