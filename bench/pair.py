"""Two runs of one project, compared prompt by prompt: what a change of the code changes.

`python -m bench.pair BEFORE NOW`: two project folders with the same evaluation set, both with
their runs, made by two versions of pinchtune. Prints NOW minus BEFORE for answers in the right
language, win rates and bits per byte, with 95 % intervals over prompts (a prompt in all its
languages is one draw), and how many answers are the same to the letter.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.common import write_interval
from pinchtune.config import ENGLISH
from pinchtune.evaluation.fidelity import right_language
from pinchtune.files import read_jsonl
from pinchtune.languages import Identifier
from pinchtune.records import Example
from pinchtune.stages.project import Project
from pinchtune.stats import Estimate
from pinchtune.stats.clusters import ClusteredScores, Resamples

ARMS = ("english", "pinch")
Rows = dict[str, dict[str, Any]]


def compare(before: Path, now: Path) -> list[str]:
    """Return the table's lines, as Markdown."""
    projects = [Project.open(folder) for folder in (before, now)]
    examples = [{e.id: e for e in project.examples("evaluation")} for project in projects]
    prompts = {name: e for name, e in examples[1].items() if name in examples[0]}
    languages = projects[1].config.languages
    groups = {"English": [ENGLISH], "tuned": languages.tuned, "unseen": languages.unseen}
    lines = ["| now minus before | English | tuned | unseen |", "| --- | --- | --- | --- |"]
    for label, values in _measures(projects, prompts).items():
        found = _differences(values, prompts, groups)
        cells = [write_interval(e[:3], 4 if "bits" in label else 1) for e in found]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return [*lines, "", *(_same(projects, arm) for arm in ARMS)]


def _measures(
    projects: list[Project], prompts: dict[str, Example]
) -> dict[str, list[dict[str, float]]]:
    """Return by measure the value of each prompt, before and now."""
    identifier = Identifier(sorted({e.language for e in prompts.values()}))
    found: dict[str, list[dict[str, float]]] = {}
    for arm in ARMS:
        found[f"right language, {arm} arm, points"] = [
            {
                name: 100 * right_language(identifier, row["text"], prompts[name].language)
                for name, row in _read(project, "answers", arm, "answers.jsonl").items()
                if name in prompts
            }
            for project in projects
        ]
        found[f"bits per byte, {arm} arm"] = [
            {
                name: row["bits"] / row["bytes"]
                for name, row in _read(project, "answers", arm, "bits.jsonl").items()
            }
            for project in projects
        ]
    found["win rate, points"] = [
        {
            name: 100 * row["score"]
            for name, row in _read(project, "evaluation", "verdicts.jsonl").items()
            if row["score"] is not None
        }
        for project in projects
    ]
    return found


def _differences(
    values: list[dict[str, float]], prompts: dict[str, Example], groups: Mapping[str, Sequence[str]]
) -> list[Estimate]:
    names = [name for name in prompts if all(name in side for side in values)]
    clusters = [prompts[name].parallel_id or name for name in names]
    languages = [prompts[name].language for name in names]
    resamples = Resamples(clusters)
    before, now = (
        ClusteredScores(resamples, [side[name] for name in names], clusters, languages)
        for side in values
    )
    return [now.difference(before, codes) for codes in groups.values()]


def _same(projects: list[Project], arm: str) -> str:
    before, now = (_read(project, "answers", arm, "answers.jsonl") for project in projects)
    same = sum(now[name]["text"] == row["text"] for name, row in before.items() if name in now)
    return f"{arm} arm: {same} of {len(now)} answers are the same to the letter"


def _read(project: Project, *parts: str) -> Rows:
    return {row["prompt_id"]: row for _, row in read_jsonl(project.path(*parts))}


def main() -> int:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("now", type=Path)
    options = parser.parse_args()
    print("\n".join(compare(options.before, options.now)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
