"""pinch evaluate: from stored answers to verdicts, scores and the decision; no weights needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pinchtune.evaluation.decision import decide
from pinchtune.evaluation.health import bias_warnings
from pinchtune.evaluation.scores import score_arms
from pinchtune.files import RunFolder, read_jsonl, write_json, write_jsonl
from pinchtune.progress import Progress, Silent
from pinchtune.records import Verdict
from pinchtune.stages.generate import read_answers
from pinchtune.stages.judging import ask_judge, family_warnings, judge_facts
from pinchtune.stages.plan import plan_facts, read_plan
from pinchtune.stages.project import (
    Project,
    finished,
    stage_key,
    unapproved_examples,
    versions,
)


def evaluate(project: Project, progress: Progress | None = None) -> RunFolder:
    """Write runs/evaluation: verdicts.jsonl, scores.json, decision.json."""
    progress = progress or Silent()
    run = evaluated_run(project)
    if run.complete():
        return run
    prompts = project.evaluation_prompts()
    answers = {arm: read_answers(project, arm, prompts) for arm in project.arms}
    warned = family_warnings(project)
    _warn(warned, progress)
    # Asked first: what is wrong with the judge shows before the folder is touched.
    verdicts, facts = ask_judge(project, prompts, answers, progress)
    run.start()
    write_jsonl(run.path / "verdicts.jsonl", (verdict.to_row() for verdict in verdicts))
    bits = {arm: read_bits(project, arm) for arm in project.arms}
    progress.say("computing intervals")
    scores = score_arms(prompts, answers, bits, verdicts, project.config)
    write_json(run.path / "scores.json", scores)
    decision = {
        **decide(scores).to_json(),
        "unapproved_examples": unapproved_examples(project),
        "plan": plan_facts(project),
    }
    write_json(run.path / "decision.json", decision)
    biases = bias_warnings(scores["judging"]["health"])
    _warn(biases, progress)
    run.finish({**facts, "warnings": [*warned, *biases], "versions": versions()})
    return run


def _warn(sentences: Sequence[str], progress: Progress) -> None:
    for sentence in sentences:
        progress.say(f"warning: {sentence}")


def evaluated_run(project: Project) -> RunFolder:
    """Return the run folder of the evaluation of today's answers, complete or not."""
    return RunFolder(project.path("evaluation"), _key(project))


def _key(project: Project) -> str:
    config = project.config
    return stage_key(
        "evaluate",
        {
            "answers": {
                arm: finished(project.path("answers", arm), "generate")["files"]
                for arm in project.arms
            },
            "prompts": project.data_hash("evaluation"),
            "languages": config.languages.model_dump(mode="json"),
            "evaluate": config.evaluate.model_dump(mode="json"),
            "judge": judge_facts(project),
            "unapproved": unapproved_examples(project),
            "plan": read_plan(project),
        },
    )


def read_bits(project: Project, arm: str) -> dict[str, tuple[float, int]]:
    """Return {prompt id: (bits, bytes)} of the references; empty for an endpoint."""
    path = project.path("answers", arm, "bits.jsonl")
    if not path.is_file():
        return {}
    return {row["prompt_id"]: (row["bits"], row["bytes"]) for _, row in read_jsonl(path)}


def read_verdicts(project: Project) -> list[Verdict]:
    """Return the stored verdicts."""
    rows: list[dict[str, Any]] = [
        row for _, row in read_jsonl(project.path("evaluation", "verdicts.jsonl"))
    ]
    return [Verdict(**row) for row in rows]
