from __future__ import annotations

import copy

import pytest

from pinchtune.advice.plan import Cluster, plan_next
from pinchtune.errors import UsageError

HAVE = {"en": 100, "es": 10, "ja": 10}


def estimate(value, half, n):
    return {"value": value, "low": value - half, "high": value + half, "n": n}


def make_scores(rows, half=2.0, n=200):
    """Scores of {code: (group, control, effect)}."""
    groups = {}
    for group in ("english", "seen", "unseen"):
        mine = [r for r in rows.values() if r[0] == group]
        mean = sum(r[1] for r in mine) / len(mine) if mine else None
        groups[group] = estimate(mean, half, n) if mine else dict.fromkeys(("value", "low", "high"))
        groups[group].setdefault("n", 0)
    return {
        "languages": [{"code": c, "group": r[0], "prompts": n} for c, r in rows.items()],
        "measures": {
            "right_language": {
                "arms": {
                    "english": {
                        "languages": {c: estimate(r[1], half, n) for c, r in rows.items()},
                        "groups": groups,
                    }
                },
                "difference": {"languages": {c: estimate(r[2], half, n) for c, r in rows.items()}},
            }
        },
    }


CLEAR = {
    "en": ("english", 99, 0),
    "es": ("seen", 60, 36),
    "ja": ("seen", 62, 34),
    "hi": ("unseen", 50, 10),
    "it": ("unseen", 61, 8),
    "cs": ("unseen", 60, 11),
    "fi": ("unseen", 90, 2),
}


def test_clear_case_is_advised():
    plan = plan_next(make_scores(CLEAR), HAVE)
    first = plan.steps[0]
    assert (plan.verdict, first.code, first.group, first.examples) == (
        "collect",
        "hi",
        "unseen",
        10,
    )
    assert 0 < first.gain.low < first.gain.value < first.gain.high < 40
    assert first.best > 0.9
    assert first.cautions == ()
    assert plan.usual == 10
    assert plan.ratio.value < 0.4
    assert [s.code for s in plan.steps][-1] in ("es", "ja")
    assert {s.code for s in plan.steps} == set(CLEAR) - {"en"}


def test_shrinkage_goes_toward_the_mean_of_the_group():
    rows = {**CLEAR, "sw": ("unseen", 60, 40)}
    step = {s.code: s for s in plan_next(make_scores(rows, 20, 24), HAVE).steps}["sw"]
    assert step.measured.value == 40
    assert 14 < step.effect.value < 38


def test_noise_is_not_advice():
    plan = plan_next(make_scores(CLEAR, 45, 12), HAVE)
    assert plan.verdict in ("unclear", "none")
    assert {"may_be_nothing", "few_prompts"} <= set(plan.steps[0].cautions)


def test_own_examples_that_do_not_help_gain_nothing():
    rows = {c: (g, e, 0 if g == "seen" else d + 20) for c, (g, e, d) in CLEAR.items()}
    plan = plan_next(make_scores(rows), HAVE)
    assert plan.verdict == "none"
    assert plan.ratio.low > 1
    assert all(step.gain.value <= 0 for step in plan.steps)


def test_without_a_group_to_compare_with_nothing_is_claimed():
    rows = {c: r for c, r in CLEAR.items() if r[0] != "unseen"}
    plan = plan_next(make_scores(rows), HAVE)
    assert (plan.verdict, plan.ratio) == ("unknown", None)
    assert all(step.gain is None and step.best is None for step in plan.steps)
    assert plan.notes[0] == "measure" and "dose" not in plan.notes
    # No examples of tuned languages are known: nothing to set a dose by either.
    assert plan_next(make_scores(CLEAR), {}).verdict == "unknown"


def test_only_english_is_refused():
    with pytest.raises(UsageError, match="no language but English"):
        plan_next(make_scores({"en": CLEAR["en"]}), HAVE)


def test_language_without_a_score_is_left_out():
    scores = make_scores(CLEAR)
    scores["measures"]["right_language"]["difference"]["languages"]["cs"]["value"] = None
    assert "cs" not in {s.code for s in plan_next(scores, HAVE).steps}


def test_deterministic_whatever_the_order_of_clusters():
    scores = make_scores(CLEAR)
    clusters = [Cluster("b", "Refunds", {"hi": 30}), Cluster("a", "Hours", {"hi": 30, "it": 1})]
    plan = plan_next(scores, HAVE, 3, clusters)
    assert plan == plan_next(copy.deepcopy(scores), HAVE, 3, clusters[::-1])
    assert plan.steps[0].clusters == (("a", "Hours", 2), ("b", "Refunds", 1))
    assert "no_clusters" not in plan.notes
    assert plan != plan_next(scores, HAVE, 3, clusters, seed=1)


def test_clusters_that_are_covered_come_last():
    clusters = [Cluster("a", "Hours", {"": 30}, have=9), Cluster("b", "Refunds", {"": 20})]
    plan = plan_next(make_scores(CLEAR), HAVE, 4, clusters)
    assert plan.steps[0].clusters == (("b", "Refunds", 4),)


def test_more_examples_gain_more_and_weak_languages_are_marked():
    scores = make_scores(CLEAR)
    few, many = (plan_next(scores, HAVE, n, weak=frozenset({"hi"})) for n in (5, 50))
    assert few.steps[0].gain.value < many.steps[0].gain.value
    assert "hardly_known" in few.steps[0].cautions


def test_the_more_a_language_has_the_less_the_same_step_adds():
    rows = make_scores({**CLEAR, "es": ("seen", 60, 30), "ja": ("seen", 60, 30)})
    gain = {s.code: s.gain.value for s in plan_next(rows, {"es": 5, "ja": 40}, 10).steps}
    assert gain["es"] > 2 * gain["ja"] > 0
