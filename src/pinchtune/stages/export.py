"""pinch export: a tuned arm, or a version, as files that others load; compared before it counts.

What is exported is loaded back and asked prompts in every evaluated language. Only if it says
what the arm says does the folder get its name; otherwise nothing is left.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pinchtune.config import ModelConfig
from pinchtune.data.mix import ARMS
from pinchtune.errors import RunError, UsageError
from pinchtune.files import UNFINISHED, name_write_errors, read_json, write_json, write_text
from pinchtune.model.embedded import hub_name
from pinchtune.model.to_gguf import PACKED
from pinchtune.progress import Progress, Silent
from pinchtune.records import Example
from pinchtune.releasing.modelcard import LOCALES, make_card
from pinchtune.releasing.probes import EIGHT_BITS, EXACT, ROUNDED, Comparison, Probe, Tolerance
from pinchtune.stages.evidence import gather
from pinchtune.stages.probing import Loaded, compare_again, load_folder, probe
from pinchtune.stages.project import Project, first_of_each
from pinchtune.stages.versions import open_registry

Target = Literal["merged", "adapter", "gguf"]
TARGETS: tuple[Target, ...] = ("merged", "adapter", "gguf")
FORMATS = ("auto", "float32", "bfloat16", "float16")
AS_TUNED = "as tuned"
PARITY = "parity.json"
CARDS = {"en": "README.md", "ja": "README.ja.md"}


class Source(NamedTuple):
    """What is exported."""

    name: str
    folder: Path
    config: ModelConfig
    """How the project computes it."""
    facts: dict[str, Any]
    """What is known of it, as version.json says it."""
    mixture: dict[str, Any]
    """Manifest of the mixture it was tuned on."""


class Export(NamedTuple):
    """A finished export."""

    folder: Path
    parity: Comparison
    dtype: str


def export_model(
    project: Project,
    name: str,
    folder: str | Path,
    to: str = "merged",
    prompts: int = 2,
    dtype: str = "auto",
    progress: Progress | None = None,
) -> Export:
    """Write an arm or a version to `folder`; RunError if it does not say what the arm says.

    `prompts` are asked in each evaluated language; `dtype` is the number format of the weights,
    `auto` the one that the project computes in.
    """
    target, folder, progress = _check_target(to), Path(folder), progress or Silent()
    if prompts < 1:
        raise UsageError("--prompts: ask at least one in each language")
    source = _find_source(project, name)
    written = _pick_format(source, target, dtype)
    asked = first_of_each(project.evaluation_prompts(), prompts).values()
    with new_folder(folder) as draft:
        progress.say(f"writing {name} as {target}")
        before = _write(source, target, draft, written, [e for rows in asked for e in rows])
        progress.say(f"comparing it on {len(before)} prompts")
        found = _check(source, target, draft, written, before)
        write_json(draft / PARITY, {"to": target, "dtype": written, **found.to_json()})
        for locale in LOCALES:
            card = make_card(
                project.config.name, source.facts, source.mixture, found, target, locale
            )
            write_text(draft / CARDS[locale], card)
        for path in draft.iterdir():
            path.chmod(0o644)  # some libraries write files that only their owner can read
    return Export(folder, found, written)


def _check_target(to: str) -> Target:
    for target in TARGETS:
        if to == target:
            return target
    raise UsageError(f"--to {to}: is not known; use one of: {', '.join(TARGETS)}")


def _find_source(project: Project, name: str) -> Source:
    """Return the arm or the version of this name."""
    config = project.config.model
    if name in ARMS:
        found = gather(project, name)
        mixture = read_json(project.path("mixture", "manifest.json"))
        return Source(name, found.model, config, found.facts, mixture)
    registry = open_registry(project)
    if name not in registry.names():
        known = ", ".join((*ARMS, *registry.names()))
        raise UsageError(f"{name!r} is neither an arm nor a version; use one of: {known}")
    if problems := registry.verify(name):
        raise RunError(f"{name} is damaged: {problems[0]}")
    version = registry.get(name)
    mixture = read_json(version.evidence_path / "mixture.json")
    config = config.model_copy(update={"base": version.base})
    return Source(name, version.model_path, config, dict(version.facts), mixture)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder that gets its name when the block succeeds, and vanishes when it fails."""
    if folder.is_symlink() or (folder.exists() and not _is_empty(folder)):
        raise UsageError(f"{folder}: is there already; name a new folder")
    with name_write_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(UNFINISHED, f".{folder.name}.", folder.parent))
    try:
        draft.chmod(0o755)
        yield draft
        with name_write_errors(folder):
            draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def computed_format(config: ModelConfig) -> str:
    """Return the number format that the project computes in."""
    from pinchtune.model.load import name_dtype, pick_device, pick_dtype

    return name_dtype(pick_dtype(config.dtype, pick_device(config.device)))


def _pick_format(source: Source, target: Target, dtype: str) -> str:
    """Return the number format of the files."""
    if target == "adapter":
        if dtype != "auto":
            raise UsageError(f"--dtype {dtype}: an adapter is copied as it was tuned; leave it out")
        return AS_TUNED
    if dtype not in (*FORMATS, *PACKED):
        known = ", ".join((*FORMATS, *PACKED))
        raise UsageError(f"--dtype {dtype}: is not known; use one of: {known}")
    if dtype in PACKED and target != "gguf":
        raise UsageError(f"--dtype {dtype}: only a GGUF file holds such weights; use --to gguf")
    return computed_format(source.config) if dtype == "auto" else dtype


def _write(
    source: Source, target: Target, draft: Path, written: str, prompts: Sequence[Example]
) -> list[Probe]:
    """Write the files, and return what the arm says."""
    import torch

    from pinchtune.model import save

    model, tokenizer = loaded = load_folder(source.folder, source.config)
    before = probe(loaded, prompts)
    if target == "adapter":
        save.save_adapter(source.folder, draft, hub_name(source.facts["base"]))
        return before
    if written in PACKED:
        save.save_gguf(model, tokenizer, draft, source.name, written)
        return before
    model = model.to(getattr(torch, written))
    if target == "merged":
        save.save_merged(model, tokenizer, draft)
    else:
        save.save_gguf(model, tokenizer, draft, source.name)
    return before


def _check(
    source: Source, target: Target, draft: Path, written: str, before: Sequence[Probe]
) -> Comparison:
    """Return how what was written compares; RunError if it says something else."""
    loaded = _load_back(source, target, draft, written)
    found = compare_again(loaded, before, _tolerance(source, written))
    if found.problems:
        more = f" (and {len(found.problems) - 1} more)" if found.problems[1:] else ""
        raise RunError(
            f"{source.name} was not exported: as {target} it does not say what it says here: "
            f"{found.problems[0]}{more}"
        )
    return found


def _tolerance(source: Source, written: str) -> Tolerance:
    if written in PACKED:
        return EIGHT_BITS
    return EXACT if written == computed_format(source.config) else ROUNDED


def _load_back(source: Source, target: Target, draft: Path, written: str) -> Loaded:
    from pinchtune.model import save
    from pinchtune.model.load import load_tokenizer

    if target == "adapter":
        model = save.load_with_adapter(draft, source.config)
        return Loaded(model, load_tokenizer(str(draft)))
    dtype = source.config.dtype if written in PACKED else written
    config = source.config.model_copy(update={"dtype": dtype})
    if target == "merged":
        return load_folder(draft, config)
    return Loaded(*save.load_gguf(draft, config))
