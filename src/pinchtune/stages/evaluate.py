"""pinch evaluate: from stored answers to verdicts, scores and the decision; no weights needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pinchtune.evaluation.decision import decide
from pinchtune.evaluation.health import bias_warnings
from pinchtune.evaluation.people import people_facts
from pinchtune.evaluation.scores import Answered, score_seeds
from pinchtune.files import RunFolder, read_jsonl, write_json, write_jsonl
from pinchtune.progress import Progress, Silent
from pinchtune.records import Answer, Judgement, Verdict, content_hash
from pinchtune.stages.generate import read_answers
from pinchtune.stages.judging import ask_judge, family_warnings, judge_facts, pair_answers
from pinchtune.stages.people import FILE, read_people
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
    people = read_people(project)
    run = evaluated_run(project, people)
    if run.complete():
        return run
    prompts = project.evaluation_prompts()
    answers = [
        {arm: read_answers(seed, arm, prompts) for arm in seed.arms} for seed in project.seeds
    ]
    warned = family_warnings(project)
    _warn(warned, progress)
    # Asked first: what is wrong with the judge shows before the folder is touched.
    verdicts, facts = ask_judge(project, prompts, answers, progress, people)
    run.start()
    write_jsonl(run.path / "verdicts.jsonl", (verdict.to_row() for verdict in verdicts))
    progress.say("computing intervals")
    scores = score_seeds(prompts, _answered(project, answers, verdicts), project.config)
    if people:
        write_jsonl(run.path / FILE, (judgement.to_row() for judgement in people))
        resamples = project.config.evaluate.resamples
        pairs = [pair for seed in answers for pair in pair_answers(project, prompts, seed)]
        scores["judging"]["people"] = people_facts(pairs, verdicts, people, resamples)
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


def _answered(
    project: Project,
    answers: Sequence[Mapping[str, Sequence[Answer]]],
    verdicts: Sequence[Verdict],
) -> list[Answered]:
    return [
        Answered(
            answers[seed.seed],
            {arm: read_bits(seed, arm) for arm in seed.arms},
            [v for v in verdicts if v.seed == seed.seed],
        )
        for seed in project.seeds
    ]


def _warn(sentences: Sequence[str], progress: Progress) -> None:
    for sentence in sentences:
        progress.say(f"warning: {sentence}")


def evaluated_run(project: Project, people: Sequence[Judgement] | None = None) -> RunFolder:
    """Return the run folder of the evaluation of today's answers, complete or not.

    `people` are their verdicts, if they have been read already.
    """
    said = read_people(project) if people is None else people
    return RunFolder(project.path("evaluation"), _key(project, said))


def _key(project: Project, people: Sequence[Judgement]) -> str:
    config = project.config
    first, *others = map(_answered_files, project.seeds)
    # Without people's verdicts an evaluation keeps the key that it had before there were any.
    said = {"people": content_hash([j.to_row() for j in people])} if people else {}
    return stage_key(
        "evaluate",
        {
            **said,
            "answers": first,
            **({"other_seeds": others} if others else {}),
            "prompts": project.data_hash("evaluation"),
            "languages": config.languages.model_dump(mode="json"),
            "evaluate": config.evaluate.model_dump(mode="json"),
            "judge": judge_facts(project),
            "unapproved": unapproved_examples(project),
            "plan": read_plan(project),
        },
    )


def _answered_files(seed: Project) -> dict[str, dict[str, str]]:
    return {arm: finished(seed.path("answers", arm), "generate")["files"] for arm in seed.arms}


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
