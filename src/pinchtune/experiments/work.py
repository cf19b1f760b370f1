"""One job in one process: tune, let every arm answer, score, keep the scores.

A job is plain data, so that it can be handed to another process or machine; what it writes is
written whole. Killed at any moment, it goes on from its checkpoint or from its last answers.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from pinchtune.config import Config
from pinchtune.experiments.plan import Job, describe
from pinchtune.experiments.scores import score_answers
from pinchtune.experiments.store import Json, Store
from pinchtune.files import read_json, read_jsonl, write_json, write_text
from pinchtune.records import Answer, content_hash
from pinchtune.stages.evaluate import read_bits
from pinchtune.stages.generate import generate
from pinchtune.stages.mix import mix
from pinchtune.stages.project import Project
from pinchtune.stages.train import train


def pack_job(
    job: Job, project: Project, store: Store, weights: Any, workers: int, keep: bool
) -> Json:
    """Return a job as plain data: whole configurations with absolute paths."""
    arms = [
        {
            "id": arm.id,
            "key": key,
            "config": _absolute(arm.config, project).model_dump(mode="json"),
            "about": describe(arm),
            "label": arm.label,
        }
        for arm, key in zip(job.arms, job.keys, strict=True)
    ]
    return {
        "store": str(store.folder.resolve()),
        "id": job.id,
        "stage_arm": job.arms[0].stage_arm,
        "weights": content_hash(weights),
        "mine": str(project.path("mine").resolve()),
        "arms": arms,
        "workers": workers,
        "keep": keep,
    }


def _absolute(config: Config, project: Project) -> Config:
    here = replace(project, config=config)
    data = {name: here.data_file(name).resolve() for name in ("base", "pinch", "evaluation")}
    database = here.database
    if "://" not in database:
        database = str(Path(database).resolve())
    return config.model_copy(
        update={
            "data": config.data.model_copy(update=data),
            "collect": config.collect.model_copy(update={"database": database}),
        }
    )


def do_job(job: Json) -> None:
    """Do a job: afterwards each of its arms has a score file."""
    store, start, timed = Store(Path(job["store"])), perf_counter(), []
    folder = _prepare(store.arm(job["id"]), job)
    # What an earlier run has done is not in this run's seconds, and would make them look quick.
    whole = all(path.name == "mine" for path in (folder / "runs").iterdir())
    for arm in job["arms"]:
        config = Config.model_validate(arm["config"])
        config = config.model_copy(
            update={"evaluate": config.evaluate.model_copy(update={"include_base": True})}
        )
        project = Project(folder, config)
        if store.read("answers", arm["id"], arm["key"]) is None:
            timed.append(_answer(project, job["stage_arm"], arm, store))
        _score(project, arm, store)
    if timed and whole:
        _keep_timings(job, folder, timed, perf_counter() - start, store)
    if not job["keep"]:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path, job: Json) -> Path:
    """Return the folder of a job, with the project's mining run; empty if its weights are older.

    Mixture and tuning know by themselves whether they are still of today, all but the base model.
    """
    note, mined = folder / "weights.json", folder / "runs" / "mine"
    if folder.is_dir() and not (note.is_file() and read_json(note) == job["weights"]):
        shutil.rmtree(folder)
    write_json(note, job["weights"])
    mined.parent.mkdir(exist_ok=True)
    mined.unlink(missing_ok=True)
    mined.symlink_to(job["mine"])
    return folder


def _answer(project: Project, name: str, arm: Json, store: Store) -> Json:
    """Tune if need be, answer, keep the answers; return how long the answers took."""
    mixed = {}
    if name != "base":
        mixture = mix(project).manifest() or {}
        train(project, [name])
        mixed = {key: mixture[key][name] for key in ("examples", "tokens")}
    generate(project, [name])
    folder = project.path("answers", name)
    rows = [row for _, row in read_jsonl(folder / "answers.jsonl")]
    bits = read_bits(project, name)
    kept = {"key": arm["key"], "mixture": mixed, "answers": rows, "bits": bits}
    write_json(store.file("answers", arm["id"]), kept)
    return {**read_json(folder / "timings.json"), "answers": len(rows)}


def _score(project: Project, arm: Json, store: Store) -> None:
    kept = store.read("answers", arm["id"], arm["key"]) or {}
    bits = {i: (float(pair[0]), int(pair[1])) for i, pair in kept["bits"].items()}
    answers = [Answer(**row) for row in kept["answers"]]
    prompts = project.evaluation_prompts()
    scores = score_answers(prompts, answers, bits, project.config.languages.evaluated)
    about = {"key": arm["key"], "label": arm["label"], **arm["about"], **kept["mixture"]}
    write_text(store.file("scores", arm["id"]), _compact({**about, **scores}))


def _compact(value: Json) -> str:
    """Return JSON with a line for each entry: it is small, and its changes can be read."""
    import json

    rows = [
        f" {json.dumps(key)}: {json.dumps(part, ensure_ascii=False, separators=(',', ':'))}"
        for key, part in value.items()
        if key != "measures"
    ]
    columns = [
        f"  {json.dumps(key)}: {json.dumps(part, separators=(',', ':'))}"
        for key, part in value["measures"].items()
    ]
    inner = ",\n".join(columns)
    return "{\n" + ",\n".join([*rows, f' "measures": {{\n{inner}\n }}']) + "\n}\n"


def _keep_timings(
    job: Json, folder: Path, answered: list[Json], seconds: float, store: Store
) -> None:
    path = folder / "runs" / "arms" / job["stage_arm"] / "timings.json"
    tuning: dict[str, Any] = read_json(path) if path.is_file() else {"seconds": 0, "tokens": 0}
    answering = {key: sum(row[key] for row in answered) for key in ("seconds", "tokens", "answers")}
    timings = {"tuning": tuning, "answering": answering, "seconds": seconds}
    write_json(store.file("timings", job["id"]), {**timings, "workers": job["workers"]})
