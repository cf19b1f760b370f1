"""What another server's reply says: its text and its tokens, read beside the bytes that pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def hear(data: bytes, stream: bool) -> tuple[str, int]:
    """Return text and tokens of a reply; of one that cannot be read what can be."""
    text, parts, counted = "", 0, 0
    for row in _rows(data, stream):
        said = _text(row)
        text += said
        parts += bool(said)
        counted = _tokens(row) or counted
    return text, counted or parts


def _rows(data: bytes, stream: bool) -> Iterator[dict[str, Any]]:
    lines = data.split(b"\n") if stream else [b"data:" + data]
    for line in lines:
        if line.startswith(b"data:"):
            try:
                row = json.loads(line[5:])
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                yield row


def _text(row: dict[str, Any]) -> str:
    try:
        choice = row["choices"][0]
        said = choice.get("delta") or choice.get("message")
        text = said.get("content") if said else choice.get("text")
    except (LookupError, TypeError, AttributeError):
        return ""
    return text if isinstance(text, str) else ""


def _tokens(row: dict[str, Any]) -> int:
    usage = row.get("usage")
    count = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return count if isinstance(count, int) and count > 0 else 0
