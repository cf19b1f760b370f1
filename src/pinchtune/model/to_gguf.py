"""A model as one GGUF file, for llama.cpp and what is built on it, by the `gguf` library.

An architecture is a row of `STYLES`. What a row cannot express (another attention scale, a
stretched rotation) is refused by name, since the file would compute something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pinchtune.errors import MissingExtra, UsageError
from pinchtune.model.chat import end_token_ids, plain_template
from pinchtune.model.gguf_vocabulary import Vocabulary, read_vocabulary

if TYPE_CHECKING:
    from torch import Tensor


class Style(NamedTuple):
    """How llama.cpp wants the weights of an architecture."""

    name: str
    """Its name there."""
    norm_offset: float = 0.0
    """Added to the weights of norms: Gemma multiplies by one more than it stores."""
    in_pairs: bool = False
    """Rows of queries and keys lie in pairs that are turned together, not in two halves."""


STYLES = {
    "gemma3_text": Style("gemma3", norm_offset=1.0),
    "llama": Style("llama", in_pairs=True),
    "qwen2": Style("qwen2"),
    "qwen3": Style("qwen3"),
}
"""Architectures that can be exported, by their name in config.json."""
PACKED = ("q8_0",)
"""Number formats of GGUF alone that the library itself writes and reads, by its names."""
_FULL_EVERY, _LOCAL_THETA = 6, 10_000.0
"""Gemma 3 in llama.cpp: each sixth layer sees everything; base of rotation of the others."""


def check_style(config: Any) -> Style:
    """Return how a model is written; UsageError if GGUF cannot express it."""
    style = STYLES.get(config.model_type)
    if style is None:
        raise UsageError(
            f"{config.model_type} cannot be exported as GGUF; supported are {', '.join(STYLES)}; "
            "use --to merged"
        )
    for what, differs in _deviations(config).items():
        if differs:
            raise UsageError(f"{config.model_type} with another {what} cannot be exported as GGUF")
    return style


def _deviations(config: Any) -> dict[str, bool]:
    """Return what GGUF takes for granted, and whether the model has it otherwise."""
    rotations = [r for r in _rotations(config) if r]
    found = {
        "rope_type": any(r.get("rope_type", "default") != "default" for r in rotations),
        "attention_bias": bool(getattr(config, "attention_bias", False)),
        "mlp_bias": bool(getattr(config, "mlp_bias", False)),
    }
    if config.model_type == "gemma3_text":
        kinds = [
            "sliding_attention" if (i + 1) % _FULL_EVERY else "full_attention"
            for i in range(config.num_hidden_layers)
        ]
        found |= {
            "query_pre_attn_scalar": config.query_pre_attn_scalar != config.head_dim,
            "final_logit_softcapping": bool(config.final_logit_softcapping),
            "attn_logit_softcapping": bool(config.attn_logit_softcapping),
            "order of layer_types": list(config.layer_types) != kinds,
            "rope_theta of sliding layers": rotations[-1]["rope_theta"] != _LOCAL_THETA,
        }
    elif getattr(config, "use_sliding_window", False):
        found["use_sliding_window"] = True
    return found


def _rotations(config: Any) -> list[dict[str, Any]]:
    """Return the rotations: one, or that of full attention before that of sliding layers."""
    told = config.rope_parameters
    if "full_attention" in told:
        return [told["full_attention"], told.get("sliding_attention") or {}]
    return [told]


def write_gguf(model: Any, tokenizer: Any, path: Path, name: str, packed: str = "") -> None:
    """Write the model in its number format; norms in float32, as llama.cpp wants them.

    `packed` is one of PACKED, for the matrices whose rows it divides.
    """
    try:
        import gguf
    except ImportError as error:
        raise MissingExtra("gguf", "gemma") from error
    config = model.config.get_text_config()
    style = check_style(config)
    writer = gguf.GGUFWriter(path, style.name)
    try:
        writer.add_name(name)
        _add_shape(writer, config)
        _add_vocabulary(writer, read_vocabulary(tokenizer, config.vocab_size), tokenizer)
        _add_tensors(writer, [*_tensors(model, config, style)], packed)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _add_shape(writer: Any, config: Any) -> None:
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    width = head_width(config)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(_rotations(config)[0]["rope_theta"])
    if config.model_type == "gemma3_text":
        writer.add_sliding_window(config.sliding_window)


def head_width(config: Any) -> int:
    """Return the width of an attention head."""
    stated = getattr(config, "head_dim", None)
    return int(stated or config.hidden_size // config.num_attention_heads)


def _add_vocabulary(writer: Any, found: Vocabulary, tokenizer: Any) -> None:
    writer.add_tokenizer_model(found.model)
    writer.add_tokenizer_pre(found.pre)
    writer.add_token_list(found.tokens)
    writer.add_token_types(found.kinds)
    if found.scores:
        writer.add_token_scores(found.scores)
        writer.add_add_space_prefix(found.adds_space)
    if found.merges:
        writer.add_token_merges(found.merges)
    ids = {
        "bos": tokenizer.bos_token_id,
        "eos": tokenizer.eos_token_id,
        "unk": tokenizer.unk_token_id,
        "pad": tokenizer.pad_token_id,
        "eot": next((i for i in end_token_ids(tokenizer) if i != tokenizer.eos_token_id), None),
    }
    for kind, token in ids.items():
        if token is not None:
            getattr(writer, f"add_{kind}_token_id")(token)
    first = tokenizer("a").input_ids[0]
    writer.add_add_bos_token(first == tokenizer.bos_token_id)
    writer.add_chat_template(plain_template(tokenizer))


def _tensors(model: Any, config: Any, style: Style) -> Iterator[tuple[str, Tensor]]:
    """Yield every weight once, laid out as llama.cpp wants it."""
    tied = getattr(config, "tie_word_embeddings", False)
    for name, tensor in model.state_dict().items():
        if tied and name == "lm_head.weight":
            continue
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        part = name.split(".")[-2]
        if style.in_pairs and part in heads:
            tensor = _pair_up(tensor, heads[part])
        if "norm" in part:
            tensor = tensor.float() + style.norm_offset
        yield name, tensor


def _pair_up(tensor: Tensor, heads: int) -> Tensor:
    """Return rows that lie in two halves a head as pairs, one of each half."""
    half = tensor.shape[0] // heads // 2
    rows = tensor.reshape(heads, 2, half, *tensor.shape[1:])
    return rows.swapaxes(1, 2).reshape(tensor.shape)


def _add_tensors(writer: Any, tensors: list[tuple[str, Tensor]], packed: str) -> None:
    import gguf

    arch = next(kind for kind, name in gguf.MODEL_ARCH_NAMES.items() if name == writer.arch)
    layers = 1 + max(int(n.split(".")[2]) for n, _ in tensors if n.startswith("model.layers."))
    names = gguf.get_tensor_name_map(arch, layers)
    writer.add_file_type(gguf.LlamaFileType[_file_type(tensors[0][1], packed)])
    if packed:
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    for name, tensor in tensors:
        stored = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if stored is None:
            raise UsageError(f"the weights {name} have no place in a GGUF file; use --to merged")
        kind = gguf.GGMLQuantizationType[_kind(tensor, packed)]
        data = tensor.detach().float().cpu().numpy()
        writer.add_tensor(stored, gguf.quants.quantize(data, kind), raw_dtype=kind)


def _kind(tensor: Tensor, packed: str) -> str:
    """Return the library's name of the format in which a tensor is written."""
    import gguf
    import torch

    if tensor.dim() < 2:
        return "F32"
    if packed:
        block, _ = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[packed.upper()]]
        if tensor.shape[-1] % block == 0:
            return packed.upper()
    return {torch.bfloat16: "BF16", torch.float16: "F16"}.get(tensor.dtype, "F32")


def _file_type(first: Tensor, packed: str) -> str:
    kind = packed.upper() or _kind(first, "")
    return "ALL_F32" if kind == "F32" else f"MOSTLY_{kind}"
