"""What the verbs share: options, printing, and progress on the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinchtune.errors import DONE, NO_GO
from pinchtune.progress import Progress, Silent, Task

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from pinchtune.stages.project import Project

Folder = Annotated[
    Path, typer.Option("--project", "-p", help="Project folder (where pinch.toml lies).")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override an option of pinch.toml."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Arms = Annotated[list[str] | None, typer.Argument(help="Arms (default: all).", show_default=False)]
Gate = Annotated[
    bool, typer.Option("--gate", help="Exit with 3 unless the verdict is go (for CI).")
]
Unapproved = Annotated[
    bool,
    typer.Option(
        "--train-on-unapproved-examples",
        help="Also draw examples that nobody approved; the manifest and the report say so.",
    ),
]
HERE = Path()
PLAIN_SECONDS = 10.0
"""Seconds between lines of progress where no terminal shows bars."""


def open_project(folder: Path, overrides: Sequence[str] | None) -> Project:
    """Return the project that the options name; a stage that sets something is said on stderr."""
    from pinchtune.stages.ladder import current_stage, stage_settings
    from pinchtune.stages.project import Project

    project = Project.open(folder, overrides or ())
    if stage := current_stage(folder):
        sys.stderr.write(f"stage {stage['stage']} sets {', '.join(stage_settings(stage))}\n")
    return project


def show(value: Any, text: str, as_json: bool) -> None:
    """Print a result: `value` as JSON, or `text`."""
    printed = json.dumps(value, ensure_ascii=False, indent=2, default=str) if as_json else text
    sys.stdout.write(printed.rstrip("\n") + "\n")


def exit_code(decision: dict[str, Any], gate: bool) -> int:
    """Return the exit code of a decision: with the gate, anything but go is NO_GO."""
    return NO_GO if gate and decision["verdict"] != "go" else DONE


def pick_progress(quiet: bool) -> Progress:
    """Return bars on a terminal, plain lines elsewhere, nothing if quiet."""
    if quiet:
        return Silent()
    return BarProgress() if sys.stderr.isatty() else PlainProgress()


class BarProgress:
    """Bars with the time left, on stderr."""

    @contextmanager
    def task(self, label: str, total: int, done: int = 0) -> Iterator[Task]:
        """Show a bar until the block ends."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description:<20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Bars(*columns, console=Console(stderr=True), speed_estimate_period=120) as bars:
            yield _Bar(bars, bars.add_task(label, total=total or None, completed=done, note=""))

    def say(self, message: str) -> None:
        """Print a line."""
        sys.stderr.write(f"{message}\n")


class _Bar:
    def __init__(self, bars: Bars, task: Any) -> None:
        self.bars, self.id = bars, task

    def advance(self, amount: int = 1, note: str = "") -> None:
        """Move the bar."""
        self.bars.update(self.id, advance=amount, note=note)


class PlainProgress:
    """A line now and then on stderr, for logs and pipes."""

    @contextmanager
    def task(self, label: str, total: int, done: int = 0) -> Iterator[Task]:
        """Print a line at the start, every few seconds, and at the end."""
        line = _Line(label, total, done)
        line.show(line.count())
        yield line
        line.show(f"{line.count()} in {monotonic() - line.start:.0f} s")

    def say(self, message: str) -> None:
        """Print a line."""
        sys.stderr.write(f"{message}\n")


class _Line:
    def __init__(self, label: str, total: int, done: int) -> None:
        self.label, self.total, self.done, self.first = label, total, done, done
        self.start = self.shown = monotonic()

    def advance(self, amount: int = 1, note: str = "") -> None:
        """Count, and print a line if the last one is a while ago."""
        self.done += amount
        now = monotonic()
        if now - self.shown < PLAIN_SECONDS or (self.total and self.done >= self.total):
            return
        self.shown = now
        if not self.total:
            self.show(f"{self.count()} {note}".rstrip())
            return
        left = (now - self.start) / max(1, self.done - self.first) * (self.total - self.done)
        self.show(f"{self.done}/{self.total}, {left:.0f} s left {note}".rstrip())

    def count(self) -> str:
        """Return how much is done, and of how much if that is known."""
        return f"{self.done}/{self.total}" if self.total else str(self.done)

    def show(self, text: str) -> None:
        """Print one line."""
        sys.stderr.write(f"{self.label}: {text}\n")
        sys.stderr.flush()
