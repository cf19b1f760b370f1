"""Intervals: against scipy, against simulated truth, and by their properties."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from pinchtune.stats import ClusteredScores, Estimate, Resamples


def names(count):
    """Cluster names that sort in the order of the items."""
    return [f"{i:05}" for i in range(count)]


def score(values, clusters=None, languages=None, weights=None, count=500, seed=0):
    clusters = names(len(values)) if clusters is None else clusters
    languages = ["en"] * len(values) if languages is None else languages
    resamples = Resamples(clusters, count, seed)
    return ClusteredScores(resamples, values, clusters, languages, weights)


def scipy_interval(data, statistic, paired=False, count=500):
    result = scipy_stats.bootstrap(
        data,
        statistic,
        n_resamples=count,
        method="percentile",
        paired=paired,
        vectorized=False,
        rng=np.random.default_rng(0),
    )
    return result.confidence_interval


def test_unclustered_mean_agrees_with_scipy():
    values = np.random.default_rng(1).exponential(size=40)
    estimate = score(values).estimate(method="percentile")
    expected = scipy_interval((values,), np.mean)
    assert estimate.value == pytest.approx(values.mean())
    assert (estimate.low, estimate.high) == pytest.approx(tuple(expected))
    assert estimate.n == 40


def test_ratio_agrees_with_scipy():
    rng = np.random.default_rng(2)
    sizes = rng.integers(10, 200, size=30).astype(float)
    bits = sizes * rng.uniform(1, 3, size=30)
    estimate = score(bits, weights=sizes).estimate(method="percentile")
    expected = scipy_interval((bits, sizes), lambda a, b: a.sum() / b.sum(), paired=True)
    assert estimate.value == pytest.approx(bits.sum() / sizes.sum())
    assert (estimate.low, estimate.high) == pytest.approx(tuple(expected))


def test_paired_difference_agrees_with_scipy_and_is_narrower():
    rng = np.random.default_rng(3)
    first = rng.normal(size=50)
    second = first + 0.5 + 0.1 * rng.normal(size=50)
    resamples = Resamples(names(50), 500)
    arms = [ClusteredScores(resamples, v, names(50), ["en"] * 50) for v in (first, second)]
    difference = arms[1].difference(arms[0], method="percentile")
    expected = scipy_interval((second, first), lambda b, a: b.mean() - a.mean(), paired=True)
    assert (difference.low, difference.high) == pytest.approx(tuple(expected))
    assert difference.value == pytest.approx((second - first).mean())
    wide = arms[0].estimate()
    assert difference.high - difference.low < (wide.high - wide.low) / 5


def test_clusters_and_macro_mean_agree_with_a_loop():
    rng = np.random.default_rng(4)
    clusters = ["a", "a", "b", "b", "c", "c", "c"]
    languages = ["ja", "en", "ja", "en", "ja", "en", "en"]
    values = rng.normal(size=7)
    base = score(values, clusters, languages, count=300, seed=9)
    estimate = base.estimate(["en", "ja"], "percentile")
    picks = np.random.default_rng(9).integers(3, size=(300, 3))
    means = []
    for pick in picks:
        drawn = [i for cluster in pick for i in range(7) if clusters[i] == "abc"[cluster]]
        parts = [np.mean([values[i] for i in drawn if languages[i] == c]) for c in ("en", "ja")]
        means.append(np.mean(parts))
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))
    whole = [
        np.mean([v for v, c in zip(values, languages, strict=True) if c == code])
        for code in ("en", "ja")
    ]
    assert estimate.value == pytest.approx(np.mean(whole))


def test_clustered_intervals_cover_and_naive_ones_do_not():
    """The same 40 prompts in six languages share their difficulty: they are not 240 draws."""
    rng = np.random.default_rng(5)
    prompts, languages = 40, [f"l{i}" for i in range(6)]
    shared = names(prompts) * 6
    alone = [f"{code}-{name}" for code in languages for name in names(prompts)]
    columns = [code for code in languages for _ in range(prompts)]
    resamples = {"clustered": Resamples(shared, 300), "naive": Resamples(alone, 300)}
    hits = dict.fromkeys(resamples, 0)
    for _ in range(200):
        difficulty = rng.normal(size=prompts)
        values = (difficulty + 0.5 * rng.normal(size=(6, prompts))).ravel()
        for name, clusters in (("clustered", shared), ("naive", alone)):
            estimate = ClusteredScores(resamples[name], values, clusters, columns).estimate()
            hits[name] += estimate.low <= 0 <= estimate.high
    assert 180 <= hits["clustered"] <= 198
    assert hits["naive"] < 140


items = st.lists(
    st.tuples(
        st.floats(-100, 100),
        st.sampled_from("abcdefgh"),
        st.sampled_from(["en", "ja", "ar"]),
    ),
    min_size=2,
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(items, st.randoms(use_true_random=False))
def test_properties(rows, random):
    values, clusters, languages = map(list, zip(*rows, strict=True))
    base = score(values, clusters, languages, count=60)
    estimate = base.estimate()
    assert min(values) - 1e-9 <= estimate.value <= max(values) + 1e-9
    assert estimate.n == len(rows)
    if len(set(clusters)) < 2:
        assert math.isnan(estimate.low)
        return
    assert estimate.low <= estimate.high
    shuffled = rows[:]
    random.shuffle(shuffled)
    again = score(*map(list, zip(*shuffled, strict=True)), count=60).estimate()
    assert again == pytest.approx(estimate)
    shifted = score([v + 7 for v in values], clusters, languages, count=60).estimate()
    assert shifted[:3] == pytest.approx([v + 7 for v in estimate[:3]])
    assert base.difference(base)[:3] == pytest.approx((0, 0, 0))


def test_same_seed_same_bytes_and_other_seed_other_bytes():
    values = np.random.default_rng(6).normal(size=25)
    texts = [json.dumps(score(values, seed=s).estimate().to_json()) for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_unscored_items_do_not_count():
    estimate = score([1.0, math.nan, 3.0]).estimate()
    assert (estimate.value, estimate.n) == (2.0, 2)


def test_missing_languages_are_left_out_of_the_mean():
    result = score([1.0, 3.0, 8.0, 8.0], list("abab"), ["en", "en", "ja", "ja"])
    assert result.estimate(["en", "ja", "sw"]).value == 5.0
    assert result.estimate(["sw"]).to_json() == {"value": None, "low": None, "high": None, "n": 0}


def test_difference_is_over_languages_that_both_arms_have():
    resamples = Resamples("ab", 50)
    first = ClusteredScores(resamples, [1.0, 1.0], ["a", "b"], ["en", "en"])
    second = ClusteredScores(resamples, [3.0, 3.0, 99.0], ["a", "b", "a"], ["en", "en", "ja"])
    assert second.difference(first)[:] == (2.0, 2.0, 2.0, 2)


def test_a_resample_without_a_language_averages_the_others():
    values, languages = [1.0, 2.0, 10.0, 30.0], ["en", "en", "ja", "ja"]
    estimate = score(values, list("abcd"), languages, count=300, seed=3).estimate(
        method="percentile"
    )
    means = []
    for pick in np.random.default_rng(3).integers(4, size=(300, 4)):
        parts = [[values[i] for i in pick if languages[i] == code] for code in ("en", "ja")]
        means.append(np.mean([np.mean(part) for part in parts if part]))
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))


def test_difference_counts_what_both_arms_scored():
    resamples = Resamples("abc", 50)
    full = ClusteredScores(resamples, [1.0, 1.0, 1.0], "abc", ["en"] * 3)
    part = ClusteredScores(resamples, [3.0, 3.0, math.nan], "abc", ["en"] * 3)
    assert full.difference(part).n == part.difference(full).n == 2


def test_nothing_to_score():
    assert score([]).estimate().to_json()["value"] is None


def test_one_cluster_has_no_interval():
    estimate = score([1.0, 2.0], ["a", "a"]).estimate()
    assert estimate.value == 1.5
    assert math.isnan(estimate.low) and math.isnan(estimate.high)


@pytest.mark.parametrize("values, weights", [([math.inf], None), ([1.0], [math.nan])])
def test_infinite_scores_are_refused(values, weights):
    with pytest.raises(ValueError, match="finite"):
        score(values, weights=weights)


def test_estimate_holds_plain_numbers():
    estimate = score([1.0, 2.0, 3.0]).estimate()
    assert [type(v) for v in estimate] == [float, float, float, int]
    assert Estimate(1 / 3, 0, 1, 2).to_json()["value"] == 0.333333


def shared_scores(rng, prompts=12, codes=("ar", "ja", "sw")):
    """Verdicts on prompts in several languages; the last language lacks some of them."""
    rows = [(c, f"{k:02}") for c in codes for k in range(prompts) if c != "sw" or k % 3]
    values = rng.choice([0.0, 50.0, 100.0], len(rows))
    return values, [k for _, k in rows], [c for c, _ in rows]


def test_contributions_add_up_and_change_sign_with_the_arms():
    values, clusters, languages = shared_scores(np.random.default_rng(7))
    scores = score(values, clusters, languages)
    parts = scores.contributions(["ar", "sw"])
    assert parts.sum() == pytest.approx(scores.estimate(["ar", "sw"]).value - 50)
    swapped = score(100 - values, clusters, languages)
    assert swapped.contributions(["ar", "sw"]) == pytest.approx(-parts)
    alone = scores.contributions(["ja"], neutral=0.0)
    assert alone * 12 == pytest.approx(values[12:24])
    assert score([]).contributions().sum() == 0


def test_paired_contributions_count_what_both_arms_scored():
    rng = np.random.default_rng(8)
    values, clusters, languages = shared_scores(rng)
    other = rng.choice([0.0, 100.0], len(values))
    resamples = Resamples(clusters, 50)
    first = ClusteredScores(resamples, values, clusters, languages)
    second = ClusteredScores(resamples, other, clusters, languages)
    parts = second.paired_contributions(first)
    assert parts.sum() == pytest.approx(second.difference(first).value)
    assert first.paired_contributions(second) == pytest.approx(-parts)
    gaps = other.copy()
    gaps[0] = math.nan
    third = ClusteredScores(resamples, gaps, clusters, languages)
    both = third.paired_contributions(first, ["ar"])
    assert both[0] == 0
    assert both[1:] == pytest.approx((other - values)[1:12] / 11)
    assert first.paired_contributions(third, ["ar"]) == pytest.approx(-both)


def test_a_difference_knows_the_clusters_that_both_arms_have():
    resamples = Resamples("abcd", 50)
    first = ClusteredScores(resamples, [1.0, 2.0, 4.0], "abc", ["en"] * 3)
    second = ClusteredScores(resamples, [3.0, 3.0, 9.0], "bcd", ["en"] * 3)
    found = second.bootstrap_difference(first)
    assert found.left_out == pytest.approx([12 / 2 - 5 / 2, 12 / 2 - 3 / 2])


def test_covariance_is_the_one_of_the_prompts_means():
    rng = np.random.default_rng(9)
    table = rng.normal(size=(3, 15)) + rng.normal(size=15)
    clusters, languages = names(15) * 3, [c for c in "abc" for _ in range(15)]
    found = score(table.ravel(), clusters, languages).covariance(["b", "a", "c"])
    assert found == pytest.approx(np.cov(table[[1, 0, 2]]) / 15)


def test_covariance_with_other_prompts_in_each_language():
    rng = np.random.default_rng(10)
    values = rng.normal(size=20)
    clusters, languages = names(20), ["a"] * 8 + ["b"] * 12
    found = score(values, clusters, languages).covariance(["a", "b"])
    expected = [values[:8].var(ddof=1) / 8, values[8:].var(ddof=1) / 12]
    assert found == pytest.approx(np.diag(expected))


def test_left_out_is_the_score_without_the_cluster():
    values, clusters, languages = shared_scores(np.random.default_rng(11))
    found = score(values, clusters, languages).bootstrap()
    for k, left in enumerate(found.left_out):
        keep = [i for i, c in enumerate(clusters) if c != f"{k:02}"]
        rest = score(values[keep], *([x[i] for i in keep] for x in (clusters, languages)))
        assert left == pytest.approx(rest.estimate().value)


def test_pseudo_values_have_the_score_as_their_mean():
    values, clusters, languages = shared_scores(np.random.default_rng(12))
    found = score([*values, math.nan], [*clusters, "99"], [*languages, "ja"])
    pseudo = found.pseudo_values(["ja"])
    assert pseudo[:12] == pytest.approx(values[12:24]) and math.isnan(pseudo[12])
    both = found.pseudo_values(["ar", "ja"])
    assert np.nanmean(both) == pytest.approx(found.estimate(["ar", "ja"]).value)
    assert np.isnan(score([1.0, math.nan], "ab").pseudo_values()).all()
