"""Which models are of one family: a judge prefers answers that sound like its own.

Names are all there is to go by, so a renamed model is not recognised.
"""

from __future__ import annotations

import re

FAMILIES = tuple(
    frozenset(row.split())
    for row in (
        "gemma gemini palm",
        "gpt chatgpt davinci openai o",
        "llama vicuna alpaca tulu",
        "mistral mixtral ministral magistral zephyr",
        "qwen qwq",
        "claude",
        "command aya cohere",
        "phi",
        "deepseek",
        "smollm",
        "olmo",
        "falcon",
        "bloom bloomz",
        "yi",
        "glm chatglm",
        "granite",
        "nemotron",
    )
)
"""A row a family: words that names of its models hold."""


def family(name: str) -> frozenset[str]:
    """Return the family that a model's name tells; its own first word where it is in no row."""
    maker, own = (re.findall("[a-z]+", part) for part in _split(name.lower()))
    known = next((row for row in FAMILIES if row & {*maker, *own}), None)
    return known or frozenset(own[:1])


def _split(name: str) -> tuple[str, str]:
    """Return the last two parts of a hub id or a path."""
    folder, _, own = name.rstrip("/").rpartition("/")
    return folder.rpartition("/")[2], own


def same_family(one: str, other: str) -> bool:
    """True if two models seem to be of one family."""
    return bool(family(one) & family(other))
