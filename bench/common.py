"""What every measured process shares: a task comes in, one JSON line goes out.

Only the standard library is imported here, so that each process pays for its own imports
alone. Figures carry their unit in the name or in the docstring: seconds, tokens, and
megabytes of 10⁶ bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".bench"
"""Where environments, workloads, converted weights and stored measurements lie."""
SCHEMA = 1
"""Raise it when a measurement is done in another way: what is stored is not used any more."""
WARMUP_STEPS = 2
"""Tuning steps at the start that are not timed."""

Result = dict[str, Any]


class BenchError(Exception):
    """Something that is printed as one sentence."""


class Task(NamedTuple):
    """What one process is to measure."""

    workload: Path
    """The workload file."""
    options: dict[str, Any]
    """What tells this measurement from others of its kind."""


def say(text: str = "") -> None:
    """Print one line at once."""
    print(text, flush=True)


def measure(work: Callable[[Task], Result]) -> None:
    """Run `work` on the task of the command line and print its result as one JSON line.

    Whatever libraries print goes to the error stream. A failure is a result too: its `error`
    is a sentence.
    """
    task = json.loads(sys.argv[1])
    try:
        with contextlib.redirect_stdout(sys.stderr):
            result = work(Task(Path(task["workload"]), task["options"]))
    except Exception as error:
        if not isinstance(error, BenchError):
            import traceback

            traceback.print_exc()
        result = {"error": first_line(error)}
    say(json.dumps(result, ensure_ascii=False))
    sys.exit(1 if "error" in result else 0)


def first_line(error: BaseException) -> str:
    """Return what went wrong in one line of at most 300 characters."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else "no message"
    name = "" if isinstance(error, BenchError) else f"{type(error).__name__}: "
    return f"{name}{without_places(text)}"[:300]


def without_places(text: str) -> str:
    """Return a text without the folders of this machine: results are shown to others."""
    for place in (ROOT, Path(sys.prefix), Path(sys.base_prefix), Path.home()):
        text = text.replace(f"{place}/", "")
    return text


def peak_megabytes(who: int = resource.RUSAGE_SELF) -> float:
    """Return the largest resident set of this process so far, in megabytes."""
    peak = resource.getrusage(who).ru_maxrss
    # Kilobytes on Linux, bytes on macOS.
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)


def short_hash(value: object) -> str:
    """Return 16 hex digits that change with any part of a JSON value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest(text: str) -> str:
    """Return 8 hex digits of an answer's text: enough to count answers that differ."""
    return hashlib.sha256(text.strip().encode("utf-8", "surrogatepass")).hexdigest()[:8]


class Clock:
    """Counts the tokens and the loss of each tuning step and notes when it ended."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.losses: list[float] = []
        self.ends: list[float] = []
        self.cpu: list[float] = []
        self.peaks: list[float] = []

    def step(self, tokens: int, loss: float) -> None:
        """Note the end of a step with its real (never padding) tokens and its mean loss."""
        self.ends.append(perf_counter())
        self.cpu.append(process_time())
        self.tokens.append(tokens)
        self.losses.append(round(loss, 5))
        self.peaks.append(peak_megabytes())

    def rate(self, first: int, last: int) -> float:
        """Return tokens per second of the steps `first` to `last` (from 0, first > 0)."""
        seconds = self.ends[last] - self.ends[first - 1]
        return round(sum(self.tokens[first : last + 1]) / seconds, 2)

    def result(self) -> Result:
        """Return the figures of a tuning run; the warm-up is left out of time and tokens."""
        if len(self.ends) <= WARMUP_STEPS:
            raise BenchError(f"only {len(self.ends)} steps were run; raise --steps")
        last = len(self.ends) - 1
        return {
            "tokens": sum(self.tokens[WARMUP_STEPS:]),
            "seconds": round(self.ends[last] - self.ends[WARMUP_STEPS - 1], 4),
            "cpu_seconds": round(self.cpu[last] - self.cpu[WARMUP_STEPS - 1], 4),
            "rate": self.rate(WARMUP_STEPS, last),
            "peak_mb": self.peaks[last],
            "losses": self.losses,
        }


def answers_result(
    answers: Sequence[Sequence[int]], ends: Sequence[int], texts: Sequence[str], seconds: float
) -> Result:
    """Return the figures of a generation run from the new token ids of each answer.

    A token counts up to and including the first end token: padding and what a batch computes
    for rows that are done never count.
    """
    cut = [useful_tokens(ids, ends) for ids in answers]
    return generation_result(cut, sum(_stopped(ids, ends) for ids in answers), texts, seconds)


def generation_result(
    useful: Sequence[int], stopped: int, texts: Sequence[str], seconds: float
) -> Result:
    """Return the figures of a generation run: useful tokens of each answer and its text."""
    return {
        "tokens": sum(useful),
        "seconds": round(seconds, 4),
        "rate": round(sum(useful) / seconds, 2),
        "stopped": stopped,
        "digests": [digest(text) for text in texts],
    }


def useful_tokens(ids: Sequence[int], ends: Sequence[int]) -> int:
    """Return how many tokens of an answer count: up to and including its first end token."""
    return next((i + 1 for i, token in enumerate(ids) if token in ends), len(ids))


def before_end(ids: Sequence[int], ends: Sequence[int]) -> list[int]:
    """Return the tokens of an answer without its end token and what follows."""
    used = list(ids[: useful_tokens(ids, ends)])
    return used[:-1] if used and used[-1] in ends else used


def to_texts(answers: Sequence[Sequence[int]], ends: Sequence[int], model: str) -> list[str]:
    """Return the answers as text without special tokens, by the tokenizer in folder `model`."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
    return [tokenizer.decode(before_end(ids, ends)) for ids in answers]


def _stopped(ids: Sequence[int], ends: Sequence[int]) -> bool:
    return any(token in ends for token in ids)


def middle(values: Sequence[float]) -> float:
    """Return the median; 0 for none."""
    return float(median(values)) if values else 0.0


def write_interval(found: tuple[float, float, float], digits: int) -> str:
    """Return a difference with its interval: `+1.2 [-0.3, 2.7]`, zero never with a minus."""
    value, low, high = (round(number, digits) + 0.0 for number in found)
    return f"{value:+.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
