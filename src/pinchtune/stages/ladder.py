"""ladder.json: the stages of a project, which were begun, and what was decided at the end of each.

The stage that was begun last sets the languages and the dose of every command, over pinch.toml and
under --set. The file is written whole or not at all, so that a kill leaves the one before.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.config import Config, load_config
from pinchtune.errors import DataError, UsageError
from pinchtune.files import read_json, write_json

NAME = "ladder.json"
KEPT = "ladder"
"""Folder of the copies that outlive the next stage's runs."""
Entry = dict[str, Any]
"""One begun stage: name, tuned, unseen, dose, started, plan, override, ended, decision, kept."""


class Rung(NamedTuple):
    """One stage of the ladder."""

    name: str
    """Such as `40-in-4`: the dose, and the number of tuned languages."""
    tuned: list[str]
    unseen: list[str]
    dose: int


def list_rungs(config: Config) -> list[Rung]:
    """Return the stages that pinch.toml describes, each once."""
    if config.mix.percent is not None:
        raise UsageError("mix.percent: the stages of a ladder count examples; set mix.dose instead")
    codes = [*config.languages.tuned, *config.languages.unseen]
    sizes = config.ladder.languages
    doses = config.ladder.doses or [config.mix.dose] * len(sizes)
    rungs = [_rung(codes, size, dose) for size, dose in zip(sizes, doses, strict=True)]
    return list({rung.name: rung for rung in rungs}.values())


def _rung(codes: list[str], size: int, dose: int) -> Rung:
    tuned = codes[: size or None]
    return Rung(f"{dose}-in-{len(tuned)}", tuned, codes[len(tuned) :], dose)


def read_ladder(folder: str | Path) -> list[Entry]:
    """Return the stages that were begun, the first one first."""
    path = Path(folder) / NAME
    if not path.is_file():
        return []
    found = read_json(path)
    try:
        return [_check(entry) for entry in found["stages"]]
    except (TypeError, KeyError) as error:
        raise DataError("is no ladder; put the file back as it was", path) from error


def _check(entry: Entry) -> Entry:
    for key in ("stage", "tuned", "unseen", "dose", "started", "plan", "ended", "decision"):
        entry[key]
    return entry


def write_ladder(folder: str | Path, stages: list[Entry]) -> None:
    """Write the stages that were begun."""
    write_json(Path(folder) / NAME, {"stages": stages})


def current_stage(folder: str | Path) -> Entry | None:
    """Return the stage that was begun last, whether it has ended or not."""
    return next(reversed(read_ladder(folder)), None)


def told_stages(folder: str | Path) -> list[Entry]:
    """Return the ladder as a report tells it; empty where no stage was begun.

    The stage that was begun last is the test at hand: its decision is the report's own, so the
    report stays as it is when the stage ends.
    """
    begun = read_ladder(folder)
    if not begun:
        return []
    *before, last = begun
    rows = [{**entry, "state": "done" if entry["decision"] else "given_up"} for entry in before]
    rows.append({**last, "state": "now", "ended": None, "decision": None})
    rungs = list_rungs(load_config(folder))
    names = [rung.name for rung in rungs]
    left = rungs[names.index(last["stage"]) + 1 :] if last["stage"] in names else []
    ahead = {"started": None, "ended": None, "decision": None, "state": "ahead"}
    return [*rows, *({**rung._asdict(), "stage": rung.name, **ahead} for rung in left)]


def stage_settings(stage: Entry | Rung) -> list[str]:
    """Return what a stage sets, as --set takes it."""
    facts = stage._asdict() if isinstance(stage, Rung) else stage
    lists = [f"languages.{name}={json.dumps(facts[name])}" for name in ("tuned", "unseen")]
    return [*lists, f"mix.dose={facts['dose']}"]
