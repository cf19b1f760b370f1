"""The runner: the toy recipe from nothing to its page; stopped, failed, resumed, elsewhere."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pinchtune.errors import UsageError
from pinchtune.experiments.cost import Speed, measure_speed
from pinchtune.experiments.draw import draw_experiment
from pinchtune.experiments.engine import LOST, Processes, list_gpus
from pinchtune.experiments.figures import SHAPES
from pinchtune.experiments.run import experiment_status, open_store, run_experiments
from pinchtune.files import hash_tree
from pinchtune.stages.project import Project
from pinchtune.store import open_store as open_database
from throwaway import CHEAP

SMALL = """\
name = "small"
title = "Small"
[[arms]]
untuned = true
[[arms]]
dose = [0, 3]
seed = [0, 1]
[[arms]]
dose = 3
temperature = [0.0, 0.7]
"""


def small(project: Project, text: str = SMALL) -> str:
    path = project.folder / "small.toml"
    path.write_text(text, "utf-8")
    return str(path)


def score_files(project: Project) -> dict[str, str]:
    return hash_tree(open_store(project).folder / "scores")


def test_a_recipe_is_run_and_every_shape_is_drawn(finished_toy: Project, tmp_path: Path):
    recipe = str(finished_toy.folder / "toy.toml")
    before = score_files(finished_toy)
    assert len(before) == 16
    assert not list((open_store(finished_toy).folder / "arms").iterdir())
    paths = draw_experiment(finished_toy, recipe, out=tmp_path / "out")
    drawn = {re.sub(r"^\d+-|\.svg$", "", p.name) for p in paths if p.suffix == ".svg"}
    # A random model is never right: words in the right language are not to be had from it.
    assert drawn == {kind.replace("_", "-") for kind in SHAPES}
    page = (tmp_path / "out/page.html").read_text("utf-8")
    assert "Every shape &lt;of&gt; figure" in page and "すべての図" in page
    assert page.count('<svg role="img"') == 2 * len(SHAPES)
    assert "http" not in page.replace("http-equiv", "")
    table = (tmp_path / "out/tables.md").read_text("utf-8")
    assert "| es, ja, ar; 2 examples, mode: added | 2 |" in " ".join(table.split("  "))


def test_what_is_there_is_not_done_again(finished_toy: Project):
    recipe = str(finished_toy.folder / "toy.toml")
    found = run_experiments(finished_toy, [recipe])
    assert found == {"done": 0, "failed": [], "left": 0, "missing": []}
    status = experiment_status(finished_toy, [recipe])
    assert status["recipes"] == [{"name": "toy", "arms": 16, "done": 16, "tunings": 12}]
    assert status["left"]["tunings"] == 0 and status["left"]["hours"] == 0


def test_recipes_share_arms_and_the_cost_is_told_first(finished_toy: Project):
    text = SMALL.replace("[0, 3]", "[0, 2]").replace("dose = 3", "dose = 2")
    status = experiment_status(finished_toy, [small(finished_toy, text.replace("1]", "2]"))])
    # Those of another seed were not in the toy recipe.
    assert status["recipes"][0]["arms"] == 6 and status["recipes"][0]["done"] == 4
    assert status["left"]["tunings"] == 2 and status["left"]["hours"] > 0


def test_cost_counts_examples_and_answers(toy: Project):
    status = experiment_status(toy, [small(toy)], speed=Speed(100, 10))
    left = status["left"]
    assert (left["tunings"], left["arms"], left["examples"]) == (5, 6, 24)
    assert left["prompts"] == 6 * 10 and left["answer_tokens"] == 6 * 10 * 4
    assert left["hours"] == pytest.approx((left["tuning_tokens"] / 100 + 24) / 3600)
    assert (
        "5 tunings" in status["text"]
        and experiment_status(toy, [small(toy)])["left"]["hours"] is None
    )


def test_a_failed_arm_is_told_and_passed_over(toy: Project):
    text = SMALL + "[[arms]]\ndose = 3\n'train.max_length' = 4\n"
    found = run_experiments(toy, [small(toy, text)])
    assert found["done"] == 5 and found["left"] == 0
    (note,) = found["failed"]
    assert "train.max_length: 4 tokens leave no response" in note["error"]
    status = experiment_status(toy, [small(toy, text)])
    assert [n["error"] for n in status["failed"]] == [note["error"]]
    again = run_experiments(toy, [small(toy, text)], ["train.max_length=512"])
    assert again["done"] == 0 and len(again["failed"]) == 1


def test_no_arm_starts_after_the_time_and_a_second_call_goes_on(toy: Project):
    found = run_experiments(toy, [small(toy)], seconds=0)
    assert found == {"done": 0, "failed": [], "left": 5, "missing": []}
    text = SMALL.replace("seed = [0, 1]", "seed = 0").replace("[0.0, 0.7]", "0.0")
    assert run_experiments(toy, [small(toy, text)])["done"] == 3
    answers = open_store(toy).folder / "answers"
    kept = hash_tree(answers)
    # Scores go, answers stay: they are scored again without a model.
    for path in (open_store(toy).folder / "scores").iterdir():
        path.unlink()
    start = time.monotonic()
    assert run_experiments(toy, [small(toy, text)])["done"] == 3
    assert time.monotonic() - start < 5 and hash_tree(answers) == kept


def test_changed_data_are_run_again(toy: Project):
    text = 'name = "small"\ntitle = "Small"\n[[arms]]\ndose = [0, 3]\n'
    run_experiments(toy, [small(toy, text)])
    pool = toy.folder / "data/pinch.jsonl"
    pool.write_text(pool.read_text("utf-8").replace("azul", "rojo"), "utf-8")
    status = experiment_status(Project.open(toy.folder), [small(toy, text)])
    # The English arm holds nothing of the pool.
    assert status["recipes"][0]["done"] == 1


def test_weights_are_kept_if_asked_for(toy: Project):
    text = 'name = "small"\ntitle = "Small"\n[[arms]]\ndose = 3\n'
    run_experiments(toy, [small(toy, text)], keep_weights=True)
    assert list((open_store(toy).folder / "arms").rglob("adapter_model.safetensors"))


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ("dose = 30", "30 examples cannot replace 6 English ones"),
        ("dose = 30\nmode = 'add'", "10 examples in es asked for, but the pool has 6"),
        ("dose = 1\nbudget = 50", "50 English examples asked for, but the base set has 10"),
        ("dose = 1\nlanguages = ['fi']", "1 examples in fi asked for, but the pool has 0"),
    ],
)
def test_what_the_data_cannot_give_is_told_before_anything_starts(toy: Project, grid, said):
    name = small(toy, f'name = "small"\ntitle = "x"\n[[arms]]\ndose = 0\n[[arms]]\n{grid}\n')
    with pytest.raises(UsageError, match=said):
        run_experiments(toy, [name])
    assert not open_store(toy).folder.exists()


def test_two_runs_do_not_work_in_one_folder(toy: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pinchtune.experiments.store.LOCK_SECONDS", 0.1)
    with open_store(toy).locked(), pytest.raises(UsageError, match="another `pinch experiment"):
        run_experiments(toy, [small(toy)])


def test_an_endpoint_that_would_answer_for_all_is_refused(toy: Project):
    with pytest.raises(UsageError, match=r"generate.endpoint: http://x/v1 would answer for every"):
        run_experiments(toy, [small(toy)], ["generate.endpoint=http://x/v1"])


def test_other_pools_are_refused_where_the_project_collects(toy: Project):
    text = """name = "small"\ntitle = "x"\n[[arms]]\ndose = 3
    pool = ["data/pinch.jsonl", "data/other.jsonl"]\n"""
    other = toy.folder / "data/other.jsonl"
    other.write_bytes((toy.folder / "data/pinch.jsonl").read_bytes())
    assert experiment_status(toy, [small(toy, text)])["left"]["tunings"] == 2
    open_database(toy.database, create=True, hasher=CHEAP).close()
    with pytest.raises(UsageError, match=r"data.pinch: arms are to draw from .* collects"):
        experiment_status(toy, [small(toy, text)])


def test_kept_answers_cost_no_tuning(finished_toy: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pinchtune.experiments.scores.VERSION", 99)
    recipe = str(finished_toy.folder / "toy.toml")
    found = experiment_status(finished_toy, [recipe])
    left = found["left"]
    assert (left["tunings"], left["arms"], left["rescored"], left["hours"]) == (0, 0, 16, 0)
    assert "16 kept ones to score anew" in found["text"]


def test_what_an_earlier_run_has_done_does_not_make_it_look_quick(toy: Project):
    text = 'name = "small"\ntitle = "Small"\n[[arms]]\ndose = 3\n'
    run_experiments(toy, [small(toy, text)], keep_weights=True)
    (path,) = (open_store(toy).folder / "timings").iterdir()
    kept = path.read_bytes()
    for kind in ("answers", "scores"):
        for file in (open_store(toy).folder / kind).iterdir():
            file.unlink()
    run_experiments(toy, [small(toy, text)])
    assert path.read_bytes() == kept
    part = {"seconds": 9.0, "tokens": 90, "answers": 9}
    row = {"tuning": part, "answering": part, "seconds": 10.0, "workers": 1}
    assert measure_speed([row]) == Speed(10, 10, 0, 10)


def test_what_breaks_in_a_thread_is_raised(tmp_path: Path):
    def jobs():
        yield {"id": 1, "dies": 0, "mark": "", "says": ""}
        raise OSError("the data are gone")

    handle = os.open(tmp_path / "lock", os.O_CREAT)
    workers = Processes(2, 1, handle, [sys.executable, "-c", FAKE])
    with pytest.raises(OSError, match="the data are gone"):
        list(workers.each(jobs()))
    nobody = Processes(1, 1, handle, [str(tmp_path / "no-such-program")])
    with pytest.raises(FileNotFoundError):
        list(nobody.each(iter([{"id": 1}])))
    os.close(handle)


@pytest.mark.parametrize(
    ("shown", "taken"),
    [
        ("2,5", ["2", "5", "2"]),
        ("GPU-a1, GPU-b2", ["GPU-a1", "GPU-b2", "GPU-a1"]),
        ("3,-1,4", "333"),
    ],
)
def test_workers_get_the_gpus_that_this_process_may_use(
    shown: str, taken, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    workers = Processes(3, 1, -1)
    assert [workers._environment(n)["CUDA_VISIBLE_DEVICES"] for n in range(3)] == [*taken]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert list_gpus() == [] and workers._environment(0)["CUDA_VISIBLE_DEVICES"] == ""


FAKE = """
import json, pathlib, sys
for line in sys.stdin:
    job = json.loads(line)
    mark = pathlib.Path(job["mark"])
    if job["dies"] and not (job["dies"] == 1 and mark.exists()):
        mark.write_text("")
        sys.exit(1)
    print(json.dumps(job["says"]), flush=True)
