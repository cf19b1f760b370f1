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
from pinchtune.files import RunFolder, read_json, write_json, write_text
from pinchtune.mining.mined import Group, read_mined
from pinchtune.progress import Progress
from pinchtune.selection.outcome import read_outcome
from pinchtune.stages.facts import (
    FACTS,
    add_own,
    advised_languages,
    known_facts,
    measure_languages,
    read_facts,
)
from pinchtune.stages.plan import planned_guess
from pinchtune.stages.project import Project, finished, stage_key
from pinchtune.stages.select import language_shares


def advise_languages(project: Project, progress: Progress | None = None) -> RunFolder:
    """Write runs/advise/languages: advice.json, advice.md, advice.ja.md."""
    config = project.config.advise
    must = [code for code in project.config.languages.evaluated if code != ENGLISH]
    codes = advised_languages(project)
    measured = measure_languages(project, codes, progress)
    found, closeness = read_facts(measured.path / FACTS)
    facts = add_own(project, found, codes)
    dose = sum(language_shares(project).values())
    inputs = {
        "facts": measured.key,
        "own": {code: row.to_json() for code, row in facts.items()},
        "must": must,
        "advise": config.model_dump(mode="json"),
        "dose": dose,
    }
    run = RunFolder(project.path("advise", "languages"), stage_key("advise languages", inputs))
    if run.complete():
        return run
    warned = warn(facts, codes)
    weak = hardly_known(warned)
    known = [code for code in must if code not in weak]
    # If the base hardly knows any, all are ranked: the warnings say so.
    usual = known if len(known) >= SIZES[0] else must
    candidates = list(config.candidates) or usual
    ranked = rank_sets(must, candidates, facts, closeness, config, dose)
    advice = {
        "must": must,
        "candidates": sorted(candidates),
        "set_aside": sorted(weak - set(candidates)),
        "dose": dose,
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
    outcome = read_outcome(project.path("selection"))
    mined = read_mined(project.path("mine"))
    if mined:
        # A choice by another mining run says nothing: groups are numbered by each run anew.
        chosen = (outcome and outcome.count_groups(mined.key)) or Counter[int]()
        return sorted((_cluster(g, chosen[g.number]) for g in mined.groups), key=lambda c: c.id)
    return [
        Cluster(f"gap-{i}", gap.text, {"": gap.share * (1 - gap.closeness)})
        for i, gap in enumerate(outcome.gaps if outcome else (), 1)
    ]


def _cluster(group: Group, chosen: int) -> Cluster:
    asked = {code: float(times) for code, times in group.languages.items()}
    return Cluster(str(group.number), ", ".join(group.terms), asked, chosen)


def _write(run: RunFolder, advice: dict[str, Any], texts: dict[str, str]) -> RunFolder:
    run.start()
    write_json(run.path / "advice.json", {**advice, "text": texts})
    for locale, text in texts.items():
        write_text(run.path / ("advice.md" if locale == "en" else f"advice.{locale}.md"), text)
    run.finish({})
    return run
