"""What is left of an enquiry when greeting of machines, quotes and signatures are gone."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

LONGEST = 4000
"""Characters of an enquiry that are kept."""

# Words before a quoted mail, one row a language; the line ends in a colon.
_QUOTED = r"""
    ^On\b.{4,120}\bwrote | ^El\b.{4,120}\bescribió | ^Le\b.{4,120}\ba\ écrit
  | ^Am\b.{4,120}\bschrieb | ^Il\b.{4,120}\bha\ scritto | ^Em\b.{4,120}\bescreveu
  | ^Op\b.{4,120}\bschreef | .{4,120}\bпишет | .{4,120}のメール | 在.{4,120}写道
  | .{4,120}\bكتب | .{4,120}\bכתב/?ה? | .{4,120}\bnapsal\(?a?\)?
"""
_QUOTE = rf"(?:{_QUOTED})\s?[:：]\s*$"
_FORWARDED = r"^-{2,}\s*(?:Original Message|Forwarded message|元のメッセージ|Mensaje original)\b"
_SIGNATURE = r"^(?:--\s?|__+|Sent from my \S+.*|Enviado desde mi \S+.*|Von meinem \S+ gesendet)$"
_AUTOMATIC = r"""
    ^(?:automatic\ reply|auto-?reply|out\ of\ office|undeliver\w+|delivery\ status)\b
  | ^(?:respuesta\ automática|réponse\ automatique|automatische\ antwort|abwesenheit)
  | ^(?:автоответ|自動応答|自動返信|自动回复|자동\ 응답|automatická\ odpověď|risposta\ automatica)
"""


@lru_cache
def _compile(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.V1 | regex.I | regex.X)


@lru_cache
def _plain(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.V1 | regex.I)


def clean(text: str) -> str:
    """Return what the person wrote, normalised (NFC); empty if nothing is left."""
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
    lines = unicodedata.normalize("NFC", whole).splitlines()
    kept: list[str] = []
    for line in lines:
        if _ends_here(line):
            break
        if not line.lstrip().startswith(">"):
            kept.append(" ".join(line.split()))
    return "\n".join(kept).strip()[:LONGEST].strip()


def _ends_here(line: str) -> bool:
    """True if what follows was quoted, or signs the mail."""
    stripped = line.strip()
    return bool(
        _plain(_SIGNATURE).match(stripped)
        or _plain(_FORWARDED).match(stripped)
        or (len(stripped) < 200 and _compile(_QUOTE).match(stripped))
    )


def is_noise(text: str) -> bool:
    """True if a cleaned text says nothing: no letter and no sign but digits, or a machine's."""
    has_content = any(unicodedata.category(c)[0] in "LS" for c in text)
    bare = _plain(r"(?:https?://\S+\s*)+").fullmatch(text) is not None
    return not has_content or bare or _compile(_AUTOMATIC).match(text) is not None
