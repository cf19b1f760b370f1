"""What is known of an arm when it is released: files by hash, manifests, plan, decision, report."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.config import ENGLISH
from pinchtune.data.mix import ARMS
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, read_json
from pinchtune.stages.evaluate import evaluated_run
from pinchtune.stages.generate import answered_run
from pinchtune.stages.plan import NAME as PLAN
from pinchtune.stages.plan import read_plan
from pinchtune.stages.project import Project, finished, versions
from pinchtune.stages.report import reported_run
from pinchtune.stages.train import tuned_run

_UNLISTED = ("manifest.json", "timings.json")
"""Files of an arm that its own manifest does not list."""


class Evidence(NamedTuple):
    """An arm that can be released, and what was found about it."""

    model: Path
    """The arm's folder."""
    promised: dict[str, str | None]
    """Its files with their SHA-256; None where nobody promised one."""
    files: dict[str, Path]
    """What else belongs to the version, by its name there."""
    facts: dict[str, Any]
    """What version.json says of it."""


def gather(project: Project, arm: str) -> Evidence:
    """Return what can be released of an arm; UsageError if it is not of one piece."""
    if arm not in ARMS:
        raise UsageError(f"unknown arm {arm!r}; use one of: {', '.join(ARMS)}")
    run = _whole(tuned_run(project, arm))
    manifest = finished(run.path, "train")
    unlisted = {name: None for name in _UNLISTED if (run.path / name).is_file()}
    files = {"mixture.json": project.path("mixture", "manifest.json"), **_plan(project)}
    facts = _facts(project, arm, manifest)
    if arm == ARMS[1] and project.path("evaluation", "manifest.json").is_file():
        files |= _evaluation(project)
        facts |= _outcome(project)
    return Evidence(run.path, {**manifest["files"], **unlisted}, files, facts)


def _whole(run: RunFolder) -> RunFolder:
    """Return a run that is of today's inputs and undamaged; UsageError otherwise."""
    if run.complete():
        return run
    raise UsageError(
        f"{run.path}: is not complete, or not of today's settings and data; run `pinch run` first"
    )


def _facts(project: Project, arm: str, manifest: dict[str, Any]) -> dict[str, Any]:
    config, mixture = project.config, finished(project.path("mixture"), "mix")
    counts = mixture["examples"][arm]
    return {
        "arm": arm,
        "base": config.model.base,
        "base_facts": {k: v for k, v in manifest["model"].items() if k != "config"},
        "method": manifest["train"]["method"],
        **({"trainer": told["trainer"]} if (told := manifest.get("elsewhere")) else {}),
        "languages": {"tuned": config.languages.tuned, "unseen": config.languages.unseen},
        "dose": sum(n for code, n in counts.items() if code != ENGLISH),
        "unapproved": manifest["unapproved"],
        "dtype": manifest["dtype"],
        "generate": config.generate.model_dump(mode="json", exclude={"endpoint"}),
        "plan": read_plan(project).get("id"),
        "decision": None,
        "libraries": versions(),
    }


def _plan(project: Project) -> dict[str, Path]:
    return {PLAN: project.folder / PLAN} if read_plan(project) else {}


def _evaluation(project: Project) -> dict[str, Path]:
    """Return the files of the evaluation; UsageError if it is of other answers or weights."""
    if project.config.generate.endpoint:
        raise UsageError(
            "generate.endpoint: is set, so what was evaluated are the answers of a server and not "
            "of the arm; empty it and run `pinch run`"
        )
    prompts = project.evaluation_prompts()
    for arm in project.arms:
        _whole(answered_run(project, arm, prompts))
    folder = _whole(evaluated_run(project)).path
    found = {name: folder / name for name in ("decision.json", "scores.json", "verdicts.jsonl")}
    found["evaluation.json"] = folder / "manifest.json"
    report = reported_run(project)
    pages = finished(_whole(report).path, "report")["files"] if report.manifest() else ()
    return found | {name: report.path / name for name in pages}


def _outcome(project: Project) -> dict[str, Any]:
    rates = read_json(project.path("evaluation", "scores.json"))["win_rate"]["groups"]
    return {
        "decision": read_json(project.path("evaluation", "decision.json")),
        "figures": {
            group: {key: rate[key] for key in ("value", "low", "high", "n")}
            for group, rate in rates.items()
        },
    }
