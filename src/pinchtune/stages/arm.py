"""pinch arm: an arm that another trainer has tuned, taken in, listed, and given up again.

It stands in the run like any other: the same folder, the same manifest, which says where it came
from. `pinch train` leaves it alone, and refuses to tune over it once the mixture has changed.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from pinchtune.config import ENGLISH
from pinchtune.data.formats import read_examples
from pinchtune.data.mix import ARMS
from pinchtune.errors import UsageError
from pinchtune.files import UNFINISHED, RunFolder, hash_file, name_write_errors, write_json
from pinchtune.model.incoming import (
    Incoming,
    check_tokenizer,
    check_weights,
    find_weights,
    install,
)
from pinchtune.progress import Progress, Silent
from pinchtune.records import Example
from pinchtune.stages.pool import count_unapproved
from pinchtune.stages.project import Project, finished, versions
from pinchtune.stages.train import ELSEWHERE, added_run, find_arm, read_elsewhere, tuned_run
from pinchtune.stages.trainer import check_base_facts
from pinchtune.trainers.origin import (
    Origin,
    changed_settings,
    check_data,
    check_whole,
    find_origin,
    read_origin,
)

UNKNOWN = "unknown"
"""The trainer of an arm that did not come from an export."""


def add_arm(
    project: Project,
    folder: str | Path,
    name: str,
    replace: bool = False,
    progress: Progress | None = None,
) -> RunFolder:
    """Take the weights in `folder` as the arm `name`; UsageError if they do not fit.

    An arm that stands there is only replaced if `replace` says so.
    """
    folder, progress = Path(folder), progress or Silent()
    seed, arm = find_arm(project, name)
    incoming = find_weights(folder)
    exported = find_origin(incoming.folder)
    origin = _read_checked(seed, arm, exported) if exported else None
    if origin:
        check_whole(incoming.folder, origin)
    examples = _examples(seed, arm)
    check_tokenizer(incoming.folder, seed.tokenizer, _probes(examples), template=origin is None)
    dtype = check_weights(incoming, seed.config.model.base)
    told = _tell(incoming, origin, exported)
    run = added_run(seed, arm, told)
    if run.complete():
        return run
    if run.manifest() and not replace:
        raise UsageError(f"{run.path}: holds an arm already; --replace puts this one in its place")
    _take_in(incoming, run, told, seed)
    run.finish({"arm": arm, **_facts(seed, told, examples, dtype), "elsewhere": told})
    for warning in _warnings(told):
        progress.say(f"warning: {warning}")
    return run


def _take_in(incoming: Incoming, run: RunFolder, told: dict[str, Any], project: Project) -> None:
    """Put the arm into its folder; what stood there goes only once all of it is on the disk."""
    with name_write_errors(run.path):
        run.path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(UNFINISHED, f".{run.path.name}.", run.path.parent))
    try:
        install(incoming, draft, project.config.model.base, project.tokenizer)
        write_json(draft / ELSEWHERE, told)
        run.start()
        with name_write_errors(run.path):
            for path in draft.iterdir():
                path.replace(run.path / path.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _read_checked(project: Project, arm: str, exported: Path) -> Origin:
    """Return what went with the export; UsageError if it is not this arm of today's project."""
    origin, name = read_origin(exported), project.name(arm)
    if origin.arm != name:
        raise UsageError(f"{exported}: is the arm {origin.arm}; add it as --as {origin.arm}")
    check_data(exported, origin)
    check_base_facts(origin.model, project.config.model.base)
    if origin.mixture != finished(project.path("mixture"), "mix")["files"][f"{arm}.jsonl"]:
        raise UsageError(
            f"{exported}: was exported from another mixture than today's; export it again and "
            "tune that, or bring the project's data back to what they were"
        )
    return origin


def _examples(project: Project, arm: str) -> list[Example]:
    finished(project.path("mixture"), "mix")
    return [row.example for row in read_examples(project.path("mixture", f"{arm}.jsonl"))]


def _probes(examples: list[Example]) -> list[Example]:
    """Return an example of each language, and of each kind of conversation."""
    kinds = {(e.language, bool(e.system), bool(e.history)): e for e in examples}
    return list(kinds.values())


def _tell(incoming: Incoming, origin: Origin | None, exported: Path | None) -> dict[str, Any]:
    """Return what is known of where an arm came from."""
    weights = {path.name: hash_file(path) for path in incoming.weights}
    kind = {"method": "lora" if incoming.is_adapter else "full", "weights": weights}
    if origin is None or exported is None:
        return {"trainer": UNKNOWN, **kind}
    return {
        "trainer": origin.trainer,
        **kind,
        "changed": changed_settings(exported, origin),
        "train": origin.train,
        "rows": origin.rows,
        "steps": origin.steps,
    }


def _facts(
    project: Project, told: dict[str, Any], examples: list[Example], dtype: str
) -> dict[str, Any]:
    """Return what the manifest of a tuned arm says, as far as it is known."""
    from pinchtune.model.load import model_facts

    train = told.get("train", {})
    known: dict[str, Any] = {key: told[key] for key in ("steps", "rows") if key in told}
    return {
        "train": {**train, "method": told["method"], "trainer": told["trainer"]},
        "model": model_facts(project.config.model.base),
        "dtype": dtype,
        **known,
        "unapproved": count_unapproved(examples),
        "exposures": {e.id: train.get("epochs") for e in examples if e.language != ENGLISH},
        "versions": versions(),
    }


def _warnings(told: dict[str, Any]) -> list[str]:
    if told["trainer"] == UNKNOWN:
        return [
            "no pinchtune-arm.json lies with the weights, so nothing shows which examples and "
            "settings they were tuned with"
        ]
    return [f"{name} was changed after the export" for name in told["changed"]]


def remove_arm(project: Project, name: str) -> None:
    """Give up an arm that came from elsewhere, so that `pinch train` tunes it here."""
    seed, arm = find_arm(project, name)
    folder = seed.path("arms", arm)
    if read_elsewhere(folder) is None:
        raise UsageError(f"{folder}: did not come from elsewhere; `pinch train` tunes it anew")
    with name_write_errors(folder):
        (folder / "manifest.json").unlink(missing_ok=True)
        shutil.rmtree(folder)


def list_arms(project: Project) -> list[dict[str, Any]]:
    """Return a row for each arm: its name, where it was tuned, and whether it is of today."""
    return [_row(seed, arm) for seed in project.seeds for arm in ARMS]


def _row(project: Project, arm: str) -> dict[str, Any]:
    folder = project.path("arms", arm)
    told = read_elsewhere(folder)
    state = "missing"
    if RunFolder(folder, "").manifest():
        mixed = RunFolder(project.path("mixture"), "").manifest()
        state = "ready" if mixed and tuned_run(project, arm).complete() else "stale"
    return {
        "arm": project.name(arm),
        "state": state,
        "trainer": told["trainer"] if told else "pinchtune",
        "folder": str(folder),
    }
