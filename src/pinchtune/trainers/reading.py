"""Configurations of LLaMA-Factory and axolotl, read into ours.

An option of theirs is taken over, or it says what pinchtune does anyway, or it is listed by name.
What a configuration leaves out has the trainer's own default, which is not ours: it is read too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.data.values import load_library
from pinchtune.errors import DataError, UsageError
from pinchtune.files import read_json, read_text

Values = dict[str, Any]
INFO = "dataset_info.json"
"""Where LLaMA-Factory says what its data sets are."""


@dataclass
class Taken:
    """What was made of a configuration."""

    title: str
    """The trainer."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Our options by name: `train.rank`."""
    data: list[str] = field(default_factory=list)
    """Paths or hub ids of the data sets."""
    left: dict[str, str] = field(default_factory=dict)
    """Options that were not taken over, and why as far as there is more to say."""


class Option(NamedTuple):
    """One of our options that one of theirs says."""

    name: str
    convert: Callable[[Any], Any]


class Refused(Exception):
    """A value that pinchtune cannot be told; its text says why."""


def read_config(path: Path) -> Taken:
    """Return what can be taken from a configuration; UsageError if it is of no trainer we know."""
    values = _load(path)
    reader = next((r for r in READERS if r.sign in values), None)
    if reader is None:
        signs = " nor ".join(f"{r.sign} ({r.title})" for r in READERS)
        raise UsageError(f"{path}: has neither {signs}; name a configuration of one of these")
    taken = Taken(reader.title)
    rest = {**reader.defaults, **{k: v for k, v in values.items() if v is not None}}
    reader.special(rest, path, taken)
    for name, value in rest.items():
        _take(name, value, reader, taken, given=name in values)
    return taken


def _load(path: Path) -> Values:
    yaml = load_library("yaml", "tune")
    try:
        values = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise DataError(f"is not valid YAML ({reason}); correct it", path) from error
    if not isinstance(values, dict):
        raise DataError("holds no options; name a configuration of a trainer", path)
    return {str(name): value for name, value in values.items()}


def _take(name: str, value: Any, reader: Reader, taken: Taken, given: bool) -> None:
    option = reader.options.get(name)
    if option:
        try:
            taken.settings[option.name] = option.convert(value)
        except Refused as refused:
            taken.left[name] = str(refused)
        except (TypeError, ValueError):
            taken.left[name] = f"{value!r} is no value of {option.name}"
    elif name in reader.same:
        if value not in reader.same[name]:
            taken.left[name] = f"{value}: pinchtune does it as with {reader.same[name][0]}"
    elif given:
        taken.left[name] = ""


def number(value: Any) -> float:
    """Return a number; YAML reads 1e-4 as text."""
    if isinstance(value, bool):
        raise ValueError(value)
    return float(value)


def whole(value: Any) -> int:
    """Return a whole number, also one that is written 3.0."""
    found = number(value)
    if not found.is_integer():
        raise Refused(f"{value}: pinchtune takes whole numbers only")
    return int(found)


def share(value: Any) -> float:
    """Return a share; a number of steps is none."""
    found = number(value)
    if found > 1:
        raise Refused(f"{value}: pinchtune takes a share of the steps, train.warmup")
    return found


def method(value: Any) -> str:
    """Return what is tuned."""
    if value not in ("lora", "full"):
        raise Refused(f"{value}: pinchtune tunes lora or full")
    return str(value)


def _batch(rest: Values, micro: str, taken: Taken) -> None:
    """Take the sizes of a step and of a micro-batch, on one device."""
    found = {name: rest.pop(name) for name in (micro, "gradient_accumulation_steps")}
    try:
        size, times = map(whole, found.values())
    except (Refused, TypeError, ValueError):
        taken.left |= {name: f"{value!r} is no whole number" for name, value in found.items()}
    else:
        taken.settings |= {"train.device_batch_size": size, "train.batch_size": size * times}


def _dtype(rest: Values, names: Mapping[str, str], taken: Taken) -> None:
    for name, dtype in names.items():
        if isinstance(rest.get(name), bool) and rest.pop(name):
            taken.settings["model.dtype"] = dtype


def _alpha(rest: Values, rank: str, taken: Taken) -> None:
    """Leave out an alpha that is what pinchtune takes anyway, twice the rank."""
    alpha = rest.pop("lora_alpha", None)
    if alpha is not None and alpha != 2 * rest.get(rank, 0):
        taken.left["lora_alpha"] = f"{alpha}: pinchtune takes twice the rank"


def _llamafactory(rest: Values, path: Path, taken: Taken) -> None:
    _batch(rest, "per_device_train_batch_size", taken)
    _dtype(rest, {"bf16": "bfloat16", "pure_bf16": "bfloat16", "fp16": "float16"}, taken)
    _alpha(rest, "lora_rank", taken)
    names = rest.pop("dataset", "")
    names = names if isinstance(names, list) else str(names).split(",")
    folder = _data_folder(str(rest.pop("dataset_dir")), path)
    known = read_json(folder / INFO) if folder else {}
    for name in filter(None, (str(name).strip() for name in names)):
        facts = known.get(name) if isinstance(known, dict) else None
        source = _source(facts, folder) if isinstance(facts, dict) and folder else ""
        if source:
            taken.data.append(source)
        else:
            taken.left["dataset"] = f"{name}: no {INFO} that is found here says what it is"


