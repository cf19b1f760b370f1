"""What a change of version changes, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pinchtune.releasing.version import Version

NOTHING = "none"
FACTS = ("base", "method", "trainer", "arm", "made", "dose")
"""What version.json says in a word."""
_LABELS = {
    "base": "base model",
    "method": "method",
    "trainer": "trainer",
    "arm": "arm",
    "tuned": "tuned languages",
    "unseen": "unseen languages",
    "dose": "examples in other languages than English",
    "verdict": "decision",
    "english": "win rate in English",
    "seen": "win rate in tuned languages",
    "unseen_rate": "win rate in unseen languages",
    "tuned_by": "tuned by",
    "made": "made",
}


def version_facts(version: Version) -> dict[str, str]:
    """Return what distinguishes a version, by a short name."""
    facts, figures = version.facts, version.facts.get("figures", {})
    languages = facts.get("languages", {})
    found = {
        **{key: str(facts.get(key, "")) for key in FACTS},
        **{key: ", ".join(languages.get(key, ())) for key in ("tuned", "unseen")},
        "verdict": version.verdict,
        "tuned_by": str(facts["tuned_by"]["name"]),
        **{key: _rate(figures.get(key)) for key in ("english", "seen")},
        "unseen_rate": _rate(figures.get("unseen")),
    }
    return {key: value for key in _LABELS if (value := found[key])}


def _rate(estimate: Mapping[str, Any] | None) -> str:
    if not estimate or estimate["value"] is None:
        return ""
    text = f"{estimate['value']:.0f}"
    if None in (estimate["low"], estimate["high"]):
        return text
    return f"{text} ({estimate['low']:.0f} to {estimate['high']:.0f})"


def describe_version(version: Version) -> list[str]:
    """Return a line for each thing that is known of a version."""
    return [f"{_LABELS[key]}: {value}" for key, value in version_facts(version).items()]


def describe_change(old: Version | None, new: Version | None) -> list[str]:
    """Return a line for each thing in which two versions differ."""
    one, other = (version_facts(v) if v else {} for v in (old, new))
    return list(_differences(one, other)) if old and new else []


def _differences(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    for key, label in _LABELS.items():
        before, after = one.get(key, NOTHING), other.get(key, NOTHING)
        if before != after:
            yield f"{label}: {before} -> {after}"
