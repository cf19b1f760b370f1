"""Public benchmarks by lm-evaluation-harness, on weights that are loaded already.

The harness does the work: prompts, likelihoods, answers, metrics and their errors. Here its tasks
are found and what it found is put into rows. It knows no project and no report.
"""

from __future__ import annotations

import difflib
import io
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from importlib.metadata import version
from importlib.util import find_spec
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.errors import MissingExtra, UsageError

PACKAGE = "lm-eval"
BATCH = 4
"""Rows in a forward pass: the harness holds the logits of all their tokens over all words."""
SEED = 1234
"""Seed of the examples that are shown, and of sampling: the harness's own."""


class Figure(NamedTuple):
    """One metric of one task, as the harness says it."""

    task: str
    metric: str
    filter: str
    """What is done to an answer before it is scored; `none` if nothing is."""
    value: float
    error: float | None
    """Standard error, where the harness knows one."""
    better: str
    """`higher`, `lower`, or empty where the task does not say."""
    version: str
    rows: int | None
    shots: int | None
    """Examples that were shown before each question."""


class RowScore(NamedTuple):
    """What a metric gave one row of a task."""

    task: str
    metric: str
    filter: str
    row: int
    value: float


class Measured(NamedTuple):
    """What one arm did in one task, or in the tasks of a group."""

    figures: list[Figure]
    scores: list[RowScore]


def harness_version() -> str:
    """Return the version of the harness; MissingExtra where it is not installed."""
    if find_spec("lm_eval") is None:
        raise MissingExtra(PACKAGE, "benchmark")
    return version(PACKAGE)


class Tasks:
    """The tasks of a folder, and those of the harness as far as they are asked for."""

    def __init__(self, names: Sequence[str], folder: Path | None) -> None:
        harness_version()
        from lm_eval.tasks import TaskManager

        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        self.folder = folder
        self._own = TaskManager(include_path=folder, include_defaults=False) if folder else None
        is_enough = self._own is not None and set(names) <= set(self._own.all_tasks)
        # Reading the harness's own thousands of tasks takes seconds.
        self._all: Any = self._own if is_enough else TaskManager(include_path=folder)
        self.names = list(dict.fromkeys(names)) or self._folder_tasks()
        for name in self.names:
            self._check(name)

    def is_own(self, name: str) -> bool:
        """True of a task of the folder."""
        return self._own is not None and name in self._own.all_tasks

    def load(self, name: str) -> Any:
        """Return a task with its data, or a group of them; UsageError if there is no way."""
        try:
            with _hushed(), chdir(self.folder or Path()):
                loaded = self._all.load([name])
        # Whatever a task's file, its code or its hub raises is the task's trouble.
        except Exception as error:
            raise UsageError(
                f"task {name}: cannot be loaded ({_first_line(error)}); correct its file, or reach "
                "the hub that has its data"
            ) from error
        for task in loaded["tasks"].values():
            if task.get_config("num_fewshot") is None:
                task.set_config(key="num_fewshot", value=0)
            task.set_fewshot_seed(seed=SEED)
        return loaded

    def _folder_tasks(self) -> list[str]:
        found = list(self._own.all_subtasks) if self._own else []
        if not found:
            where = f"{self.folder}: holds no task file (*.yaml) that can be read"
            raise UsageError(
                f"{where if self.folder else 'no task is named'}; name a task, or a folder of task "
                "files (--tasks-path)"
            )
        return found

    def _check(self, name: str) -> None:
        known = self._all.all_tasks
        # A name becomes the name of a folder.
        if name not in known or "/" in name or name.startswith("."):
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else "`lm_eval ls tasks` lists them"
            raise UsageError(f"unknown task {name!r}; {hint}")


class Harness:
    """Weights as the harness sees them."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        from lm_eval.models.huggingface import HFLM

        with _hushed():
            self.model = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=BATCH)

    def run(self, loaded: Any, limit: int = 0, chat: bool = False) -> Measured:
        """Return the figures of a loaded task; the first `limit` rows of each, 0 for all."""
        import numpy as np
        import torch
        from lm_eval.evaluator import evaluate

        random.seed(SEED)
        np.random.seed(SEED)
        torch.manual_seed(SEED)
        try:
            with _hushed():
                results = evaluate(
                    lm=self.model,
                    task_dict=loaded,
                    limit=limit or None,
                    apply_chat_template=chat,
                    fewshot_as_multiturn=chat,
                )
        except ValueError as error:
            raise UsageError(f"{', '.join(loaded['tasks'])}: {_first_line(error)}") from error
        return Measured(list(_figures(results)), list(_scores(results["samples"])))


def _figures(results: Mapping[str, Any]) -> Iterator[Figure]:
    for task, found in results["results"].items():
        for key, value in found.items():
            metric, _, by = key.partition(",")
            if not by or metric.endswith("_stderr") or not isinstance(value, Real):
                continue
            error = found.get(f"{metric}_stderr,{by}")
            better = results["higher_is_better"].get(task, {}).get(metric)
            yield Figure(
                task,
                metric,
                by,
                float(value),
                float(error) if isinstance(error, Real) else None,
                {True: "higher", False: "lower"}.get(better, ""),
                str(results["versions"].get(task, "")),
                results["n-samples"].get(task, {}).get("effective"),
                results["n-shot"].get(task),
            )


def _scores(samples: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[RowScore]:
    for task, rows in samples.items():
        for row in rows:
            for metric in row["metrics"]:
                if isinstance(row[metric], Real):
                    place = (task, metric, row["filter"], row["doc_id"])
                    yield RowScore(*place, float(row[metric]))


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep to itself what the harness prints: its bars and its advice."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
