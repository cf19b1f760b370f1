"""pinch select: which examples of the pool become the pinch, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pinchtune.config import ENGLISH
from pinchtune.data.mix import known_rows, pinch_size, shares
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, read_jsonl, write_json, write_jsonl
from pinchtune.languages import get_language
from pinchtune.model.embed import embed_by_length, load_embedder, without_language
from pinchtune.model.kept import KeptEmbedder
from pinchtune.progress import Progress, Silent
from pinchtune.records import Example
from pinchtune.selection.coverage import cover, cover_all
from pinchtune.selection.problem import Ground, Problem, Topic
from pinchtune.selection.reasons import LOCALES, Reason, Told, explain, find_gaps, sentence, shorten
from pinchtune.selection.selectors import SELECTORS
from pinchtune.stages.asked import Asked, mined_texts, own_texts
from pinchtune.stages.pool import OVERRIDE, Pool
from pinchtune.stages.project import Project, stage_key

if TYPE_CHECKING:
    from pinchtune.store.records import Term

RANDOM = "random"
DRAWS = 20
"""Random draws that a choice is compared with."""


def select(
    project: Project, progress: Progress | None = None, unapproved: bool = False
) -> RunFolder:
    """Write runs/selection: the chosen examples with reasons, the coverage, what is left open."""
    progress = progress or Silent()
    selection_inputs(project)  # refuses what this way of choosing does not read
    pool = project.pool(unapproved)
    run = RunFolder(project.path("selection"), _key(project, pool))
    if run.complete():
        return run
    quotas = language_shares(project)
    in_pool = _candidates(project, pool, quotas)
    candidates = sorted(in_pool, key=lambda e: e.id)
    vectors = project.path("embeddings.npz")
    embedder = KeptEmbedder(load_embedder(project.config.select.embedder), vectors)
    problem, asked = _problem(project, candidates, quotas, embedder, progress)
    place = {e.id: n for n, e in enumerate(in_pool)}
    problem = replace(problem, places=[place[id] for id in problem.ids])
    rows = SELECTORS[project.config.select.method](problem)
    run.start()
    _write(run, project, problem, candidates, asked, rows)
    return run


def selected(project: Project, pool: Pool, progress: Progress) -> list[Example]:
    """Return the rows that the mixture draws from: all of the pool, or those that were chosen."""
    if project.config.select.method == RANDOM:
        return pool.drawable
    run = select(project, progress, pool.unapproved)
    ids = {str(row["id"]) for _, row in read_jsonl(run.path / "selection.jsonl")}
    return [e for e in pool.drawable if e.id in ids]


def selection_inputs(project: Project) -> dict[str, Any]:
    """Return what the choice depends on, for the key of the mixture; nothing for a random draw."""
    config = project.config.select
    if config.method == RANDOM:
        if config.pinned or config.excluded:
            raise UsageError(
                "select.pinned, select.excluded: a random draw does not read them; set "
                "select.method to 'facility' or remove the ids"
            )
        return {}
    return {"select": config.model_dump(mode="json"), **_asked_facts(project)}


def _key(project: Project, pool: Pool) -> str:
    config = project.config
    return stage_key(
        "select",
        {
            "select": config.select.model_dump(mode="json"),
            "mix": config.mix.model_dump(mode="json"),
            "tuned": config.languages.tuned,
            "pool": pool.hash,
            "order": [e.id for e in pool.drawable] if config.select.method == RANDOM else [],
            "base": project.data_hash("base") if config.mix.percent is not None else "",
            **_asked_facts(project),
            **({"override": OVERRIDE} if pool.unapproved else {}),
        },
    )


def _asked_facts(project: Project) -> dict[str, Any]:
    """Return what tells the mining run and the glossary from others, for keys."""
    terms = {
        code: sorted([term.term, *term.variants] for term in found)
        for code, found in _terms(project).items()
        if found
    }
    return {"mined": _mined(project), **({"terms": terms} if terms else {})}


def _mined(project: Project) -> str:
    manifest = RunFolder(project.path("mine"), "").manifest()
    return str(manifest["key"]) if manifest else ""


def _candidates(project: Project, pool: Pool, quotas: Mapping[str, int]) -> list[Example]:
    """Return the rows that may be chosen, as the pool has them; UsageError if too few."""
    known = known_rows(pool.drawable, pool.unapproved)
    rows = {e.id: e for e in known if _code(e) in quotas}
    _check_ids(project, pool, rows)
    excluded = set(project.config.select.excluded)
    found = Counter(_code(e) for e in rows.values() if e.id not in excluded)
    for code, wanted in quotas.items():
        if found[code] < wanted:
            left = " without those of select.excluded" if excluded & set(rows) else ""
            raise UsageError(
                f"mix.dose: {wanted} examples in {code} asked for, but the pinch pool has "
                f"{found[code]}{left}; lower the dose or add examples in {code}{pool.aside}"
            )
    return list(rows.values())


def _check_ids(project: Project, pool: Pool, rows: Mapping[str, Example]) -> None:
    """Raise UsageError for an id that is pinned but cannot be chosen, or excluded but unknown."""
    config = project.config.select
    everything = {e.id: e for e in pool.rows}
    for name, ids in (("pinned", config.pinned), ("excluded", config.excluded)):
        for id in ids:
            if id not in everything:
                raise UsageError(
                    f"select.{name}: {id} is not in the pool; correct the id{pool.aside}"
                )
            if name == "pinned" and id not in rows:
                raise UsageError(f"select.pinned: {id} {_why_not(everything[id], pool)}")


def _why_not(example: Example, pool: Pool) -> str:
    """Return why a row of the pool may not be chosen, and what to do."""
    if example.status != "approved" and not pool.unapproved:
        return f"is not approved ({example.status}); have it approved, or remove the id"
    if not example.response:
        return "has no response; write one, or remove the id"
    return (
        f"is in {example.language or 'no known language'}, which is not tuned; add the language "
        "to languages.tuned, or remove the id"
    )


def _code(example: Example) -> str:
    """Return the language that an example counts for: `es` for es-MX, as the random draw does."""
    return get_language(example.language).code


def language_shares(project: Project) -> dict[str, int]:
    """Return how many examples of each tuned language are mixed."""
    config = project.config
    english = config.mix.budget
    if config.mix.percent is not None and not english:
        known = known_rows(project.examples("base"))
        english = len({e.id for e in known if e.language == ENGLISH})
    return shares(pinch_size(english, config.mix), config.languages.tuned)


def _problem(
    project: Project,
    candidates: Sequence[Example],
    quotas: dict[str, int],
    embedder: KeptEmbedder,
    progress: Progress,
) -> tuple[Problem, Asked]:
    """Return what is to be chosen, and the texts to be covered: enquiries, or the pool itself."""
    config = project.config.select
    prompts, codes = [e.prompt for e in candidates], [_code(e) for e in candidates]
    with progress.task("embedding", len(set(prompts))) as task:
        vectors = embed_by_length(embedder, prompts, task.advance)
    asked = mined_texts(project, embedder) or own_texts(prompts, codes, vectors)
    embedder.keep()
    together = np.concatenate([vectors, asked.vectors])
    subject = without_language(together, [*codes, *asked.languages])
    problem = Problem(
        ids=[e.id for e in candidates],
        vectors=subject[: len(candidates)],
        ground=Ground.of(subject[len(candidates) :], asked.counts),
        size=sum(quotas.values()),
        groups=codes,
        quotas=quotas,
        lengths=np.array([len(e.response or "") for e in candidates], np.int64),
        twins=[e.parallel_id or e.id for e in candidates],
        topics=_topics(project, candidates),
        topic_weight=config.term_weight,
        pinned=frozenset(config.pinned),
        excluded=frozenset(config.excluded),
        seed=project.config.mix.seed,
    )
    return problem, asked


def _topics(project: Project, candidates: Sequence[Example]) -> list[frozenset[Topic]]:
    """Return the glossary terms that each candidate uses; nothing where nobody collects."""
    if not project.collects:
        return []
    from pinchtune.collecting.terms import make_matcher

    matchers = {code: make_matcher(code, found) for code, found in _terms(project).items()}
    return [
        frozenset(
            (_code(e), t.term) for t in matchers[_code(e)].find(f"{e.prompt}\n\n{e.response}")
        )
        for e in candidates
    ]


def _terms(project: Project) -> dict[str, list[Term]]:
    """Return the glossary of each tuned language; nothing where nobody collects."""
    if not project.collects:
        return {}
    from pinchtune.store.glossary import list_terms

    store = project.open_store()
    try:
        return {code: list_terms(store, code) for code in project.config.languages.tuned}
    finally:
        store.close()


def _write(
    run: RunFolder,
    project: Project,
    problem: Problem,
    candidates: Sequence[Example],
    asked: Asked,
    rows: list[int],
) -> None:
    reasons = explain(problem, rows, asked.languages)
    lines = [
        _line(rank, reason, candidates[reason.row], problem, asked)
        for rank, reason in enumerate(reasons, 1)
    ]
    gaps = [
        {
            **g._asdict(),
            "text": shorten(asked.texts[g.row]),
            "language": asked.languages[g.row],
            "cluster": asked.clusters[g.row],
            "closeness": round(g.closeness, 4),
        }
        for g in find_gaps(problem, rows)
    ]
    write_jsonl(run.path / "selection.jsonl", lines)
    write_json(run.path / "gaps.json", gaps)
    run.finish(
        {
            "method": project.config.select.method,
            "embedder": project.config.select.embedder,
            "candidates": len(candidates),
            "ground": asked.describe(),
            "chosen": len(rows),
            "random_draws": DRAWS,
            "coverage": _compare(problem, rows),
        }
    )


def _line(
    rank: int, reason: Reason, example: Example, problem: Problem, asked: Asked
) -> dict[str, Any]:
    """Return the row of selection.jsonl of a chosen example."""
    group = asked.most_asked(reason.texts)
    told = Told(
        number=round(reason.share * asked.enquiries),
        share=reason.share,
        mined=bool(asked.run),
        group=asked.names.get(group, "") if group is not None else "",
        terms=tuple(term for _, term in reason.new_terms),
    )
    quoted = reason.quoted
    near = asked.texts[quoted] if quoted >= 0 else ""
    return {
        "rank": rank,
        "id": example.id,
        "language": example.language,
        "instruction": example.prompt,
        "gain": round(reason.gain, 6),
        "stands_for": told.number,
        "cluster": group,
        "share": round(reason.share, 6),
        "new_terms": list(told.terms),
        "terms": sorted(term for _, term in problem.topics[reason.row]) if problem.topics else [],
        "quoted_language": asked.languages[quoted] if quoted >= 0 else "",
        "reason": {locale: sentence(told, near, locale) for locale in LOCALES},
        "reason_alone": {locale: sentence(told, "", locale) for locale in LOCALES},
    }


def _compare(problem: Problem, rows: list[int]) -> dict[str, float]:
    """Return how much of the ground set is covered: by this choice, by each way, by all."""
    found = {"chosen": cover(problem, rows).covered}
    for name, choose in SELECTORS.items():
        seeds = range(DRAWS if name == RANDOM else 1)
        each = [cover(problem, choose(replace(problem, seed=s))).covered for s in seeds]
        found[name] = float(np.mean(each))
        if name == RANDOM:
            found["random_most"] = max(each)
    found["whole_pool"] = cover_all(problem)
    return {name: round(value, 4) for name, value in found.items()}
