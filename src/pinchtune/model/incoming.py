"""Weights that somebody else has tuned: looked at before they become an arm.

Only safetensors are read. Nothing is unpickled, and no code of the folder is run.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pinchtune.errors import UsageError
from pinchtune.files import name_write_errors, read_json, write_json
from pinchtune.model.chat import encode_example, encode_prompt, end_token_ids
from pinchtune.model.embedded import hub_name, resolve_base

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from pinchtune.records import Example

Shape = tuple[int, ...]
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
CONFIG = "config.json"
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_KEPT = (
    "peft_type",
    "task_type",
    "r",
    "lora_alpha",
    "lora_dropout",
    "bias",
    "target_modules",
    "exclude_modules",
    "use_rslora",
    "rank_pattern",
    "alpha_pattern",
    "fan_in_fan_out",
    "layers_to_transform",
    "layers_pattern",
)
"""What is kept of an adapter's configuration: others name modules to import, or machines."""
_STARTS = (None, True, False, "gaussian")
"""Ways in which an adapter can begin that leave the base model as it is."""
_LORA = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")
_SIZES = ("model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers")


class Incoming(NamedTuple):
    """A folder with weights."""

    folder: Path
    files: tuple[str, ...]
    """What is taken from it."""

    @property
    def is_adapter(self) -> bool:
        """True if the weights are a LoRA adapter."""
        return self.files == ADAPTER

    @property
    def weights(self) -> list[Path]:
        """The files of tensors."""
        return [self.folder / name for name in self.files if name.endswith(".safetensors")]


