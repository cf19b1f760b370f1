"""People as judges: the answers of a project go to them, and what they said comes back.

Each pair of answers has a name, made from its texts, so what people said about other answers is
never taken for a verdict on these, and what was said stays good for pairs that stay the same. All
of them together have a name, too: a round keeps it, and people stop judging when it is another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pinchtune.data.mix import ARMS
from pinchtune.errors import MissingExtra, UsageError
from pinchtune.evaluation.people import Pair, name_pair
from pinchtune.files import RunFolder
from pinchtune.languages import get_language
from pinchtune.records import Example, Judgement, content_hash
from pinchtune.stages.project import Project

if TYPE_CHECKING:
    from pinchtune.store.rounds import Material, Round

FILE = "people.jsonl"
"""What people said, beside the verdicts of an evaluation."""
_CANNOT_BE_STORED = re.compile("[\0\ud800-\udfff]")


def name_answers(project: Project) -> str:
    """Return the name of the answers of both arms in all seeds; empty while some lack."""
    manifests = [
        RunFolder(seed.path("answers", arm), "").manifest()
        for seed in project.seeds
        for arm in ARMS
    ]
    if None in manifests:
        return ""
    return content_hash([m["files"].get("answers.jsonl") for m in manifests if m])


def gather(project: Project, languages: Sequence[str] = (), prompts: int = 0) -> list[Material]:
    """Return what a round puts before people: so many prompts of each language, 0 all.

    Fewer are drawn, in all languages the same ones where prompts are parallel.
    """
    from pinchtune.store.rounds import Material

    asked = project.evaluation_prompts()
    wanted = [get_language(code).code for code in languages] or _languages(asked)
    if missing := [code for code in wanted if code not in _languages(asked)]:
        raise UsageError(f"there are no answers in {', '.join(missing)}; leave it out")
    kept = {
        p.id for code in wanted for p in _draw([p for p in asked if p.language == code], prompts)
    }
    return [
        Material(
            p.id,
            name_pair(first, second),
            p.language,
            [(m.role, _storable(m.content)) for m in p.prompt_messages()],
            (_storable(first), _storable(second)),
        )
        for p, first, second in _read_pairs(project, asked)
        if p.id in kept
    ]


def _read_pairs(project: Project, prompts: Sequence[Example]) -> list[Pair]:
    """Return the pairs of all seeds; seeds that give the same two answers share one."""
    from pinchtune.stages.generate import read_answers

    found: dict[tuple[str, str, str], Pair] = {}
    for seed in project.seeds:
        answers = [[a.text for a in read_answers(seed, arm, prompts)] for arm in ARMS]
        for prompt, first, second in zip(prompts, *answers, strict=True):
            found[prompt.id, first, second] = (prompt, first, second)
    return list(found.values())


def _languages(prompts: Sequence[Example]) -> list[str]:
    return list(dict.fromkeys(p.language for p in prompts))


def _draw(prompts: Sequence[Example], count: int) -> list[Example]:
    by_lot = sorted(prompts, key=lambda p: content_hash(p.parallel_id or p.id))
    return by_lot[: count or None]


def _storable(text: str) -> str:
    """Return a text without what no database can hold; a model may write half a character."""
    return _CANNOT_BE_STORED.sub("\ufffd", text)


def is_stale(project: Project, round: Round) -> bool:
    """Say whether a round is about other answers than today's."""
    return bool(name := name_answers(project)) and name != round.answers


def read_people(project: Project) -> list[Judgement]:
    """Return what people said about today's answers; nothing without a database."""
    from pinchtune.stages.collect import collection

    if not project.collects or not name_answers(project):
        return []
    try:
        from pinchtune.store.judging import judgements
    except MissingExtra:
        if project.config.judge.kind == "people":
            raise
        return []
    with collection(project) as store:
        said = judgements(store)
    if not said:
        return []
    pairs = _read_pairs(project, project.evaluation_prompts())
    ours = {(prompt.id, name_pair(first, second)) for prompt, first, second in pairs}
    return [j for j in said if (j.prompt_id, j.pair) in ours]


def need_people(project: Project, judgements: Sequence[Judgement]) -> None:
    """Refuse to evaluate by people where nobody has judged today's answers."""
    if judgements:
        return
    from pinchtune.stages.collect import collection
    from pinchtune.store.rounds import all_rounds

    if project.collects:
        with collection(project) as store:
            rounds = all_rounds(store)
        if rounds and all(is_stale(project, round) for round in rounds):
            raise UsageError(
                "the answers were made anew since people began to judge; open a new round with "
                "`pinch judge open`"
            )
    raise UsageError(
        "judge.kind = people, but nobody has judged these answers yet; open a round with "
        "`pinch judge open`, and let people judge in `pinch web`"
    )
