"""The dose curve finds what made the numbers; the predictor is judged on unseen languages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_scores import write_scores
from scipy.optimize import curve_fit

from pinchtune.config import Config
from pinchtune.errors import UsageError
from pinchtune.experiments.draw import fit_experiment, fit_text, read_board
from pinchtune.experiments.fit import Curve, fit_curve
from pinchtune.experiments.foretell import leave_one_out
from pinchtune.experiments.recipe import read_recipe
from pinchtune.experiments.run import list_arms
from pinchtune.stages.project import Project

DOSES = np.array([0, 5, 10, 20, 40, 80, 160, 320], dtype=float)


@given(st.floats(0, 90), st.floats(2, 40), st.floats(1, 400))
def test_a_curve_without_noise_is_found(start, gain, half):
    found = fit_curve(DOSES, start + gain * DOSES / (DOSES + half))
    assert found.start == pytest.approx(start, abs=0.05 * gain)
    assert found.half == pytest.approx(half, rel=0.1)


def test_a_curve_with_noise_is_that_of_least_squares():
    rng = np.random.default_rng(1)
    values = 60 + 30 * DOSES / (DOSES + 12) + rng.normal(scale=1.5, size=len(DOSES))
    found = fit_curve(DOSES, values)
    truth, _ = curve_fit(lambda d, a, b, h: a + b * d / (d + h), DOSES, values, [60, 30, 12])
    assert found == pytest.approx(Curve(*truth), rel=0.05)


def test_enough_is_where_the_curve_enters_the_noise():
    curve = Curve(60, 30, 12)
    k = curve.enough(3)
    assert curve.start + curve.gain * k / (k + curve.half) == pytest.approx(60 + 30 - 3)
    assert Curve(60, 2, 12).enough(3) == 0 and Curve(60, -30, 12).enough(3) == k


def test_a_predictor_is_judged_on_languages_it_has_not_seen():
    rng = np.random.default_rng(2)
    known = rng.normal(size=(20, 2))
    codes = [f"l{i}" for i in range(20)]
    told = leave_one_out(known.tolist(), dict(zip(codes, (5 + 10 * known[:, 0]).tolist())))
    assert told and told["error"] < 0.2 * told["error_of_mean"]
    noise = leave_one_out(known.tolist(), dict(zip(codes, rng.normal(size=20).tolist())))
    assert noise and noise["error"] > 0.9 * noise["error_of_mean"]
    assert leave_one_out(known[:4].tolist(), dict.fromkeys(codes[:4], 1.0)) is None


def test_a_recipe_is_fitted_from_its_scores(tmp_path: Path):
    project, folder = Project(tmp_path, Config()), tmp_path / "scores"
    write_scores(list_arms(project, read_recipe("R11")), folder)
    found = fit_experiment(project, "R11", scores=folder)
    seen, unseen = found["curves"]
    for curve in (seen, unseen):
        low, high = curve["k_star_interval"]
        assert 50 < curve["curve"]["start"] < 75 < curve["plateau"] < 101
        assert 0 <= low <= curve["k_star"] <= high
        assert curve["doses"]["0"] == 3 and len(curve["doses"]) == 10
    languages = found["languages"]["all_languages"]
    assert languages["languages"] == 12 and found["languages"]["with_bits"]["languages"] == 12
    assert found["languages"]["with_facts"] is None and found["facts"] == []
    text = fit_text(found)
    assert "within the noise of the plateau" in text and "than the mean of the others" in text
    assert "`pinch advise languages` measures them" in text


def test_facts_of_the_base_join_the_features(tmp_path: Path):
    project, folder = Project(tmp_path, Config()), tmp_path / "scores"
    write_scores(list_arms(project, read_recipe("R11")), folder)
    codes = [code for code in project.config.languages.evaluated if code != "en"][:6]
    rows = [
        {"code": c, "mexa": 0.1 * i, "premium": 1.0, "parity": 0.8} for i, c in enumerate(codes)
    ]
    table = {"languages": rows, "closeness": {"codes": [], "values": []}}
    (tmp_path / "facts.json").write_text(json.dumps(table), "utf-8")
    found = fit_experiment(project, "R11", scores=folder, facts=tmp_path / "facts.json")
    assert found["facts"] == sorted(codes)
    assert found["languages"]["with_facts"]["languages"] == len(codes)
    assert found["languages"]["known"][codes[2]]["mexa"] == pytest.approx(0.2)
    assert "MEXA, fertility and parity (6 languages)" in fit_text(found)


def test_a_curve_without_its_english_arm_is_refused(tmp_path: Path):
    project, folder = Project(tmp_path, Config()), tmp_path / "scores"
    arms = list_arms(project, read_recipe("R11"))
    write_scores([arm for arm in arms if arm.dose], folder)
    with pytest.raises(UsageError, match="a dose curve begins at dose 0"):
        fit_experiment(project, "R11", scores=folder)


def test_one_prompt_is_no_curve(tmp_path: Path):
    project, folder = Project(tmp_path, Config()), tmp_path / "scores"
    write_scores(list_arms(project, read_recipe("R18")), folder, prompts=1)
    with pytest.raises(UsageError, match="needs 4 doses with scores of right_language in seen"):
        fit_experiment(project, "R18", scores=folder)


def test_a_plateau_that_nothing_varies_about_has_no_k(tmp_path: Path):
    project, folder = Project(tmp_path, Config()), tmp_path / "scores"
    arms = list_arms(project, read_recipe("R18"))
    write_scores(arms, folder)
    for arm in arms:
        path = folder / f"{arm.id}.json"
        file = json.loads(path.read_text("utf-8"))
        file["measures"]["right_language"] = ("0" if arm.dose == 0 else "1") * len(file["prompts"])
        path.write_text(json.dumps(file), "utf-8")
    found = fit_experiment(project, "R18", scores=folder)
    (seen, _) = found["curves"]
    assert seen["noise"] is None and seen["k_star"] is None and seen["k_star_interval"] is None
    assert json.dumps(found["curves"], allow_nan=False)
    assert "how many are enough is not known" in fit_text(found)


def test_what_is_no_dose_curve_is_told(tmp_path: Path):
    project, folder = Project(tmp_path, Config()), tmp_path / "scores"
    write_scores(list_arms(project, read_recipe("R17")), folder)
    assert read_board(project, read_recipe("R17"), scores=folder).points
    with pytest.raises(UsageError, match="a dose curve needs 4 doses"):
        fit_experiment(project, "R17", scores=folder)
