"""Tiny random models in the styles that can be written as GGUF, with tokenizers of their kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

MERGED = ("re", "en", "▁s", "▁t", "th", "he", "the", "▁the", "▁▁", "青い")
"""Tokens of more than a letter, in the order in which they are merged."""


def make_pieces() -> Any:
    """Return a tokenizer of SentencePiece style, as Gemma has it: scores, bytes, no prefix."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted({c for word in MERGED for c in word} | set("abcdefghijklmnopqrstuvwxyz.,?"))
    controls = ["<pad>", "<eos>", "<bos>", "<unk>"]
    tokens = [*controls, *(f"<0x{i:02X}>" for i in range(256)), *MERGED, *letters]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    splits = [(word[:i], word[i:]) for word in MERGED for i in range(1, len(word))]
    merges = [pair for pair in splits if set(pair) <= set(vocabulary)]
    raw = Tokenizer(
        models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    raw.normalizer = normalizers.Replace(" ", "▁")
    raw.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    raw.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    raw.add_special_tokens([AddedToken(c, special=True, normalized=False) for c in controls])
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
    )


def make_bytes(pattern: str) -> Any:
    """Return a byte-level tokenizer that cuts words by a pattern, as Llama 3 and Qwen have it."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("2", "3"), ("Ã", "©")]
    controls = ["<|end|>", "<|begin|>"]
    tokens = [*alphabet, *("".join(pair) for pair in merges)]
    raw = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens([AddedToken(c, special=True, normalized=False) for c in controls])
    raw.add_tokens([AddedToken("<think>", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|end|>", bos_token="<|begin|>", pad_token="<|end|>"
    )


SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}


def make_gemma(tokenizer: Any) -> Any:
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    shape = {**SHAPE, "num_hidden_layers": 6, "sliding_window": 8}
    return Gemma3ForCausalLM(
        Gemma3TextConfig(vocab_size=len(tokenizer), head_dim=256, **shape, **ids(tokenizer))
    )


def make_llama(tokenizer: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=len(tokenizer), **SHAPE, **ids(tokenizer))
    return LlamaForCausalLM(config)


def make_qwen2(tokenizer: Any) -> Any:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(vocab_size=len(tokenizer) + 3, **SHAPE, **ids(tokenizer))
    return Qwen2ForCausalLM(config)


def make_qwen3(tokenizer: Any) -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=len(tokenizer), head_dim=128, tie_word_embeddings=True, **SHAPE, **ids(tokenizer)
    )
    return Qwen3ForCausalLM(config)


def ids(tokenizer: Any) -> dict[str, int]:
    return {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def pattern(name: str) -> str:
    from pinchtune.model.gguf_vocabulary import WORD_PATTERNS

    return next(pattern for pattern, known in WORD_PATTERNS.items() if known == name)


STYLES: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "gemma": (make_gemma, make_pieces),
    "llama": (make_llama, lambda: make_bytes(pattern("llama-bpe"))),
    "qwen2": (make_qwen2, lambda: make_bytes(pattern("qwen2"))),
    "qwen3": (make_qwen3, lambda: make_bytes(pattern("qwen2"))),
}


def make_style(name: str, folder: Path, seed: int = 0) -> Path:
    """Save a tiny random model of a style, with weights large enough to have opinions."""
    import torch

    build, make_tokenizer = STYLES[name]
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    model = build(tokenizer)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
