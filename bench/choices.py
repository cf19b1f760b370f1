"""The list of arms that ask whether choosing beats drawing.

`python -m bench.choices FOLDER [--sets SETS] [--seeds 2] [--draws 5] [--budget 256]` writes
FOLDER/data and FOLDER/list.jsonl for `python -m bench.arms FOLDER/list.jsonl FOLDER --data
FOLDER/data`: for each seed an English arm, the random draws, and one arm for each other way to
choose 40 examples. One seed is through before the next begins: arms are only compared within a
seed. The examples are those of the starter set or, with SETS, all that the public sets
(bench/README.md) have in four languages.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.arms import LANGUAGES, prepare
from pinchtune.files import read_jsonl, write_jsonl, write_text
from pinchtune.selection.selectors import SELECTORS
from pinchtune.stages.init import init
from pinchtune.stages.project import Project
from pinchtune.stages.select import select

RANDOM = "random"
TUNED = ("es", "ja", "ru", "zh")
"""Languages of the pinch from the public sets."""


def pick(folder: Path, method: str, seed: int) -> list[str]:
    """Return the ids that a way chooses from the starter set's pool."""
    project = Project.open(folder, [f"select.method={method}", f"mix.seed={seed}"])
    run = select(project)
    return [str(row["id"]) for _, row in read_jsonl(run.path / "selection.jsonl")]


def list_arms(
    pick: Callable[[str, int], list[str]], seeds: int, draws: int, budget: int
) -> Iterator[dict[str, Any]]:
    """Yield the arms of each seed: English alone first, then the ways, a draw beside each.

    `pick` returns the ids that a way chooses with a seed.
    """
    others = [name for name in SELECTORS if name != RANDOM]
    turns = [(RANDOM, draw, pick(RANDOM, draw)) for draw in range(draws)]
    ways = [(name, 0, pick(name, 0)) for name in others]
    mixed = [one for pair in zip(ways, turns, strict=False) for one in pair]
    rest = [one for one in (*ways, *turns) if one not in mixed]
    for seed in range(seeds):
        fixed = {"seed": seed, "budget": budget}
        yield {"name": f"english-s{seed}", **fixed, "pinch": []}
        for name, draw, ids in (*mixed, *rest):
            label = f"{name}{draw}" if name == RANDOM else name
            about = {"selector": name, **({"draw": draw} if name == RANDOM else {})}
            yield {"name": f"sel-{label}-s{seed}", **fixed, "pinch": ids, **about}


def write_data(project: Project, folder: Path) -> None:
    """Write base, pool and evaluation as bench.arms reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("base", "evaluation"):
        shutil.copyfile(project.data_file(name), folder / f"{name}.jsonl")
    tuned = set(project.config.languages.tuned)
    pool = (e for e in project.examples("pinch") if e.language in tuned)
    write_jsonl(folder / "pool.jsonl", ({**e.to_row(), "id": e.id} for e in pool))


def write_project(folder: Path, data: Path, tuned: Sequence[str], unseen: Sequence[str]) -> Path:
    """Write the project in which the ways choose from `data`."""
    write_text(
        folder / "pinch.toml",
        f'[data]\nbase = "{data}/base.jsonl"\npinch = "{data}/pool.jsonl"\n'
        f'evaluation = "{data}/evaluation.jsonl"\n[languages]\ntuned = {json.dumps([*tuned])}\n'
        f"unseen = {json.dumps([*unseen])}\n[mix]\ndose = 40\n",
    )
    return folder


def from_starter(folder: Path) -> Path:
    """Return the starter project in `folder`, its data written beside it."""
    starter = folder / "starter"
    if not (starter / "pinch.toml").is_file():
        init(starter)
    write_data(Project.open(starter), folder / "data")
    return starter


def from_sets(sets: Path, folder: Path, prompts: int) -> Path:
    """Return a project on all that the public sets have in the tuned languages."""
    data = (folder / "data").resolve()
    data.mkdir(parents=True, exist_ok=True)
    prepare(sets, data, prompts)
    pool = [row for _, row in read_jsonl(data / "pool.jsonl") if row["language"] in TUNED]
    write_jsonl(data / "pool.jsonl", pool)
    unseen = [code for code in LANGUAGES if code not in ("en", *TUNED)]
    return write_project(folder / "project", data, TUNED, unseen)


def main() -> int:
    """Write the data and the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--budget", type=int, default=256)
    parser.add_argument("--sets", type=Path, help="folder of public sets; default: the starter set")
    parser.add_argument("--prompts", type=int, default=24, help="a language, with --sets")
    options = parser.parse_args()
    if options.sets:
        project = from_sets(options.sets, options.folder, options.prompts)
    else:
        project = from_starter(options.folder)
    arms = list(list_arms(partial(pick, project), options.seeds, options.draws, options.budget))
    write_jsonl(options.folder / "list.jsonl", arms)
    print(f"{len(arms)} arms in {options.folder / 'list.jsonl'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