def _data_folder(name: str, path: Path) -> Path | None:
    """Return where dataset_info.json lies: near the configuration, here, or as in their sources."""
    roots = (path.parent, Path(), path.absolute().parent.parent.parent)
    return next((root / name for root in roots if (root / name / INFO).is_file()), None)


def _source(facts: Values, folder: Path) -> str:
    if "file_name" in facts:
        return str(folder / str(facts["file_name"]))
    return str(facts.get("hf_hub_url", ""))


def _axolotl(rest: Values, path: Path, taken: Taken) -> None:
    _batch(rest, "micro_batch_size", taken)
    _dtype(rest, {"bf16": "bfloat16", "bfloat16": "bfloat16", "fp16": "float16"}, taken)
    _alpha(rest, "lora_r", taken)
    sets = rest.pop("datasets", None)
    for entry in sets if isinstance(sets, list) else []:
        source = str(entry.get("path", "")) if isinstance(entry, dict) else ""
        near = path.parent / source
        taken.data.append(str(near) if near.exists() else source)


SAME: dict[str, tuple[Any, ...]] = {
    "lora_dropout": (0, 0.0),
    "gradient_checkpointing": (True, False),
    "report_to": ("none",),
}
"""Options that ask for what pinchtune does, or for what changes no weights, by their values."""


class Reader(NamedTuple):
    """How the configuration of one trainer is read."""

    title: str
    sign: str
    """The option that tells it."""
    defaults: Values
    """What the trainer does where its configuration says nothing."""
    options: Mapping[str, Option]
    same: Mapping[str, tuple[Any, ...]]
    """Values that ask for what pinchtune does anyway, the usual one first."""
    special: Callable[[Values, Path, Taken], None]
    """Takes what is more than one option for one, out of the values."""


READERS = (
    Reader(
        "LLaMA-Factory",
        "model_name_or_path",
        {
            "finetuning_type": "lora",
            "lora_rank": 8,
            "cutoff_len": 2048,
            "learning_rate": 5e-5,
            "num_train_epochs": 3.0,
            "per_device_train_batch_size": 8,
            "gradient_accumulation_steps": 1,
            "lr_scheduler_type": "linear",
            "warmup_ratio": 0.0,
            "weight_decay": 0.0,
            "max_grad_norm": 1.0,
            "seed": 42,
            "dataset_dir": "data",
        },
        {
            "model_name_or_path": Option("model.base", str),
            "finetuning_type": Option("train.method", method),
            "lora_rank": Option("train.rank", whole),
            "cutoff_len": Option("train.max_length", whole),
            "learning_rate": Option("train.learning_rate", number),
            "num_train_epochs": Option("train.epochs", whole),
            "warmup_ratio": Option("train.warmup", share),
            "weight_decay": Option("train.weight_decay", number),
            "max_grad_norm": Option("train.clip", number),
            "seed": Option("train.seed", whole),
        },
        {
            **SAME,
            "stage": ("sft",),
            "do_train": (True,),
            "lora_target": ("all",),
            "lr_scheduler_type": ("cosine",),
            "optim": ("adamw_torch", "adamw_torch_fused"),
            "packing": (False,),
            "train_on_prompt": (False,),
        },
        _llamafactory,
    ),
    Reader(
        "axolotl",
        "base_model",
        {
            "adapter": "full",
            "sequence_len": 512,
            "num_epochs": 1,
            "micro_batch_size": 1,
            "gradient_accumulation_steps": 1,
            "lr_scheduler": "cosine",
            "warmup_ratio": 0.03,
            "weight_decay": 0.0,
            "max_grad_norm": 1.0,
            "seed": 42,
        },
        {
            "base_model": Option("model.base", str),
            "adapter": Option("train.method", method),
            "lora_r": Option("train.rank", whole),
            "sequence_len": Option("train.max_length", whole),
            "learning_rate": Option("train.learning_rate", number),
            "num_epochs": Option("train.epochs", whole),
            "warmup_ratio": Option("train.warmup", share),
            "weight_decay": Option("train.weight_decay", number),
            "max_grad_norm": Option("train.clip", number),
            "seed": Option("train.seed", whole),
        },
        {
            **SAME,
            "lora_target_linear": (True,),
            "lr_scheduler": ("cosine",),
            "optimizer": ("adamw_torch_fused", "adamw_torch"),
            "sample_packing": (False,),
            "train_on_inputs": (False,),
            "load_in_4bit": (False,),
            "load_in_8bit": (False,),
            "tf32": (False,),
        },
        _axolotl,
    ),
)
