"""Arms are shared among processes, and what they say of a difference adds up."""

from __future__ import annotations

import numpy as np

from bench.arms import untaken
from bench.arms_score import difference


def test_each_arm_is_taken_once_and_finished_ones_never(tmp_path):
    arms = [{"name": name} for name in "abcd"]
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "b.json").write_text("{}")
    first, second = untaken(arms, tmp_path), untaken(arms, tmp_path)
    taken = [next(first), next(second), next(first, None), next(second, None)]
    assert [arm and arm["name"] for arm in taken] == ["a", "c", "d", None]


def test_a_difference_has_its_sign_and_its_interval():
    prompts = [{"language": "es", "cluster": str(n)} for n in range(40)]
    arms = {"low": {"right": "10" * 20}, "high": {"right": "1" * 40}}
    scores = {"prompts": prompts, "arms": arms}
    mean, low, high = difference(scores, ["low"], ["high"], np.arange(40))
    assert mean == 50 and 30 < low < 50 < high < 70
    assert difference(scores, ["low"], ["low"], np.arange(40)) == (0, 0, 0)
