"""What `pinch select` has chosen, as people read it: the examples, the coverage, what is left open.

A pool that was chosen from is not read again: everything here stands in the run's own files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.files import RunFolder, read_json, read_jsonl

SOURCE = "en"
"""The locale that every reason is written in."""
UNTOLD = {
    "en": "Chosen by an older version, which wrote no reason without a quotation; choose again.",
    "ja": "旧バージョンで選ばれた例です。引用のない理由は保存されていません。選び直してください。",
}
"""What is said to those who may not read the text that the only reason quotes."""


class Pick(NamedTuple):
    """One chosen example."""

    rank: int
    id: str
    language: str
    instruction: str
    reason: Mapping[str, str]
    """Why, by locale."""
    new_terms: tuple[str, ...]
    """Glossary terms that no example before it has."""
    group: int | None
    """The mined group that it stands for most; None where the pool itself was to be covered."""
    terms: tuple[str, ...] = ()
    """All glossary terms of its language that it uses."""
    alone: Mapping[str, str] = {}
    """The reason without the text that it quotes."""
    quoted_language: str = ""
    """Language of that text; empty if none is quoted."""

    def why(self, locale: str, quoted: bool = True) -> tuple[str, str]:
        """Return the reason and the locale that it is in: the wanted one, if it is written so.

        Not `quoted` for those who may not read the text that it quotes.
        """
        reason = self.reason if quoted else self.alone
        said = locale if locale in reason else SOURCE
        return reason[said], said


class Open(NamedTuple):
    """What is covered least: a group of texts around one of them."""

    text: str
    language: str
    """Empty if it was not recorded."""
    size: int
    share: float
    """Its weight, 0 to 1."""
    closeness: float
    """How close the nearest chosen example is, 0 to 1."""
    group: int | None
    """The mined group of the text in its middle."""


@dataclass(frozen=True)
class Outcome:
    """A finished choice."""

    method: str
    picks: tuple[Pick, ...]
    gaps: tuple[Open, ...]
    coverage: Mapping[str, float]
    """How much is covered: `chosen`, `random` (mean) and `random_most`, each way, `whole_pool`."""
    draws: int
    """Random draws that it is compared with."""
    candidates: int
    different: int
    """Different texts that were to be covered."""
    enquiries: int
    """How often they were asked."""
    mined: str
    """Key of the mining run whose enquiries these are; empty if they are the pool's own."""

    @property
    def ways(self) -> dict[str, float]:
        """What the other ways cover, most first."""
        own = ("chosen", "random", "random_most", "whole_pool", self.method)
        found = {name: value for name, value in self.coverage.items() if name not in own}
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def gain(self) -> float:
        """How much more is covered than by a random draw, as a share of that."""
        chosen, drawn = (self.coverage[name] for name in ("chosen", "random"))
        return chosen / drawn - 1 if drawn > 0 else 0.0

    def count_groups(self, mined: str) -> Counter[int] | None:
        """Return how many examples stand for each group of a mining run.

        None if the choice was made by another run: its groups have other numbers.
        """
        if not mined or mined != self.mined:
            return None
        return Counter(pick.group for pick in self.picks if pick.group is not None)


def read_outcome(folder: Path) -> Outcome | None:
    """Return the choice in `folder`; None if there is no finished one."""
    manifest = RunFolder(folder, "").manifest()
    if manifest is None:
        return None
    ground = manifest["ground"]
    return Outcome(
        method=manifest["method"],
        picks=tuple(_pick(row) for _, row in read_jsonl(folder / "selection.jsonl")),
        gaps=tuple(_gap(row) for row in read_json(folder / "gaps.json")),
        coverage=manifest["coverage"],
        draws=manifest["random_draws"],
        candidates=manifest["candidates"],
        different=ground.get("different", ground["texts"]),
        enquiries=ground.get("enquiries", ground["texts"]),
        mined=ground.get("run", ""),
    )


def _pick(row: Mapping[str, Any]) -> Pick:
    terms = tuple(row["new_terms"])
    place = row["rank"], row["id"], row["language"], row["instruction"]
    alone = row.get("reason_alone", UNTOLD)
    more = tuple(row.get("terms", terms)), alone, row.get("quoted_language", "")
    return Pick(*place, row["reason"], terms, row.get("cluster"), *more)


def _gap(row: Mapping[str, Any]) -> Open:
    weights = row["size"], row["share"], row["closeness"]
    return Open(row["text"], row.get("language", ""), *weights, row.get("cluster"))
