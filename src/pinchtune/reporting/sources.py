"""Where each number is from: the file of the run, and the key in it.

The pages lie in runs/report, so that a link goes one folder up.
"""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """A file of a project, and where in it to look."""

    path: str
    """From the project's folder."""
    key: str = ""
    """Names of JSON objects, the outer one first."""

    @property
    def href(self) -> str:
        """The file from where the pages lie."""
        inner = self.path.removeprefix("runs/")
        return f"../{inner}" if inner != self.path else f"../../{inner}"


def scores(key: str) -> Source:
    """Return a place in scores.json."""
    return Source("runs/evaluation/scores.json", key)


VERDICTS = Source("runs/evaluation/verdicts.jsonl")
SECTIONS: dict[str, tuple[Source, ...]] = {
    "headline": (
        scores("measures.right_language"),
        scores("win_rate.groups"),
        Source("runs/evaluation/decision.json"),
    ),
    "claims": (scores("win_rate.headline"), VERDICTS),
    "mixed": (Source("runs/mixture/manifest.json"),),
    "enquiries": (Source("runs/mine/summary.json"), Source("runs/mine/clusters.jsonl")),
    "selection": (Source("runs/selection/manifest.json"), Source("runs/selection/gaps.json")),
    "fidelity": (scores("measures.right_language"),),
    "forest": (scores("win_rate"),),
    "margin": (scores("english"),),
    "plan": (Source("plan.json", "tests"), scores("win_rate.groups")),
    "ladder": (Source("ladder.json"),),
    "costs": (Source("runs/report/costs.json"),),
    "benchmarks": (Source("runs/report/benchmarks.json"),),
    "judging": (scores("judging"), VERDICTS),
    "protocol": (
        Source("runs/mixture/manifest.json"),
        Source("runs/evaluation/manifest.json"),
        Source("pinch.toml"),
    ),
}
"""By the name of a section or a figure."""


def answers_file(code: str) -> str:
    """Return the name of the page with the answers of a language."""
    return f"answers-{code}.html"


def anchor(prompt_id: str) -> str:
    """Return the id under which a prompt stands on the page of its language."""
    return f"p-{prompt_id}"
