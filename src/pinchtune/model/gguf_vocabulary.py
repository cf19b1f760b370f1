"""A tokenizer as a GGUF file keeps it: tokens, their kinds, and scores or merges.

Two kinds are known. SentencePiece style (Gemma, Llama 2): spaces are `▁`, unknown characters fall
back to bytes, and a token's score says how early it is merged. Byte level (Llama 3, Qwen): every
byte is a letter, merges are listed, and `pre` names the pattern that cuts words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pinchtune.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

NORMAL, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 3, 4, 5, 6
"""Kinds of tokens, by GGUF's numbers."""
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
WORD_PATTERNS = {_LLAMA_3: "llama-bpe", _LLAMA_3.replace("{1,3}", ""): "qwen2"}
"""Names of the patterns that cut text into words, as llama.cpp knows them."""


class Vocabulary(NamedTuple):
    """What the `tokenizer.ggml` keys of a GGUF file say."""

    model: str
    """`llama` (SentencePiece style) or `gpt2` (byte level)."""
    pre: str
    """How text is cut before merging."""
    tokens: list[str]
    kinds: list[int]
    scores: list[float]
    """SentencePiece style: the higher, the earlier merged; empty otherwise."""
    merges: list[str]
    """Byte level: pairs in their order; empty otherwise."""
    adds_space: bool
    """A space is put before a text."""


def read_vocabulary(tokenizer: PreTrainedTokenizerFast, size: int) -> Vocabulary:
    """Return the vocabulary filled up to `size` tokens; UsageError for another kind."""
    told = json.loads(tokenizer.backend_tokenizer.to_str())
    model = told["model"]
    if model["type"] != "BPE":
        raise UsageError(f"a tokenizer of type {model['type']} cannot be written as GGUF; use BPE")
    is_pieces = bool(model.get("byte_fallback"))
    pre = "default" if is_pieces else _name_pattern(told.get("pre_tokenizer") or {})
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    known, added = dict(model["vocab"]), {t["content"]: t for t in told["added_tokens"]}
    known |= {content: token["id"] for content, token in added.items()}
    names = {i: token for token, i in known.items()}
    tokens = [names.get(i, f"[PAD{i}]") for i in range(max(size, *names, 0))]
    kinds = [_kind(names.get(i), added, is_pieces) for i in range(len(tokens))]
    if is_pieces:
        # Such tokens are looked for in the text as it is written.
        tokens = [t.replace("▁", " ") if k == USER_DEFINED else t for t, k in zip(tokens, kinds)]
    scores = _scores(model["merges"], tokens) if is_pieces else []
    return Vocabulary(
        "llama" if is_pieces else "gpt2",
        pre,
        tokens,
        kinds,
        scores,
        [] if is_pieces else merges,
        "prepend" in json.dumps([told.get("normalizer"), told.get("pre_tokenizer")]).lower(),
    )


def _kind(token: str | None, added: Mapping[str, Any], is_pieces: bool) -> int:
    if token is None:
        return UNUSED
    if token in added:
        return CONTROL if added[token]["special"] else USER_DEFINED
    return BYTE if is_pieces and _BYTE.fullmatch(token) else NORMAL


def _scores(merges: list[Any], tokens: list[str]) -> list[float]:
    """Return minus the place of the first merge that makes each token; 0 if none does."""
    first: dict[str, int] = {}
    for place, merge in enumerate(merges):
        pair = merge.split(" ") if isinstance(merge, str) else merge
        first.setdefault("".join(pair), place)
    return [-float(first.get(token, 0)) for token in tokens]


def _name_pattern(pre: Mapping[str, Any]) -> str:
    """Return llama.cpp's name for how text is cut into words; UsageError if it has none here."""
    steps = pre.get("pretokenizers", [pre])
    kinds = [step.get("type") for step in steps]
    if kinds == ["ByteLevel"] and steps[0].get("use_regex"):
        return "gpt-2"
    if kinds == ["Split", "ByteLevel"] and not steps[1].get("use_regex"):
        name = WORD_PATTERNS.get(steps[0].get("pattern", {}).get("Regex", ""))
        if name:
            return name
    known = ", ".join(("gpt-2", *WORD_PATTERNS.values()))
    raise UsageError(
        f"the tokenizer cuts words by a pattern that cannot be written as GGUF (known: {known}); "
        "export with --to merged"
    )
