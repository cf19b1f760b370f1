"""pinch stage: climb the ladder from few languages to all, each stage by a rule fixed before it.

A stage begins with its plan and ends with the decision of its evaluation. The next one begins
after a "go", or with a reason that stays on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pinchtune.config import load_config
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, atomic_write
from pinchtune.stages.decide import decide
from pinchtune.stages.ladder import (
    KEPT,
    Entry,
    Rung,
    list_rungs,
    read_ladder,
    stage_settings,
    write_ladder,
)
from pinchtune.stages.mix import mixture_key
from pinchtune.stages.plan import begin_plan
from pinchtune.stages.project import Project

NEXT = "next"
GO = "go"


def list_stages(project: Project) -> list[dict[str, Any]]:
    """Return every stage of the ladder with its state, the decision and what came before it."""
    begun = read_ladder(project.folder)
    rows = []
    for rung in _rungs(project):
        tries = [entry for entry in begun if entry["stage"] == rung.name]
        last = tries[-1] if tries else None
        rows.append({**rung._asdict(), "state": _state(last, begun), "last": last, "tries": tries})
    return rows


def _state(entry: Entry | None, begun: Sequence[Entry]) -> str:
    if entry is None:
        return "to come"
    if entry["decision"]:
        return "done"
    return "running" if entry is begun[-1] else "given up"


def start_stage(project: Project, name: str = NEXT, override: str = "") -> Entry:
    """Begin a stage: make its plan, and let it set the languages and the dose of every command.

    UsageError if the stage before has no go and `override` does not say why it begins all the same.
    """
    begun = read_ladder(project.folder)
    rung = _pick(_rungs(project), begun, name)
    if begun and _runs(begun[-1]) and begun[-1]["stage"] == rung.name:
        return begun[-1]
    objection = _objection(_rungs(project), begun, rung)
    if objection and not override.strip():
        raise UsageError(f"{objection}, or say why not with --override")
    staged = Project(project.folder, load_config(project.folder, stage_settings(rung)))
    made = begin_plan(staged, {entry["plan"] for entry in begun}, _is_late(staged))
    entry = {
        "stage": rung.name,
        **{key: value for key, value in rung._asdict().items() if key != "name"},
        "started": date.today().isoformat(),
        "plan": made["id"],
        "override": {"why": override.strip(), "against": objection} if objection else None,
        "ended": None,
        "decision": None,
        "kept": None,
    }
    write_ladder(project.folder, [*begun, entry])
    return entry


def _rungs(project: Project) -> list[Rung]:
    """Return the ladder as pinch.toml has it, without what the stage of today sets."""
    return list_rungs(load_config(project.folder))


def _runs(entry: Entry) -> bool:
    return entry["decision"] is None


def _pick(rungs: Sequence[Rung], begun: Sequence[Entry], name: str) -> Rung:
    names = [rung.name for rung in rungs]
    if name != NEXT:
        if name not in names:
            raise UsageError(f"there is no stage {name!r}; use one of: {', '.join(names)}, {NEXT}")
        return rungs[names.index(name)]
    if not begun:
        return rungs[0]
    last = begun[-1]["stage"]
    if last not in names:
        raise UsageError(
            f"the stage before, {last}, is no longer in pinch.toml; name the one to begin: "
            f"{', '.join(names)}"
        )
    if last == names[-1]:
        raise UsageError(f"{last} was the last stage; set ladder.languages to have more")
    return rungs[names.index(last) + 1]


def _objection(rungs: Sequence[Rung], begun: Sequence[Entry], rung: Rung) -> str:
    """Return what speaks against beginning a stage; empty if nothing does."""
    if begun and _runs(begun[-1]):
        return f"stage {begun[-1]['stage']} has no decision yet; run `pinch stage finish` first"
    place = rungs.index(rung)
    if not place:
        return ""
    before = rungs[place - 1].name
    tries = [entry for entry in begun if entry["stage"] == before and entry["decision"]]
    if tries and tries[-1]["decision"]["verdict"] == GO:
        return ""
    had = tries[-1]["decision"]["verdict"] if tries else "no decision"
    return f"stage {before} has no go ({had}); repeat it with `pinch stage start {before}`"


def _is_late(project: Project) -> bool:
    """True if this very mixture has been answered for already: a plan comes after its test then."""
    mixture = RunFolder(project.path("mixture"), mixture_key(project))
    folders = [project.path("answers", arm) for arm in project.arms]
    return mixture.complete() and any(RunFolder(folder, "").manifest() for folder in folders)


def finish_stage(project: Project) -> Entry:
    """End the stage that runs: take the decision into the history, and keep what it rests on."""
    begun = read_ladder(project.folder)
    if not begun or not _runs(begun[-1]):
        raise UsageError("no stage is running; begin one with `pinch stage start next`")
    entry = begun[-1]
    found = decide(project)
    plan = found.get("plan")
    if not plan or plan["id"] != entry["plan"]:
        raise UsageError(
            f"plan.json: is not the plan {entry['plan']} that stage {entry['stage']} began with; "
            "put it back and run `pinch evaluate` again"
        )
    tries = sum(other["stage"] == entry["stage"] for other in begun)
    kept = f"{KEPT}/{entry['stage']}" + (f".{tries}" if tries > 1 else "")
    _keep(project, kept)
    # The copies first: what the ladder names is there.
    told = {key: found[key] for key in ("verdict", "english", "seen", "unseen", "plan", "next")}
    ended = {**entry, "ended": date.today().isoformat(), "decision": told, "kept": kept}
    write_ladder(project.folder, [*begun[:-1], ended])
    return ended


def _keep(project: Project, folder: str) -> None:
    evaluation = project.path("evaluation")
    files = [evaluation / "decision.json", evaluation / "scores.json"]
    for path in [*files, project.folder / "plan.json"]:
        with atomic_write(project.folder / folder / path.name, "wb") as copy:
            copy.write(path.read_bytes())
