"""Arms are shared among processes, and what they say of a difference adds up."""

from __future__ import annotations

import numpy as np
import pytest

from bench.arms import untaken
from bench.arms_score import difference, table
from bench.common import ROOT
from pinchtune.files import read_jsonl

RESULTS = ROOT / "bench" / "results"


def test_each_arm_is_taken_once_and_finished_ones_never(tmp_path):
    arms = [{"name": name} for name in "abcd"]
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "b.json").write_text("{}")
    first, second = untaken(arms, tmp_path), untaken(arms, tmp_path)
    taken = [next(first), next(second), next(first, None), next(second, None)]
    assert [arm and arm["name"] for arm in taken] == ["a", "c", "d", None]


def test_a_difference_has_its_sign_and_its_interval():
    prompts = [{"language": "es", "cluster": str(n)} for n in range(40)]
    arms = {"low": {"seed": 0, "right": "10" * 20}, "high": {"seed": 0, "right": "1" * 40}}
    scores = {"prompts": prompts, "arms": arms}
    mean, low, high = difference(scores, ["low"], ["high"], np.arange(40))
    assert mean == 50 and 30 < low < 50 < high < 70
    assert difference(scores, ["low"], ["low"], np.arange(40)) == (0, 0, 0)


def test_a_seed_that_moves_all_arms_is_no_difference():
    prompts = [{"language": "es", "cluster": str(n)} for n in range(40)]
    poor, good = "1000" * 10, "1110" * 10
    arms = {
        f"{way}{seed}": {"seed": seed, "right": right}
        for way in ("random", "facility")
        for seed, right in ((0, poor), (1, good))
    }
    scores = {"prompts": prompts, "arms": arms}
    drawn, chosen = ["random0", "random1"], ["facility0", "facility1"]
    assert difference(scores, drawn, chosen, np.arange(40)) == (0, 0, 0)
    # Unpaired the two seeds alone would differ by 50 points; only shared seeds count.
    assert difference(scores, ["random0"], chosen, np.arange(40)) == (0, 0, 0)


def test_a_table_is_of_the_prompts_and_of_the_measure_that_were_asked_for():
    prompts = [
        {"language": code, "cluster": f"{kind}-{n}"}
        for kind in ("trade", "general")
        for code in ("en", "es")
        for n in range(4)
    ]
    bits = [0.5, None, 0.5, None] * 4
    low = {"right": "1" * 12 + "0000", "bits": bits, "wins": [None] * 16}
    low |= {"selector": "random", "seed": 0}
    high = {**low, "right": "1" * 16, "bits": [b and b + 0.25 for b in bits], "selector": "asked"}
    scores = {"prompts": prompts, "arms": {"sel-random0": low, "sel-asked0": high}}
    assert "| asked | 1 | +0.0 [0.0, 0.0] | +0.0 [0.0, 0.0] | – |" in table(scores, ["es"], "trade")
    assert "+100.0 [100.0, 100.0]" in table(scores, ["es"], "general")
    assert "+0.2500 [0.2500, 0.2500]" in table(scores, ["es"], "trade", "bits")
    assert "| sel-random0 | 0.5000 | 0.5000 | – |" in table(scores, ["es"], "trade", "bits")
    assert "| random | 100.0 | 100.0 | – |" in table(scores, ["es"], "trade")


@pytest.mark.parametrize("name", ["choices-list", "trade-list", "sets-list"])
def test_a_stored_list_has_every_way_in_every_seed_and_forty_examples(name):
    arms = [row for _, row in read_jsonl(RESULTS / f"{name}.jsonl")]
    by_seed = {}
    for arm in arms:
        by_seed.setdefault(arm["seed"], []).append((arm.get("selector"), tuple(arm["pinch"])))
        assert len(set(arm["pinch"])) == len(arm["pinch"]) == (40 if arm.get("selector") else 0)
    assert all(ways == by_seed[0] for ways in by_seed.values())
