"""The judge of a project: opened, asked about every pair of answers, and billed beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from pinchtune.data.mix import ARMS
from pinchtune.errors import RunError
from pinchtune.evaluation.cost import NOTHING, Bill, Prices
from pinchtune.evaluation.families import same_family
from pinchtune.evaluation.judge import Judge, ReferenceJudge, judge_pair
from pinchtune.evaluation.llm import KEYS, LLMJudge, Pair
from pinchtune.evaluation.people import combine, judge_name
from pinchtune.evaluation.replies import Replies
from pinchtune.evaluation.rubric import RUBRIC_VERSION
from pinchtune.model.endpoint import Endpoint
from pinchtune.model.pace import side_by_side
from pinchtune.progress import Progress
from pinchtune.records import Answer, Example, Judgement, Verdict
from pinchtune.stages.generate import read_answers
from pinchtune.stages.people import need_people
from pinchtune.stages.project import Project

REPLIES = ("judge", "replies.jsonl")
"""Where replies are stored, under runs/: outside the run folder of any one evaluation."""


@contextmanager
def open_judge(project: Project) -> Iterator[Judge]:
    """Yield the judge that the project names, ready to be asked."""
    if project.config.judge.kind == "reference":
        yield ReferenceJudge(project.config.languages.evaluated)
        return
    replies = Replies(project.path(*REPLIES))
    with closing(_endpoint(project)) as endpoint, replies:
        yield _llm_judge(project, endpoint, replies)


def check_judge(project: Project) -> None:
    """Raise what is wrong with the judge's address or key; asks nobody."""
    if project.config.judge.kind == "llm":
        _endpoint(project).close()


def _endpoint(project: Project) -> Endpoint:
    config = project.config.judge
    return Endpoint(config.endpoint, "judge", KEYS, config.requests_per_minute)


def _llm_judge(project: Project, endpoint: Endpoint, replies: Replies) -> LLMJudge:
    config = project.config.judge
    prices = Prices(config.input_price, config.output_price)
    return LLMJudge(config.model, endpoint, replies, prices, config.cost_limit)


def judge_facts(project: Project) -> dict[str, Any]:
    """Return what verdicts depend on, beside the texts."""
    config = project.config.judge
    if config.kind != "llm":
        return {"kind": config.kind}
    model = {"endpoint": config.endpoint, "model": config.model}
    return {"kind": config.kind, **model, "rubric": RUBRIC_VERSION}


def pair_answers(
    project: Project, prompts: Sequence[Example], answers: Mapping[str, Sequence[Answer]]
) -> list[Pair]:
    """Return each prompt to be judged with the answers of both arms.

    The reference judge is asked about prompts that have a reference, a model about all.
    """
    first, second = (answers[arm] for arm in ARMS)
    every = project.config.judge.kind != "reference"
    return [
        (p, a.text, b.text)
        for p, a, b in zip(prompts, first, second, strict=True)
        if p.response or every
    ]


def judge_arms(
    judge: Judge, pairs: Sequence[Pair], progress: Progress, workers: int = 1
) -> list[Verdict]:
    """Return a verdict for each pair, in order: the pinch against English only."""
    asked = judge if isinstance(judge, LLMJudge) else None
    stop = asked.endpoint.stop if asked else _no_stop

    def ask(pair: Pair) -> Verdict:
        return judge_pair(judge, *pair)

    with progress.task("judging", len(pairs)) as task:

        def tick(_: Verdict) -> None:
            task.advance(note=f"cost {asked.budget.spent:,.2f}" if asked and asked.priced else "")

        return side_by_side(ask, pairs, workers, stop, tick)


def _no_stop() -> None:
    return None


def ask_judge(
    project: Project,
    prompts: Sequence[Example],
    seeds: Sequence[Mapping[str, Sequence[Answer]]],
    progress: Progress,
    people: Sequence[Judgement] = (),
) -> tuple[list[Verdict], dict[str, Any]]:
    """Return the verdicts on all pairs of all seeds, and what a manifest says of them.

    Two seeds that give the same answers to a prompt are one question to the judge.
    """
    each = [pair_answers(project, prompts, answers) for answers in seeds]
    unique = {_texts(pair): pair for pairs in each for pair in pairs}
    found, facts = _ask(project, list(unique.values()), progress, people)
    verdicts = dict(zip(unique, found, strict=True))
    return [
        replace(verdicts[_texts(pair)], seed=seed)
        for seed, pairs in enumerate(each)
        for pair in pairs
    ], facts


def _texts(pair: Pair) -> tuple[str, str, str]:
    prompt, first, second = pair
    return prompt.id, first, second


def _ask(
    project: Project, pairs: Sequence[Pair], progress: Progress, people: Sequence[Judgement]
) -> tuple[list[Verdict], dict[str, Any]]:
    if project.config.judge.kind == "people":
        return _ask_people(project, pairs, people, progress)
    with open_judge(project) as judge:
        facts = {"judge": judge.name, **judge_facts(project)}
        if not isinstance(judge, LLMJudge):
            return judge_arms(judge, pairs, progress), facts
        judge.budget.spent = _announce(judge, pairs, progress).paid
        verdicts = judge_arms(judge, pairs, progress, project.config.judge.concurrency)
        bill = judge.bill(pairs)
        return verdicts, {**facts, "requests": bill.requests, "cost": round(bill.paid, 6)}


def _ask_people(
    project: Project,
    pairs: Sequence[Pair],
    judgements: Sequence[Judgement],
    progress: Progress,
) -> tuple[list[Verdict], dict[str, Any]]:
    """Return what people have said so far; they are not asked now, so nobody waits for them."""
    need_people(project, judgements)
    verdicts = combine(pairs, judgements)
    judged = sum(verdict.score is not None for verdict in verdicts)
    progress.say(f"people have judged {judged} of {len(verdicts)} pairs")
    return verdicts, {"judge": judge_name(judgements), **judge_facts(project)}


def _announce(judge: LLMJudge, pairs: Sequence[Pair], progress: Progress) -> Bill:
    """Say what judging will cost before anybody is asked; RunError if that is past the limit."""
    bill, limit = judge.bill(pairs), judge.budget.limit
    progress.say(bill.text())
    if limit and bill.paid + bill.cost > limit and bill.stored < bill.requests:
        raise RunError(
            f"judge.cost_limit: the verdicts would cost about {bill.paid + bill.cost:,.2f}, more "
            f"than {limit:,.2f}; raise it, or lower evaluate.prompts"
        )
    return bill


def estimate_judging(project: Project) -> Bill:
    """Return what judging the stored answers would cost; asks nobody and writes nothing."""
    prompts = project.evaluation_prompts()
    seeds = [{arm: read_answers(s, arm, prompts) for arm in ARMS} for s in project.seeds]
    if project.config.judge.kind != "llm":
        return NOTHING
    pairs = [pair for answers in seeds for pair in pair_answers(project, prompts, answers)]
    with closing(_endpoint(project)) as endpoint:
        judge = _llm_judge(project, endpoint, Replies(project.path(*REPLIES)))
        return judge.bill({_texts(pair): pair for pair in pairs}.values())


def family_warnings(project: Project) -> list[str]:
    """Return what speaks against a judge before it is asked."""
    config, base = project.config.judge, project.config.model.base
    if config.kind != "llm" or not same_family(config.model, base):
        return []
    return [
        f"the judge {config.model} seems to be of the family of {base}: models prefer answers "
        "that sound like their own, so take another one if you can"
    ]
