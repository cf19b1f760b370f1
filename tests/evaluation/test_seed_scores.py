"""scores.json of several seeds: the mean, its interval, and each seed by itself."""

import json

import numpy as np
import pytest

from pinchtune.config import Config, EvaluateConfig, LanguagesConfig
from pinchtune.errors import UsageError
from pinchtune.evaluation.decision import decide, verdict_text
from pinchtune.evaluation.scores import Answered, score_arms, score_seeds
from pinchtune.records import Answer, Example, Verdict

CONFIG = Config(
    languages=LanguagesConfig(tuned=("ja",), unseen=("ru",)),
    evaluate=EvaluateConfig(resamples=100),
)
PROMPTS = [
    Example(f"{n}?", "да", code, parallel_id=f"p{n}")
    for n in range(24)
    for code in ("en", "ja", "ru")
]
GROUPS = ("english", "seen", "unseen")


def seed(number, share=0.6, arms=("english", "pinch"), broken=0):
    rng = np.random.default_rng(number)
    scores = [1.0 if rng.random() < share else 0.0 for _ in PROMPTS]
    scores = [None] * broken + scores[broken:]
    answers = {
        arm: [Answer(p.id, p.language, f"да {number}", True, 3) for p in PROMPTS] for arm in arms
    }
    bits = {arm: {p.id: (8.0 + number, 4) for p in PROMPTS} for arm in arms}
    orders = {1.0: "b", 0.0: "a", None: "error"}
    verdicts = [
        Verdict(p.id, p.language, s, orders[s], orders[s], "", "made up", seed=number)
        for p, s in zip(PROMPTS, scores, strict=True)
    ]
    return Answered(answers, bits, verdicts)


@pytest.fixture(scope="module")
def seeds():
    return [seed(number) for number in range(3)]


@pytest.fixture(scope="module")
def scores(seeds):
    return score_seeds(PROMPTS, seeds, CONFIG)


def test_every_value_is_the_mean_of_the_seeds(seeds, scores):
    alone = [score_arms(PROMPTS, *one, CONFIG) for one in seeds]
    for group in GROUPS:
        mean = np.mean([one["win_rate"]["groups"][group]["value"] for one in alone])
        assert scores["win_rate"]["groups"][group]["value"] == pytest.approx(mean, abs=1e-5)
    bits = scores["measures"]["bits_per_byte"]["arms"]["pinch"]["languages"]["ja"]
    assert bits["value"] == pytest.approx(9 / 4) and bits["low"] < 9 / 4 < bits["high"]
    assert set(scores) - set(alone[0]) == {"seeds"}
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_each_seed_is_there_as_it_is_alone(seeds, scores):
    assert scores["seeds"]["count"] == 3
    for one, table in zip(seeds, scores["seeds"]["win_rate"], strict=True):
        assert table["groups"] == score_arms(PROMPTS, *one, CONFIG)["win_rate"]["groups"]


def test_the_spread_between_seeds_stands_apart(scores):
    apart = score_seeds(PROMPTS, [seed(0, 0.2), seed(1, 0.5), seed(2, 0.9)], CONFIG)
    near = {g: scores["seeds"]["spread"][g]["seeds"] for g in GROUPS}
    far = {g: apart["seeds"]["spread"][g]["seeds"] for g in GROUPS}
    assert all(far[g] > near[g] + 10 for g in GROUPS)
    for group in GROUPS:
        wide, these = apart["win_rate"]["groups"][group], apart["seeds"]["spread"][group]
        assert (
            wide["low"] < these["these_seeds"]["low"] < these["these_seeds"]["high"] < wide["high"]
        )
        assert wide["low"] >= 0 and wide["high"] <= 100


def test_one_seed_is_as_it_was(seeds):
    one = score_seeds(PROMPTS, seeds[:1], CONFIG)
    assert "seeds" not in one
    assert decide(one).reasons == decide(score_arms(PROMPTS, *seeds[0], CONFIG)).reasons


def test_the_untuned_model_is_in_the_first_seed_only(seeds):
    first = seed(0, arms=("base", "english", "pinch"))
    found = score_seeds(PROMPTS, [first, *seeds[1:]], CONFIG)
    assert found["arms"] == ["base", "english", "pinch"]
    assert found["measures"]["bits_per_byte"]["arms"]["base"]["languages"]["ja"]["value"] == 2


def test_verdicts_that_could_not_be_had_are_counted_over_all_seeds():
    found = score_seeds(PROMPTS, [seed(0, broken=3), seed(1, broken=6)], CONFIG)
    assert found["win_rate"]["unscored"] == 9
    assert found["win_rate"]["groups"]["english"]["n"] == 22
    health = found["judging"]["health"]["unscored"]["all"]
    assert (health["value"], health["n"]) == (pytest.approx(100 * 9 / 144, abs=1e-5), 144)


def test_two_seeds_tell_little_and_the_decision_says_so(seeds, scores):
    two = score_seeds(PROMPTS, seeds[:2], CONFIG)
    assert "few_seeds" in [r.code for r in decide(two).reasons]
    assert "only 2 times" in verdict_text(decide(two), two)
    assert "2回しか" in verdict_text(decide(two), two, "ja")
    assert "few_seeds" not in [r.code for r in decide(scores).reasons]
    assert "repeated 3 times" in verdict_text(decide(scores), scores)


def test_the_decision_rests_on_all_seeds():
    """A single lucky seed is no go."""
    lucky = seed(3, 0.95)
    assert decide(score_seeds(PROMPTS, [lucky], CONFIG)).verdict == "go"
    found = decide(score_seeds(PROMPTS, [lucky, seed(4, 0.5), seed(5, 0.4)], CONFIG))
    assert found.verdict == "unclear" and found.seen == "unclear"


def test_every_seed_needs_answers(seeds):
    with pytest.raises(UsageError, match="no answers"):
        score_seeds(PROMPTS, [seeds[0], Answered({}, {}, [])], CONFIG)