def find_weights(folder: Path) -> Incoming:
    """Return the weights in `folder`, in its `arm`, or in the newest checkpoint of these."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder; name the one that the trainer wrote")
    tops = [place for place in (folder, folder / "arm") if place.is_dir()]
    places = [*tops, *(path for top in tops for path in _checkpoints(top))]
    found = next((found for place in places if (found := _weights_of(place))), None)
    if found:
        return found
    pickled = [path for place in places for kind in PICKLED for path in sorted(place.glob(kind))]
    if pickled:
        raise UsageError(
            f"{pickled[0]}: is pickled, and never read, since it could run any code; let the "
            "trainer save safetensors"
        )
    raise UsageError(
        f"{folder}: holds neither adapter_config.json with adapter_model.safetensors nor "
        "config.json with *.safetensors; name the folder that the trainer wrote"
    )


def _checkpoints(folder: Path) -> list[Path]:
    found = [p for p in folder.glob("checkpoint-*") if p.name.partition("-")[2].isdigit()]
    return sorted(found, key=lambda p: -int(p.name.partition("-")[2]))


def _weights_of(folder: Path) -> Incoming | None:
    if all((folder / name).is_file() for name in ADAPTER):
        return Incoming(folder, ADAPTER)
    tensors = sorted(path.name for path in folder.glob("*.safetensors"))
    if (folder / CONFIG).is_file() and tensors and ADAPTER[1] not in tensors:
        index = sorted(path.name for path in folder.glob("*.safetensors.index.json"))
        return Incoming(folder, (CONFIG, *index, *tensors))
    return None


def check_weights(incoming: Incoming, base: str) -> str:
    """Return the number format of weights that fit the base model; UsageError if they do not."""
    with _named_errors(incoming.folder):
        model = _skeleton(base)
        told = {path.name: _shapes(path) for path in incoming.weights}
        shapes = {name: shape for tensors in told.values() for name, shape in tensors.items()}
        if incoming.is_adapter:
            _check_adapter(incoming, base, shapes, model)
        else:
            _check_model(incoming, shapes, model)
        return _check_finite(incoming)


@contextmanager
def _named_errors(folder: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        raise UsageError(
            f"{folder}: the weights are damaged ({error}); save or copy them again"
        ) from error


def _skeleton(base: str) -> Any:
    """Return the base model without its weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(resolve_base(base), trust_remote_code=False)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config)
    except (OSError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UsageError(f"model.base: {base} cannot be loaded ({reason}); check it") from error


def _shapes(path: Path) -> dict[str, Shape]:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def _check_adapter(incoming: Incoming, base: str, shapes: Mapping[str, Shape], model: Any) -> None:
    told = read_json(incoming.folder / ADAPTER[0])
    kind = told.get("peft_type") if isinstance(told, dict) else None
    if kind != "LORA":
        raise UsageError(
            f"{incoming.folder / ADAPTER[0]}: peft_type is {kind}; pinchtune takes LoRA adapters"
        )
    if told.get("init_lora_weights") not in _STARTS:
        raise UsageError(
            f"{incoming.folder / ADAPTER[0]}: init_lora_weights is {told['init_lora_weights']}, "
            "which has changed the base model too; let the trainer convert it to plain LoRA"
        )
    _check_base(incoming.folder, base, str(told.get("base_model_name_or_path") or ""))
    own = {name: tuple(p.shape) for name, p in model.named_parameters(remove_duplicate=False)}
    halves: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes.items():
        match = _LORA.fullmatch(name)
        if match is None or f"{match[1]}.weight" not in own:
            raise _other_base(incoming.folder, f"{name} belongs to no layer of it")
        halves.setdefault(match[1], {})[match[2]] = shape
    for layer, half in halves.items():
        outer = sorted((half.get("A", (0, 0))[1], half.get("B", (0, 0))[0]))
        if outer != sorted(own[f"{layer}.weight"]) or half["A"][0] != half["B"][1]:
            raise _other_base(incoming.folder, f"{layer} has other sizes")
    if not halves:
        raise UsageError(f"{incoming.folder}: the adapter is empty; tune it again")


def _check_base(folder: Path, base: str, told: str) -> None:
    """Refuse the hub id of another model; where a folder lay on another machine says nothing."""
    if told.count("/") != 1 or told.startswith((".", "/", "~")) or Path(told).exists():
        return
    if told in (base, resolve_base(base)):
        return
    why = ", whose weights are packed" if told == hub_name(base) else ""
    raise UsageError(
        f"{folder}: was tuned on {told}, and the project's base is {base}{why}; set model.base to "
        "what it was tuned on, or tune it on this one"
    )


def _check_model(incoming: Incoming, shapes: Mapping[str, Shape], model: Any) -> None:
    found, own = read_json(incoming.folder / CONFIG), model.config.to_dict()
    told = {"model_type": None, **(found if isinstance(found, dict) else {})}
    for key in _SIZES:
        if key in told and key in own and told[key] != own[key]:
            what = f"its {key} is {told[key]}, and that of the base model {own[key]}"
            raise _other_base(incoming.folder, what)
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    tied = set(model._tied_weights_keys or ())
    for name in sorted(expected.keys() | shapes.keys()):
        if name not in tied and shapes.get(name) != expected.get(name):
            raise _other_base(incoming.folder, f"{name} is not in both, or has other sizes")


def _other_base(folder: Path, what: str) -> UsageError:
    return UsageError(
        f"{folder}: was not tuned on the project's base model ({what}); set model.base to the "
        "model that it was tuned on, or name another folder"
    )


def _check_finite(incoming: Incoming) -> str:
    """Return the number format; UsageError names a tensor that holds NaN or infinity."""
    from safetensors import safe_open

    dtype = ""
    for path in incoming.weights:
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118
                tensor = file.get_tensor(name)
                if not tensor.isfinite().all():
                    raise UsageError(
                        f"{path}: {name} holds values that are no numbers; the tuning has failed, "
                        "lower its learning rate and tune again"
                    )
                dtype = dtype or str(tensor.dtype)
    return dtype


def check_tokenizer(
    folder: Path, ours: PreTrainedTokenizerFast, probes: Sequence[Example], template: bool
) -> None:
    """Raise UsageError if a tokenizer beside the weights is not ours.

    Its chat template is compared if `template` says so; a folder without one says nothing.
    """
    from pinchtune.model.load import load_tokenizer

    if not (folder / "tokenizer_config.json").is_file():
        return
    theirs = load_tokenizer(str(folder))
    if theirs.get_vocab() != ours.get_vocab() or theirs.eos_token_id != ours.eos_token_id:
        raise UsageError(
            f"{folder}: its tokenizer is not that of the base model; tune without new tokens"
        )
    for probe in probes if template else ():
        both = [(encode_prompt(t, probe), encode_example(t, probe, 10**6)) for t in (theirs, ours)]
        if both[0] != both[1]:
            raise UsageError(
                f"{folder}: its chat template is not the project's, so it would be asked in words "
                "that it was not tuned on; tune what `pinch export trainer` writes"
            )


def install(incoming: Incoming, target: Path, base: str, tokenizer: Any) -> None:
    """Copy the weights into an arm's folder, with the project's tokenizer and end tokens."""
    from transformers import AutoConfig, GenerationConfig

    with name_write_errors(target):
        for name in incoming.files:
            shutil.copyfile(incoming.folder / name, target / name)
        tokenizer.save_pretrained(target)
        asked = GenerationConfig.from_model_config(
            AutoConfig.from_pretrained(resolve_base(base), trust_remote_code=False)
        )
        asked.eos_token_id = end_token_ids(tokenizer)
        asked.pad_token_id = tokenizer.pad_token_id
        asked.save_pretrained(target)
    name = ADAPTER[0] if incoming.is_adapter else CONFIG
    told = read_json(target / name)
    write_json(target / name, _clean(told, base) if incoming.is_adapter else _plain(told))


def _clean(told: dict[str, Any], base: str) -> dict[str, Any]:
    """Return an adapter's configuration with the base model where it lies here."""
    kept = {key: told[key] for key in _KEPT if key in told}
    return {**kept, "base_model_name_or_path": resolve_base(base), "inference_mode": True}


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    """Return a model's configuration without the code that it names and where it lay."""
    return {key: value for key, value in told.items() if key not in ("auto_map", "_name_or_path")}
