"""The list of arms that choosing is compared with drawing by."""

from __future__ import annotations

from itertools import groupby

from bench.choices import RANDOM, list_arms
from pinchtune.selection.selectors import SELECTORS


def pick(method: str, seed: int) -> list[str]:
    return [f"{method}-{seed}-{n}" for n in range(3)]


def test_each_seed_tunes_on_the_same_choices_after_english_alone():
    arms = list(list_arms(pick, seeds=2, draws=5, budget=64))
    first, second = ([*found] for _, found in groupby(arms, lambda arm: arm["seed"]))
    assert [arm["pinch"] for arm in first] == [arm["pinch"] for arm in second]
    assert first[0]["pinch"] == [] and all(arm["pinch"] for arm in first[1:])
    assert {arm["budget"] for arm in arms} == {64}
    assert len({arm["name"] for arm in arms}) == len(arms)


def test_every_way_stands_beside_all_draws():
    arms = list(list_arms(pick, seeds=1, draws=5, budget=64))[1:]
    ways = [arm["selector"] for arm in arms]
    assert sorted(ways) == sorted([*SELECTORS, *[RANDOM] * 4])
    drawn = [tuple(arm["pinch"]) for arm in arms if arm["selector"] == RANDOM]
    assert len(set(drawn)) == 5
    # Whoever stops early has about as many of both.
    assert ways[0] != RANDOM and ways[1] == RANDOM
