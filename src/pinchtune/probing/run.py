"""pinch probe: look into the arms of a project, and write what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, read_json, write_json
from pinchtune.probing.arms import CONTROL, Arm, pick_arms
from pinchtune.probing.outcome import Measured, correlate_gain, describe
from pinchtune.probing.parts import (
    FOLDER,
    READ,
    WEIGHTS,
    count_texts,
    measure_texts,
    measure_weights,
    read_arrays,
    read_run,
    read_weights,
    weights_part,
)
from pinchtune.probing.texts import Texts, read_texts
from pinchtune.probing.trials import NAMES, Trials, check_trials, make_setting, score_trials
from pinchtune.progress import Progress, Silent
from pinchtune.stages.evaluate import evaluated_run
from pinchtune.stages.generate import answered_run
from pinchtune.stages.project import Project, stage_key, versions

MEASURE = "right_language"
"""What a gain is measured in."""
STRENGTH = 1.0
"""What the language vector is multiplied by unless told otherwise."""


def probe(
    project: Project,
    arms: Sequence[str] = (),
    progress: Progress | None = None,
    *,
    interventions: bool = False,
    last: int = 0,
    strength: float | None = None,
    parallel: Path | None = None,
) -> RunFolder:
    """Write runs/probe/results: probe.json, page.html, tables.md and a file for each figure.

    What was measured of an arm is kept in runs/probe/measured, interventions in
    runs/probe/interventions: a second call goes on, or computes nothing. `last` layers are called
    the last ones (0: a quarter): they are tuned or patched, and a language vector enters before.
    """
    from pinchtune.model.load import count_layers

    progress = progress or Silent()
    picked = pick_arms(project, arms)
    texts = read_texts(project, parallel)
    layers = count_layers(project.config.model.base)
    setting = make_setting(layers, last, STRENGTH if strength is None else strength)
    trials = None
    if strength is not None and not interventions:
        raise UsageError("--strength: is that of an intervention; add --interventions")
    if interventions:
        check_trials(project, [arm.name for arm in picked])
        trials = Trials(project, texts, setting)
    gains = read_gains(project, progress)
    key = _key(picked, texts, trials, gains, project, setting.last)
    run = RunFolder(project.path(FOLDER, "results"), key)
    if run.complete():
        return run
    progress.say(cost_text(project, picked, texts, trials))
    measured = _measure(picked, texts, progress)
    answers = trials.run(measured[CONTROL].states, progress) if trials else None
    progress.say("computing intervals")
    found = {"name": project.config.name, **describe(project.config, picked, texts, measured)}
    found["last"] = setting.last
    found["gain"] = correlate_gain(found, gains) if gains else None
    if trials and answers:
        scores = score_trials(trials.prompts, answers, project.config)
        found["interventions"] = {"setting": setting._asdict(), "scores": scores}
    run.start()
    _write(run, project, found)
    run.finish({"arms": list(measured), "versions": versions()})
    return run


def _key(
    arms: Sequence[Arm],
    texts: Texts,
    trials: Trials | None,
    gains: Mapping[str, float],
    project: Project,
    last: int,
) -> str:
    evaluate = project.config.evaluate
    inputs = {
        "name": project.config.name,
        "parts": {arm.name: [read_run(arm, name, texts).key for name in READ] for arm in arms},
        "weights": {arm.name: weights_part(arm, _before(arm, arms)).run.key for arm in arms},
        "interventions": [trials.key(name) for name in NAMES] if trials else [],
        "languages": project.config.languages.model_dump(mode="json"),
        "gains": gains,
        "left_out": texts.left_out,
        "last": last,
        "resamples": [evaluate.resamples, evaluate.seed],
    }
    return stage_key("probe", inputs)


def _before(arm: Arm, arms: Sequence[Arm]) -> list[Arm]:
    names = {other.name for other in arms}
    return [other for other in arm.before() if other.name in names]


def _measure(arms: Sequence[Arm], texts: Texts, progress: Progress) -> dict[str, Measured]:
    """Return everything that was measured of each arm, after measuring what was not."""
    total = sum(count_texts(name, texts) for name in READ)
    found = {}
    for arm in arms:
        with progress.task(f"reading, {arm.name}", total) as task:
            measure_texts(arm, texts, task)
        part = weights_part(arm, _before(arm, arms))
        if part.before:
            with progress.task(f"{WEIGHTS}, {arm.name}", len(part.before)) as task:
                measure_weights(arm, part, task)
        arrays = {name: read_arrays(read_run(arm, name, texts)) for name in READ}
        found[arm.name] = Measured(**arrays, weights=read_weights(part.run) if part.before else {})
    return found


def read_gains(project: Project, progress: Progress | None = None) -> dict[str, float]:
    """Return what the pinch arm gained on the English arm, by language.

    {} if today's arms were not evaluated; what was evaluated instead is told.
    """
    folder = project.path("evaluation")
    if RunFolder(folder, "").manifest() is None:
        return {}
    if not _is_of_today(project):
        (progress or Silent()).say(
            f"{folder}: is of other arms or answers than today's, so its gains are left out; run "
            "`pinch run` for those of today"
        )
        return {}
    rows = read_json(folder / "scores.json")["measures"][MEASURE]["difference"]["languages"]
    return {code: row["value"] for code, row in rows.items() if row["value"] is not None}


def _is_of_today(project: Project) -> bool:
    """True if what was evaluated are the answers of today's arms."""
    prompts = project.evaluation_prompts()
    try:
        answered = [answered_run(seed, arm, prompts) for seed in project.seeds for arm in seed.arms]
        return all(run.complete() for run in (*answered, evaluated_run(project)))
    except UsageError:
        return False  # an arm is gone, or was never asked


def cost_text(project: Project, arms: Sequence[Arm], texts: Texts, trials: Trials | None) -> str:
    """Return what is to be done, in a line or two, before anything starts."""
    reads = sum(
        count_texts(name, texts)
        for arm in arms
        for name in READ
        if not read_run(arm, name, texts).complete()
    )
    left = f" ({texts.left_out} were left out: an arm was tuned on them)" if texts.left_out else ""
    languages = len(texts.pairs())
    line = f"{len(arms)} arms, {reads:,} texts to read in {languages} languages and English{left}"
    if trials is None:
        return line
    most = len(trials.prompts) * project.config.generate.max_new_tokens
    times = [_seconds(project, folder) for folder in ("arms", "answers")]
    known = f"; about {(times[0] + len(NAMES) * times[1]) / 60:.0f} minutes" if all(times) else ""
    return (
        f"{line}\ninterventions: 1 arm to tune, {len(NAMES)} x {len(trials.prompts)} prompts to "
        f"answer (at most {most:,} tokens each){known}; what is there already is kept"
    )


def _seconds(project: Project, folder: str) -> float:
    """Return how long the pinch arm took to tune or to answer; 0 if that was not timed."""
    path = project.path(folder, "pinch", "timings.json")
    return float(read_json(path)["seconds"]) if path.is_file() else 0.0


def _write(run: RunFolder, project: Project, found: dict[str, Any]) -> None:
    from pinchtune.probing.page import write_page

    write_json(run.path / "probe.json", found)
    write_page(project.config.name, found, run.path)
