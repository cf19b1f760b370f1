"""pinch versions: release an arm, and look at what was released.

The rules stand in `releasing/`; here they meet the project's runs and weights. What moves a
pointer stands in `switching`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pinchtune.errors import DataError, UsageError
from pinchtune.progress import Progress, Silent
from pinchtune.releasing import Registry, Version
from pinchtune.releasing.adding import add_version as add_files
from pinchtune.releasing.adding import check_free
from pinchtune.releasing.describing import describe_version
from pinchtune.releasing.names import KINDS
from pinchtune.releasing.people import Person, state_person, state_text
from pinchtune.releasing.removing import prune
from pinchtune.stages.evidence import gather
from pinchtune.stages.probing import load_folder, probe, smoke_prompts
from pinchtune.stages.project import Project

SMOKE = "smoke.jsonl"


def open_registry(project: Project) -> Registry:
    """Return the project's registry of versions."""
    return Registry(project.folder / "versions")


def add_version(
    project: Project,
    name: str,
    arm: str = "pinch",
    tuned_by: str = "",
    note: str = "",
    progress: Progress | None = None,
) -> Version:
    """Release a tuned arm as the version `name`: copied with its evidence and a dozen answers.

    `tuned_by` is who tuned it; the account of the machine if nobody is named.
    """
    registry, config = open_registry(project), project.config
    check_free(registry, name)
    person, said = identify(project, tuned_by, "--tuned-by"), state_text(note, "--note")
    found = gather(project, arm)
    chosen = smoke_prompts(project.evaluation_prompts(), config.languages)
    (progress or Silent()).say(f"asking {arm} {len(chosen)} prompts")
    probes = probe(load_folder(found.model, config.model), chosen)
    rows = "".join(json.dumps(p.to_row(), ensure_ascii=False) + "\n" for p in probes)
    facts = {**found.facts, "tuned_by": person.to_json(), "note": said}
    evidence: dict[str, Path | bytes] = {**found.files, SMOKE: rows.encode()}
    return add_files(registry, name, found.model, found.promised, evidence, facts)


def identify(project: Project, name: str, option: str = "--by") -> Person:
    """Return who acts: as the project's database of people knows them, or as stated."""
    stated = state_person(name, option=option)
    if not project.collects:
        return stated
    from pinchtune.stages.collect import collection
    from pinchtune.store import people
    from pinchtune.store.errors import NotFound

    with collection(project) as store:
        try:
            known = people.find_person(store, stated.name)
        except NotFound:
            return stated
    return state_person(known.name, known.id)


def readable(registry: Registry, name: str | None) -> Version | None:
    """Return a version; None if there is none, or what is told of it is damaged."""
    try:
        return registry.get(name) if name else None
    except UsageError:
        return None


def list_versions(project: Project) -> list[dict[str, Any]]:
    """Return a row for each version, the oldest first: its pointers, decision, who and when."""
    registry = open_registry(project)
    named = {kind: registry.last_change(kind).get("version") for kind in KINDS}
    rows = [
        {
            "name": name,
            "pointers": [kind for kind in KINDS if named[kind] == name],
            **_row(readable(registry, name)),
        }
        for name in registry.names()
    ]
    return sorted(rows, key=lambda row: (row["made"], row["name"]))


def _row(version: Version | None) -> dict[str, Any]:
    if version is None:
        return {"made": "", "verdict": "", "tuned_by": "", "base": "", "damaged": True}
    facts = version.facts
    return {
        "made": facts["made"],
        "verdict": version.verdict,
        "tuned_by": facts["tuned_by"]["name"],
        "base": version.base,
        "damaged": False,
    }


def show_version(project: Project, name: str) -> dict[str, Any]:
    """Return what is known of a version, and what was done with it."""
    registry = open_registry(project)
    version = registry.get(name)
    events = [e for e in registry.history() if name in (e.get("version"), e.get("from"))]
    return {**version.facts, "about": describe_version(version), "history": events}


def verify_versions(project: Project, names: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return {version: what is wrong with it}; the pointers are looked at too if none is named."""
    registry = open_registry(project)
    found = {name: registry.verify(name) for name in names or registry.names()}
    return found if names else {**found, **_pointer_problems(registry)}


def _pointer_problems(registry: Registry) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind in KINDS:
        try:
            name = registry.pointer(kind)
            problem = f"{name} is not there" if name and name not in registry.names() else ""
        except DataError as error:
            problem = str(error)
        found[kind] = [problem] if problem else []
    return found


def version_history(project: Project) -> list[dict[str, Any]]:
    """Return every change of the versions, the oldest first."""
    return open_registry(project).history()


def prune_versions(project: Project, keep: int, by: str = "", dry: bool = False) -> list[str]:
    """Remove the versions that no pointer can need; `keep` are kept on each way back.

    With `dry` they are only named.
    """
    return prune(open_registry(project), keep, identify(project, by), dry)
