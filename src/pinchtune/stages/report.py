"""pinch report: one HTML page and a summary, from what the other stages stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pinchtune.files import RunFolder, read_json, write_text
from pinchtune.progress import Progress, Silent
from pinchtune.stages.advise import next_step, weak_languages
from pinchtune.stages.benchmark import benchmark_keys, read_benchmarks
from pinchtune.stages.evaluate import read_verdicts
from pinchtune.stages.generate import read_answers
from pinchtune.stages.ladder import told_stages
from pinchtune.stages.plan import read_plan
from pinchtune.stages.project import BASE_ARM, Project, finished, stage_key

if TYPE_CHECKING:
    from pinchtune.reporting import ReportData

LOCALES = ("en", "ja")


def report(project: Project, progress: Progress | None = None) -> RunFolder:
    """Write runs/report: report.html, meeting.html, both in two languages, summaries, figures."""
    run = reported_run(project)
    if run.complete():
        return run
    data = collect(project)
    run.start()
    for name, text in _files(data):
        write_text(run.path / name, text)
    run.finish({})
    (progress or Silent()).say(f"report: {run.path / 'report.html'}")
    return run


def reported_run(project: Project) -> RunFolder:
    """Return the run folder of the report on today's evaluation, complete or not."""
    return RunFolder(project.path("report"), _key(project))


def _files(data: ReportData) -> Iterator[tuple[str, str]]:
    """Yield name and content of each file of the report."""
    from pinchtune.reporting import (
        build_answers,
        build_meeting,
        build_report,
        build_slides,
        build_summary,
    )
    from pinchtune.reporting.wording import Wording

    yield "report.html", build_report(data)
    yield "meeting.html", build_meeting(data)
    yield from build_answers(data)
    for locale, name in zip(LOCALES, ("summary.md", "summary.ja.md"), strict=True):
        yield name, build_summary(data, locale)
        for slide in build_slides(data, Wording(locale)):
            yield f"figures/{slide.name}.{locale}.svg", slide.file()
    if data.costs:
        yield "costs.json", _as_json(data.costs.to_json())
    if data.benchmarks:
        yield "benchmarks.json", _as_json(data.benchmarks)


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _key(project: Project) -> str:
    from pinchtune.stages.costs import cost_key

    evaluation = finished(project.path("evaluation"), "evaluate")
    pool = finished(project.path("mixture"), "mix").get("pool", {})
    shown = {name: pool.get(name) for name in ("source", "collected")}
    inputs = {
        "evaluation": evaluation["key"],
        "costs": cost_key(project),
        "name": project.config.name,
        "pool": shown,
        "plan": read_plan(project),
    }
    # A report without them keeps the key that it had before there were any.
    inputs |= {stage: key for stage in ("mine", "selection") if (key := _made(project, stage))}
    if stages := told_stages(project.folder):
        inputs["stages"] = [{k: v for k, v in row.items() if k != "kept"} for row in stages]
    if done := benchmark_keys(project):
        inputs["benchmarks"] = done
    if weak := weak_languages(project):
        inputs["weak"] = sorted(weak)
    return stage_key("report", inputs)


def _made(project: Project, stage: str) -> str:
    manifest = RunFolder(project.path(stage), "").manifest()
    return str(manifest["key"]) if manifest else ""


def collect(project: Project) -> ReportData:
    """Return what the report shows, read from the run folders."""
    from pinchtune.evaluation.decision import decide, verdict_text
    from pinchtune.mining.mined import NO_QUESTIONS, read_mined, read_questions
    from pinchtune.reporting import ReportData
    from pinchtune.selection.outcome import read_outcome
    from pinchtune.stages.costs import costs

    scores = read_json(project.path("evaluation", "scores.json"))
    decision, step = decide(scores), next_step(project, scores)
    prompts = project.evaluation_prompts()
    return ReportData(
        name=project.config.name,
        scores=scores,
        decision=decision.to_json(),
        verdict={locale: verdict_text(decision, scores, locale) for locale in LOCALES},
        mixture=finished(project.path("mixture"), "mix"),
        prompts=prompts,
        answers={arm: read_answers(project, arm, prompts) for arm in project.arms},
        verdicts=read_verdicts(project),
        arms={
            arm: finished(project.path("arms", arm), "train")
            for arm in project.arms
            if arm != BASE_ARM
        },
        timings=timings(project),
        config=project.config,
        mined=(mined := read_mined(project.path("mine"))),
        questions=read_questions(project.path("mine")) if mined else NO_QUESTIONS,
        outcome=read_outcome(project.path("selection")),
        plan=followed_plan(project),
        advice={locale: step.text(locale) for locale in LOCALES},
        costs=costs(project),
        stages=told_stages(project.folder),
        benchmarks=read_benchmarks(project),
    )


def followed_plan(project: Project) -> dict[str, Any] | None:
    """Return the plan that the stored decision names, with its tests; None without one.

    Made again with other assumptions, a plan keeps its id: what plan.json says is the newer.
    """
    facts: dict[str, Any] | None = read_json(project.path("evaluation", "decision.json")).get(
        "plan"
    )
    found = read_plan(project)
    if not facts or facts["id"] != found.get("id"):
        return facts
    newer = {key: found[key] for key in ("made", "is_late", "assumed", "tests")}
    return {**facts, **newer, "replaced": len(found["replaced"])}


def timings(project: Project) -> Mapping[str, Mapping[str, float]]:
    """Return {`stage arm`: {seconds, tokens}} of the stages that keep them, over all seeds."""
    found: dict[str, dict[str, float]] = {}
    for stage, folder in (("train", "arms"), ("generate", "answers")):
        for arm in project.arms:
            paths = [seed.path(folder, arm, "timings.json") for seed in project.seeds]
            rows = [read_json(path) for path in paths if path.is_file()]
            if rows:
                found[f"{stage} {arm}"] = {k: sum(row[k] for row in rows) for k in rows[0]}
    return found
