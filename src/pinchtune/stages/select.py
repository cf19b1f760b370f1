"""pinch select: which examples of the pool become the pinch, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pinchtune.config import ENGLISH
from pinchtune.data.mix import known_rows, pinch_size, shares
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, read_jsonl, write_json, write_jsonl
from pinchtune.model.embed import embed_by_length, load_embedder, without_language
from pinchtune.progress import Progress, Silent
from pinchtune.records import Example
from pinchtune.selection.coverage import cover
from pinchtune.selection.problem import Ground, Problem
from pinchtune.selection.reasons import LOCALES, explain, find_gaps, sentence, shorten
from pinchtune.selection.selectors import SELECTORS
from pinchtune.stages.pool import OVERRIDE, Pool
from pinchtune.stages.project import Project, stage_key

RANDOM = "random"
DRAWS = 20
"""Random draws that a choice is compared with."""
GROUND_MOST = 4096
"""Most texts that are to be covered; of more, as many are drawn as often as they were asked."""


def select(
    project: Project, progress: Progress | None = None, unapproved: bool = False
) -> RunFolder:
    """Write runs/selection: the chosen examples with reasons, the coverage, what is left open."""
    progress = progress or Silent()
    pool = project.pool(unapproved)
    run = RunFolder(project.path("selection"), _key(project, pool))
    if run.complete():
        return run
    candidates = _candidates(project, pool)
    texts, counts = _ground(project, candidates)
    problem = _problem(project, candidates, texts, counts, progress)
    rows = SELECTORS[project.config.select.method](problem)
    run.start()
    _write(run, project, problem, candidates, [t for t, _ in texts], rows)
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
    return {"select": config.model_dump(mode="json"), "mined": _mined(project)}


def _key(project: Project, pool: Pool) -> str:
    config = project.config
    return stage_key(
        "select",
        {
            "select": config.select.model_dump(mode="json"),
            "mix": config.mix.model_dump(mode="json"),
            "tuned": config.languages.tuned,
            "pool": pool.hash,
            "base": project.data_hash("base") if config.mix.percent is not None else "",
            "mined": _mined(project),
            **({"override": OVERRIDE} if pool.unapproved else {}),
        },
    )


def _mined(project: Project) -> str:
    manifest = RunFolder(project.path("mine"), "").manifest()
    return str(manifest["key"]) if manifest else ""


def _candidates(project: Project, pool: Pool) -> list[Example]:
    tuned = project.config.languages.tuned
    rows = {e.id: e for e in known_rows(pool.drawable, pool.unapproved) if e.language in tuned}
    quotas = _quotas(project)
    for code, wanted in quotas.items():
        found = sum(e.language == code for e in rows.values())
        if found < wanted:
            raise UsageError(
                f"mix.dose: {wanted} examples in {code} asked for, but the pinch pool has "
                f"{found}; lower the dose or add examples in {code}"
            )
    return [rows[id] for id in sorted(rows)]


def _quotas(project: Project) -> dict[str, int]:
    config = project.config
    english = config.mix.budget
    if config.mix.percent is not None and not english:
        english = sum(e.language == ENGLISH for e in known_rows(project.examples("base")))
    return shares(pinch_size(english, config.mix), config.languages.tuned)


def _ground(
    project: Project, candidates: Sequence[Example]
) -> tuple[list[tuple[str, str]], list[float]]:
    """Return ((text, language), how often it was asked): mined enquiries, or the pool itself."""
    if not _mined(project):
        return [(e.prompt, e.language) for e in candidates], [1.0] * len(candidates)
    rows = [row for _, row in read_jsonl(project.path("mine", "candidates.jsonl"))]
    counts = np.array([float(row["count"]) for row in rows])
    if len(rows) > GROUND_MOST:
        rng = np.random.default_rng(project.config.mix.seed)
        drawn = rng.choice(len(rows), GROUND_MOST, p=counts / counts.sum())
        kept, times = np.unique(drawn, return_counts=True)
        rows, counts = [rows[i] for i in kept], times.astype(np.float64)
    return [(str(r["text"]), str(r["language"])) for r in rows], counts.tolist()


def _problem(
    project: Project,
    candidates: Sequence[Example],
    ground: Sequence[tuple[str, str]],
    counts: Sequence[float],
    progress: Progress,
) -> Problem:
    config = project.config.select
    texts = [*((e.prompt, e.language) for e in candidates), *ground]
    embedder = load_embedder(config.embedder)
    with progress.task("embedding", len({text for text, _ in texts})) as task:
        vectors = embed_by_length(embedder, [text for text, _ in texts], task.advance)
    vectors = without_language(vectors, [language for _, language in texts])
    quotas = _quotas(project)
    return Problem(
        ids=[e.id for e in candidates],
        vectors=vectors[: len(candidates)],
        ground=Ground.of(vectors[len(candidates) :], counts),
        size=sum(quotas.values()),
        groups=[e.language for e in candidates],
        quotas=quotas,
        lengths=np.array([len(e.response or "") for e in candidates], np.int64),
        topics=_topics(project, candidates),
        topic_weight=config.term_weight,
        pinned=frozenset(config.pinned),
        excluded=frozenset(config.excluded),
        seed=project.config.mix.seed,
    )


def _topics(project: Project, candidates: Sequence[Example]) -> list[frozenset[str]]:
    """Return the glossary terms that each candidate uses; nothing where nobody collects."""
    if not project.collects:
        return []
    from pinchtune.collecting.terms import make_matcher
    from pinchtune.store.glossary import list_terms

    store = project.open_store()
    try:
        terms = {code: list_terms(store, code) for code in project.config.languages.tuned}
    finally:
        store.close()
    matchers = {code: make_matcher(code, found) for code, found in terms.items()}
    return [
        frozenset(t.term for t in matchers[e.language].find(f"{e.prompt}\n\n{e.response}"))
        for e in candidates
    ]


def _write(
    run: RunFolder,
    project: Project,
    problem: Problem,
    candidates: Sequence[Example],
    texts: Sequence[str],
    rows: list[int],
) -> None:
    reasons = explain(problem, rows)
    lines = []
    for rank, reason in enumerate(reasons, 1):
        example = candidates[reason.row]
        near = texts[reason.farthest] if reason.farthest >= 0 else ""
        lines.append(
            {
                "rank": rank,
                "id": example.id,
                "language": example.language,
                "instruction": example.prompt,
                "gain": round(reason.gain, 6),
                "stands_for": reason.stands_for,
                "share": round(reason.share, 6),
                "new_terms": list(reason.new_terms),
                "reason": {locale: sentence(reason, near, locale) for locale in LOCALES},
            }
        )
    gaps = [
        {**g._asdict(), "text": shorten(texts[g.row]), "closeness": round(g.closeness, 4)}
        for g in find_gaps(problem, rows)
    ]
    write_jsonl(run.path / "selection.jsonl", lines)
    write_json(run.path / "gaps.json", gaps)
    run.finish(
        {
            "method": project.config.select.method,
            "embedder": project.config.select.embedder,
            "candidates": len(candidates),
            "ground": {"texts": len(texts), "mined": bool(_mined(project))},
            "chosen": len(rows),
            "coverage": _compare(problem, rows),
        }
    )


def _compare(problem: Problem, rows: list[int]) -> dict[str, float]:
    """Return how much of the ground set is covered: by this choice, by each way, by all."""
    found = {"chosen": cover(problem, rows).covered}
    for name, choose in SELECTORS.items():
        seeds = range(DRAWS if name == RANDOM else 1)
        each = [cover(problem, choose(replace(problem, seed=s))).covered for s in seeds]
        found[name] = float(np.mean(each))
        if name == RANDOM:
            found["random_most"] = max(each)
    found["whole_pool"] = cover(problem, list(range(len(problem.ids)))).covered
    return {name: round(value, 4) for name, value in found.items()}
