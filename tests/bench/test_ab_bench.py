"""The study of false stops: its short cut, its crowds, and a small run of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.abtest import LEVEL, RESULTS, _bets, _look, main
from bench.abtest_crowds import FOUND, LOOKS, PLAIN, RARE, UNEQUAL, Crowd, _count, draw_looks
from pinchtune.stats import count_values, p_differs


def test_means_are_counted_as_the_package_does():
    sums, said = np.array([[1.5, 2.0, 0.0, 0.3]]), np.array([[2.0, 2.0, 0.0, 1.0]])
    counts = _count(sums, said, np.array([[False, True, True, False]]))
    assert counts[0, 0] == pytest.approx(count_values([0.75, 0.3]))
    assert counts[0, 1] == pytest.approx(count_values([1.0]))


def test_short_cut_finds_what_every_look_finds():
    crowd = Crowd("strong", 10, effect=0.25)
    counts = draw_looks(crowd, 3, np.random.default_rng(0))
    found = _bets(counts, crowd)
    for test in range(3):
        p = [p_differs(*counts[test, look], crowd.design()) for look in range(LOOKS)]
        first = next(look for look in range(LOOKS) if p[look] <= LEVEL)
        assert found[test].argmax() == first and found[test].sum() == 1


def test_crowds_are_as_they_say():
    for crowd in (*PLAIN, *UNEQUAL, *RARE, *FOUND):
        last = draw_looks(crowd, 20, np.random.default_rng(1))[:, -1]
        share = last[:, 0].sum() / last.sum()
        assert share == pytest.approx(crowd.split, abs=0.05)
        assert last.sum() <= 20 * crowd.daily * LOOKS + 1e-6


@pytest.mark.parametrize("crowd", [PLAIN[0], *UNEQUAL[1:]], ids=lambda c: c.name)
def test_few_tests_without_an_effect_stop(crowd):
    stops, daily, _, _ = _look(crowd, 200, seed=3)
    assert stops.any(axis=1).mean() <= 0.05 + 0.03
    assert daily.any(axis=1).mean() > 0.25


def test_recorded_rates_keep_the_level():
    found = json.loads(RESULTS.read_text("utf-8"))
    parts = [part for name, part in found.items() if name.startswith("false")]
    rows = [row for part in parts for row in part["rows"]]
    assert len(rows) == len(PLAIN) + len(UNEQUAL) + len(RARE)
    assert all(part["tests"] >= 2000 for part in parts)
    assert max(row["bets"]["percent"] for row in rows) <= 5


@pytest.mark.slow
def test_the_study_can_be_made_again(tmp_path, capsys):
    assert main(["--tests", "250", "--only", "power", "--json", str(tmp_path / "ab.json")]) == 0
    assert "thumbs, each once" in capsys.readouterr().out
