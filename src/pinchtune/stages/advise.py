"""pinch advise: which languages to collect for, and what to collect next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pinchtune.advice.choice import SIZES, best_set, rank_sets
from pinchtune.advice.facts import hardly_known, warn
from pinchtune.advice.plan import Cluster, plan_next
from pinchtune.advice.wording import LOCALES, languages_text, next_text
from pinchtune.config import ENGLISH
from pinchtune.evaluation.decision import decide
from pinchtune.evaluation.next_stage import Step, recommend
from pinchtune.files import RunFolder, read_json, read_jsonl, write_json, write_text
from pinchtune.progress import Progress
from pinchtune.stages.facts import FACTS, add_own, known_facts, measure_languages, read_facts
from pinchtune.stages.plan import planned_guess
from pinchtune.stages.project import Project, finished, stage_key


def advise_languages(project: Project, progress: Progress | None = None) -> RunFolder:
    """Write runs/advise/languages: advice.json, advice.md, advice.ja.md."""
    config = project.config.advise
    must = [code for code in project.config.languages.evaluated if code != ENGLISH]
    codes = list(dict.fromkeys([*must, *config.candidates]))
    measured = measure_languages(project, codes, progress)
    found, closeness = read_facts(measured.path / FACTS)
    facts = add_own(project, found, codes)
    inputs = {
        "facts": measured.key,
        "own": {code: row.to_json() for code, row in facts.items()},
        "must": must,
        "advise": config.model_dump(mode="json"),
        "dose": project.config.mix.dose,
    }
    run = RunFolder(project.path("advise", "languages"), stage_key("advise languages", inputs))
    if run.complete():
        return run
    warned = warn(facts, codes)
    weak = hardly_known(warned)
    candidates = list(config.candidates) or [code for code in must if code not in weak]
    if len(candidates) < SIZES[0]:
        candidates = must  # the base hardly knows any: the warnings say so
    ranked = rank_sets(must, candidates, facts, closeness, config, project.config.mix.dose)
    advice = {
        "must": must,
        "candidates": sorted(candidates),
        "set_aside": sorted(weak - set(candidates)),
        "dose": project.config.mix.dose,
        "weights": config.model_dump(mode="json"),
        "facts": [facts[code].to_json() for code in codes],
        "warnings": [w._asdict() for w in warned],
        "recommended": best_set(ranked).to_json(),
        "sets": {str(size): [c.to_json() for c in row] for size, row in ranked.items()},
    }
    return _write(run, advice, {locale: languages_text(advice, locale) for locale in LOCALES})


def advise_next(project: Project, progress: Progress | None = None) -> RunFolder:
    """Write runs/advise/next from the stored scores: advice.json, advice.md, advice.ja.md."""
    evaluation = finished(project.path("evaluation"), "evaluate")
    mixture = finished(project.path("mixture"), "mix")
    have = mixture["examples"]["pinch"]
    clusters, weak = read_clusters(project), weak_languages(project)
    config = project.config
    inputs = {
        "scores": evaluation["files"]["scores.json"],
        "have": have,
        "clusters": [c._asdict() for c in clusters],
        "weak": sorted(weak),
        "examples": config.advise.examples,
        "seed": config.evaluate.seed,
    }
    run = RunFolder(project.path("advise", "next"), stage_key("advise next", inputs))
    if run.complete():
        return run
    scores = read_json(project.path("evaluation", "scores.json"))
    plan = plan_next(
        scores, have, config.advise.examples, clusters, weak, config.evaluate.seed
    ).to_json()
    if progress:
        progress.say(f"advice on {len(plan['steps'])} languages")
    return _write(run, plan, {locale: next_text(plan, locale) for locale in LOCALES})


def next_step(project: Project, scores: Mapping[str, Any]) -> Step:
    """Return what to do after the decision that the scores lead to."""
    weak = weak_languages(project)
    return recommend(scores, decide(scores), planned_guess(project), weak)


def weak_languages(project: Project) -> frozenset[str]:
    """Return the languages that the base hardly knows, as far as they were measured."""
    facts = known_facts(project)
    codes = [code for code in project.config.languages.evaluated if code != ENGLISH]
    return hardly_known(warn(facts, codes)) if facts else frozenset()


def read_clusters(project: Project) -> list[Cluster]:
    """Return what people ask: the mined clusters, or what a selection left open; by id."""
    mined = project.path("mine", "clusters.jsonl")
    if mined.is_file():
        chosen = _chosen(project)
        rows = [row for _, row in read_jsonl(mined)]
        return sorted((_cluster(row, chosen) for row in rows), key=lambda c: c.id)
    gaps = project.path("selection", "gaps.json")
    if not gaps.is_file():
        return []
    return [
        Cluster(f"gap-{i}", row["text"], {"": row["share"] * (1 - row["closeness"])})
        for i, row in enumerate(read_json(gaps), 1)
    ]


def _cluster(row: Mapping[str, Any], chosen: Mapping[str, int]) -> Cluster:
    id = str(row.get("cluster", row.get("id")))
    name = row.get("name") or ", ".join(row.get("terms", []))
    asked = row.get("languages") or {row.get("language", ""): row.get("count", 1)}
    return Cluster(id, str(name), {str(k): float(v) for k, v in asked.items()}, chosen[id])


def _chosen(project: Project) -> Counter[str]:
    """Return how many examples of the selection stand for each cluster."""
    path = project.path("selection", "selection.jsonl")
    rows = [row for _, row in read_jsonl(path)] if path.is_file() else []
    return Counter(str(row["cluster"]) for row in rows if row.get("cluster") is not None)


def _write(run: RunFolder, advice: dict[str, Any], texts: dict[str, str]) -> RunFolder:
    run.start()
    write_json(run.path / "advice.json", {**advice, "text": texts})
    for locale, text in texts.items():
        write_text(run.path / ("advice.md" if locale == "en" else f"advice.{locale}.md"), text)
    run.finish({})
    return run