"""


def test_a_lost_worker_is_replaced_and_a_job_that_kills_two_is_given_up(tmp_path: Path):
    jobs = [
        {"id": n, "dies": dies, "mark": str(tmp_path / str(n)), "says": says}
        for n, (dies, says) in enumerate([(0, ""), (1, ""), (2, ""), (0, "no"), (0, "")])
    ]
    handle = os.open(tmp_path / "lock", os.O_CREAT)
    workers = Processes(2, 1, handle, [sys.executable, "-c", FAKE])
    found = {outcome.job["id"]: outcome.error for outcome in workers.each(iter(jobs))}
    os.close(handle)
    assert found == {0: "", 1: "", 2: LOST, 3: "no", 4: ""}


def command(project: Project, *words: str) -> list[str]:
    start = [sys.executable, "-m", "pinchtune.cli", "experiment", "run", small(project), "-q"]
    return [*start, "-p", str(project.folder), *words]


def run(project: Project, *words: str) -> None:
    subprocess.run(command(project, *words), check=True, capture_output=True)


def kill_after_scores(project: Project, count: int, *words: str) -> None:
    """Start a run and kill it, without warning, when some arms have scores."""
    process = subprocess.Popen(command(project, *words), stdout=subprocess.DEVNULL)
    folder = open_store(project).folder / "scores"
    while process.poll() is None and len(list(folder.glob("*.json"))) < count:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--workers", "2")])
def test_killed_and_resumed_the_scores_are_the_same(write_toy, tmp_path: Path, words):
    whole = Project.open(write_toy(tmp_path / "whole"))
    run_experiments(whole, [small(whole)])
    cut = Project.open(write_toy(tmp_path / "cut"))
    for count in (1, 2, 4):
        kill_after_scores(cut, count, *words)
    run(cut, *words)
    assert score_files(cut) == score_files(whole) and len(score_files(cut)) == 6


@pytest.mark.slow
def test_one_worker_two_workers_and_ray_give_the_same_scores(write_toy, tmp_path: Path):
    projects = [Project.open(write_toy(tmp_path / name)) for name in ("one", "two", "ray")]
    one, two, ray = projects
    run_experiments(one, [small(one)])
    run_experiments(two, [small(two)], workers=2)
    found = run_experiments(ray, [small(ray)], engine="ray", workers=2)
    assert found["failed"] == []
    assert score_files(one) == score_files(two) == score_files(ray)
    assert json.dumps(experiment_status(two, [small(two)])["recipes"]).count('"done": 6')
