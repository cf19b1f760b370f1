"""pinch select: which examples of the pool become the pinch, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pinchtune.config import ENGLISH
from pinchtune.data.mix import known_rows, pinch_size, shares
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, read_jsonl, write_json, write_jsonl
from pinchtune.languages import get_language
from pinchtune.model.embed import (
    Embedder,
    Vectors,
    embed_by_length,
    load_embedder,
    without_language,
)
from pinchtune.progress import Progress, Silent
from pinchtune.records import Example
from pinchtune.selection.coverage import cover, cover_all
from pinchtune.selection.problem import Ground, Problem
from pinchtune.selection.reasons import LOCALES, explain, find_gaps, sentence, shorten
from pinchtune.selection.selectors import SELECTORS
from pinchtune.stages.pool import OVERRIDE, Pool
from pinchtune.stages.project import Project, finished, stage_key

if TYPE_CHECKING:
    from pinchtune.store.records import Term

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
    quotas = _quotas(project)
    candidates = _candidates(pool, quotas)
    embedder = load_embedder(project.config.select.embedder)
    ground = _mined_ground(project, embedder) if _mined(project) else None
    problem, asked = _problem(project, candidates, quotas, ground, embedder, progress)
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


def _candidates(pool: Pool, quotas: Mapping[str, int]) -> list[Example]:
    """Return the rows that may be chosen, by id; UsageError if a language has too few."""
    known = known_rows(pool.drawable, pool.unapproved)
    rows = {e.id: e for e in known if _code(e) in quotas}
    found = Counter(map(_code, rows.values()))
    for code, wanted in quotas.items():
        if found[code] < wanted:
            raise UsageError(
                f"mix.dose: {wanted} examples in {code} asked for, but the pinch pool has "
                f"{found[code]}; lower the dose or add examples in {code}"
            )
    return [rows[id] for id in sorted(rows)]


def _code(example: Example) -> str:
    """Return the language that an example counts for: `es` for es-MX, as the random draw does."""
    return get_language(example.language).code


def _quotas(project: Project) -> dict[str, int]:
    config = project.config
    english = config.mix.budget
    if config.mix.percent is not None and not english:
        english = sum(e.language == ENGLISH for e in known_rows(project.examples("base")))
    return shares(pinch_size(english, config.mix), config.languages.tuned)


class Asked(NamedTuple):
    """What is to be covered."""

    texts: list[str]
    languages: list[str]
    counts: list[float]
    """How often each was asked."""
    vectors: Vectors
    clusters: list[int | None]
    """The mined group that each belongs to."""


def _mined_ground(project: Project, embedder: Embedder) -> Asked:
    """Return the mined enquiries, at most GROUND_MOST of them, with the embeddings of the run."""
    folder = project.path("mine")
    rows = [row for _, row in read_jsonl(folder / "candidates.jsonl")]
    counts = np.array([float(row["count"]) for row in rows])
    kept = np.arange(len(rows))
    if len(rows) > GROUND_MOST:
        rng = np.random.default_rng(project.config.mix.seed)
        drawn = rng.choice(len(rows), GROUND_MOST, p=counts / counts.sum())
        kept, times = np.unique(drawn, return_counts=True)
        counts = times.astype(np.float64)
    rows = [rows[i] for i in kept]
    texts = [str(row["text"]) for row in rows]
    if (finished(folder, "mine")).get("embedder") == embedder.name:
        vectors = np.load(folder / "embeddings.npy", allow_pickle=False)[kept].astype(np.float32)
    else:
        vectors = embed_by_length(embedder, texts)
    languages, clusters = ([row[name] for row in rows] for name in ("language", "cluster"))
    return Asked(texts, languages, counts.tolist(), vectors, clusters)


def _problem(
    project: Project,
    candidates: Sequence[Example],
    quotas: dict[str, int],
    ground: Asked | None,
    embedder: Embedder,
    progress: Progress,
) -> tuple[Problem, Asked]:
    """Return what is to be chosen, and the texts to be covered: enquiries, or the pool itself."""
    config = project.config.select
    prompts, codes = [e.prompt for e in candidates], [_code(e) for e in candidates]
    with progress.task("embedding", len(set(prompts))) as task:
        vectors = embed_by_length(embedder, prompts, task.advance)
    count = len(prompts)
    asked = ground or Asked(prompts, codes, [1.0] * count, vectors, [None] * count)
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
        topics=_topics(project, candidates),
        topic_weight=config.term_weight,
        pinned=frozenset(config.pinned),
        excluded=frozenset(config.excluded),
        seed=project.config.mix.seed,
    )
    return problem, asked


def _topics(project: Project, candidates: Sequence[Example]) -> list[frozenset[str]]:
    """Return the glossary terms that each candidate uses; nothing where nobody collects."""
    if not project.collects:
        return []
    from pinchtune.collecting.terms import make_matcher

    matchers = {code: make_matcher(code, found) for code, found in _terms(project).items()}
    return [
        frozenset(t.term for t in matchers[_code(e)].find(f"{e.prompt}\n\n{e.response}"))
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
    texts = asked.texts
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
                "cluster": _most_asked(reason.texts, asked),
                "share": round(reason.share, 6),
                "new_terms": list(reason.new_terms),
                "reason": {locale: sentence(reason, near, locale) for locale in LOCALES},
            }
        )
    gaps = [
        {
            **g._asdict(),
            "text": shorten(texts[g.row]),
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
            "ground": _describe(project, len(texts)),
            "chosen": len(rows),
            "random_draws": DRAWS,
            "coverage": _compare(problem, rows),
        }
    )


def _describe(project: Project, texts: int) -> dict[str, Any]:
    """Return what was to be covered, and by which mining run: groups are numbered by each anew."""
    run = _mined(project)
    return {"texts": texts, "mined": bool(run), "run": run}


def _most_asked(texts: Sequence[int], asked: Asked) -> int | None:
    """Return the mined group that most of the enquiries are in; of equals the first."""
    times: Counter[int] = Counter()
    for text in texts:
        cluster = asked.clusters[text]
        if cluster is not None:
            times[cluster] += int(asked.counts[text])
    return min(times, key=lambda c: (-times[c], c), default=None)


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
