from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.advice.mexa import chance, mexa, mexa_of_cosines, mexa_of_layers


def slowly(first, second):
    """MEXA as its definition reads, one number at a time."""
    n, hits = len(first), 0

    def cosine(a, b):
        dot = sum(x * y for x, y in zip(a, b, strict=True))
        return dot / math.sqrt(sum(x * x for x in a)) / math.sqrt(sum(y * y for y in b))

    for i in range(n):
        rivals = [cosine(first[i], second[j]) for j in range(n) if j != i]
        rivals += [cosine(first[j], second[i]) for j in range(n) if j != i]
        hits += cosine(first[i], second[i]) > max(rivals)
    return hits / n


def test_hand_made_matrices():
    assert mexa_of_cosines(np.eye(3)) == 1.0
    # Row 0 is beaten in its row, row 1 in its column, row 2 by nobody.
    cosine = np.array([[0.5, 0.6, 0.1], [0.2, 0.9, 0.1], [0.1, 0.95, 0.8]])
    assert mexa_of_cosines(cosine) == 0.0
    cosine[2, 1] = 0.7
    assert mexa_of_cosines(cosine) == pytest.approx(2 / 3)


def test_a_tie_is_no_hit():
    assert mexa_of_cosines(np.ones((4, 4))) == 0.0
    assert mexa(np.ones((3, 2)), np.ones((3, 2))) == 0.0


def test_one_pair_says_nothing():
    assert math.isnan(mexa(np.ones((1, 2)), np.ones((1, 2))))
    assert math.isnan(chance(0))


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="as many sentences"):
        mexa(np.ones((3, 2)), np.ones((2, 2)))


@given(st.integers(2, 12), st.integers(2, 6), st.integers(0, 1000), st.floats(0, 3))
def test_equals_a_slow_loop(pairs, width, seed, noise):
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(pairs, width))
    second = first + noise * rng.normal(size=(pairs, width))
    assert mexa(first, second) == pytest.approx(slowly(first.tolist(), second.tolist()))
    assert mexa(first, second) == mexa(second, first)


def test_scale_does_not_matter_and_layers_are_apart():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(2, 9, 5)).astype(np.float32)
    second = np.stack([first[0] * 100, rng.normal(size=(9, 5)).astype(np.float32)])
    found = mexa_of_layers(first, second)
    assert found[0] == 1.0
    assert found[1] == mexa(first[1], second[1]) < 1.0


def test_chance_is_the_mean_of_noise():
    rng = np.random.default_rng(0)
    found = [mexa_of_cosines(rng.normal(size=(8, 8))) for _ in range(3000)]
    assert np.mean(found) == pytest.approx(chance(8), abs=0.01)
