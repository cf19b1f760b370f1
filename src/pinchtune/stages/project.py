"""A project folder: its configuration, its data files, its run folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinchtune.config import Config, load_config
from pinchtune.data.formats import read_examples
from pinchtune.data.mix import ARMS
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, hash_bytes, hash_file
from pinchtune.records import Example, content_hash
from pinchtune.stages.ladder import current_stage, stage_settings
from pinchtune.stages.pool import Pool, read_store

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from pinchtune.store import Store

PER_SEED = ("mixture", "selection", "arms", "answers", "benchmarks")
"""Run folders that each seed has its own of."""
LIBRARIES = ("pinchtune", "torch", "transformers", "peft", "accelerate", "sacrebleu", "py3langid")
BASE_ARM = "base"


@dataclass(frozen=True)
class Project:
    """One circle: a folder with pinch.toml, data and runs.

    With several seeds the comparison is repeated: `seeds` has the project of each, which draws and
    tunes with seeds of its own and keeps its runs beside those of the first.
    """

    folder: Path
    """Where pinch.toml lies."""
    config: Config
    """The checked configuration."""
    seed: int = 0
    """Which seed of the comparison this is, counted from 0."""
    first: Project | None = field(default=None, repr=False, compare=False)
    """The project of the first seed, whose tokenizer all share; None if this is it."""

    @classmethod
    def open(cls, folder: str | Path = ".", overrides: Sequence[str] = ()) -> Project:
        """Return the project in `folder`; ConfigError if pinch.toml is missing or wrong.

        A stage of the ladder that was begun sets its languages and its dose (see stages/ladder.py);
        `overrides` come after it.
        """
        stage = current_stage(folder)
        settings = stage_settings(stage) if stage else []
        return cls(Path(folder), load_config(folder, [*settings, *overrides]))

    def path(self, *parts: str) -> Path:
        """Return a path inside the runs folder; of a later seed, inside `seed1`, `seed2` ..."""
        own = [f"seed{self.seed}"] if self.seed and parts and parts[0] in PER_SEED else []
        return self.folder.joinpath("runs", *own, *parts)

    @cached_property
    def seeds(self) -> tuple[Project, ...]:
        """The project of each seed of the comparison, this one the first."""
        return (self, *(self._at(seed) for seed in range(1, self.config.train.seeds)))

    def _at(self, seed: int) -> Project:
        config = self.config
        mix = config.mix.model_copy(update={"seed": config.mix.seed + seed})
        train = config.train.model_copy(update={"seed": config.train.seed + seed})
        own = config.model_copy(update={"mix": mix, "train": train})
        return Project(self.folder, own, seed, self)

    def label(self, text: str) -> str:
        """Return what a line of progress says, with the seed if there are several."""
        return f"{text} (seed {self.seed})" if self.config.train.seeds > 1 else text

    def name(self, arm: str) -> str:
        """Return the name of an arm among those of all seeds: `pinch`, `seed1/pinch` ..."""
        return f"seed{self.seed}/{arm}" if self.seed else arm

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms that are compared, the control first; the untuned base model may precede them.

        The base model is the same for every seed, so only the first one has it.
        """
        return (BASE_ARM, *ARMS) if self.config.evaluate.include_base and not self.seed else ARMS

    def check_arms(self, arms: Sequence[str]) -> tuple[str, ...]:
        """Return the wanted arms, all if none is named; UsageError for an unknown one."""
        for arm in arms:
            if arm not in self.arms:
                raise UsageError(f"unknown arm {arm!r}; use one of: {', '.join(self.arms)}")
        return tuple(arms) or self.arms

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The base model's tokenizer; reading a vocabulary of 262,000 words takes seconds."""
        if self.first:
            return self.first.tokenizer
        from pinchtune.model.load import load_tokenizer

        return load_tokenizer(self.config.model.base)

    def data_file(self, name: str) -> Path:
        """Return the path of a data set of the project (`base`, `pinch`, `evaluation`)."""
        path: Path = getattr(self.config.data, name)
        return path if path.is_absolute() else self.folder / path

    @property
    def database(self) -> str:
        """Address of the database of collected examples: a path in the project, or a URL."""
        name = self.config.collect.database
        return name if "://" in name else str(self.folder / name)

    @property
    def collects(self) -> bool:
        """True if the pinch is collected: the database exists, or is a server's."""
        return "://" in self.database or Path(self.database).exists()

    def open_store(self, *, create: bool = False) -> Store:
        """Return the database of collected examples; it is made only if `create` says so."""
        from pinchtune.store import open_store

        return open_store(self.database, create=create)

    def pool(self, unapproved: bool = False) -> Pool:
        """Return what the pinch is drawn from; `unapproved` lets in rows nobody approved."""
        if not self.collects:
            source = str(self.config.data.pinch)
            return Pool(source, False, lambda: self._read("pinch"), unapproved)
        store = self.open_store()
        try:
            name = store.name if "://" in self.database else self.config.collect.database
            rows = read_store(store)
        finally:
            store.close()
        return Pool(name, True, lambda: rows, unapproved)

    def data_hash(self, name: str) -> str:
        """Return the hash of a data set's file, or of the files of its folder.

        A collected pinch has the hash of its approved examples.
        """
        if name == "pinch" and self.collects:
            return self.pool().hash
        path = self.data_file(name)
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file())
            return content_hash([[p.name, hash_file(p)] for p in files])
        return hash_file(path) if path.is_file() else hash_bytes(str(path).encode())

    def examples(self, name: str) -> list[Example]:
        """Return the examples of a data set: of a collected pinch, the approved ones."""
        return self.pool().drawable if name == "pinch" and self.collects else self._read(name)

    def _read(self, name: str) -> list[Example]:
        """Return the examples of a file; rows without a language are identified."""
        from pinchtune.data.formats import identify_languages
        from pinchtune.evaluation.checking.column import with_checks

        rows = read_examples(self.data_file(name))
        rows = with_checks(rows) if name == "evaluation" else rows
        return [row.example for row in identify_languages(rows, self.config.languages.evaluated)]

    def evaluation_prompts(self) -> list[Example]:
        """Return the prompts to evaluate: project languages, the first `evaluate.prompts` each."""
        kept = first_of_each(self.examples("evaluation"), self.config.evaluate.prompts)
        codes = self.config.languages.evaluated
        missing = [code for code in codes if code not in kept]
        if missing:
            raise UsageError(
                f"data.evaluation: {self.data_file('evaluation')} has no prompts in "
                f"{', '.join(missing)}; add some or remove the language from [languages]"
            )
        return list({e.id: e for code in codes for e in kept[code]}.values())


def first_of_each(examples: Sequence[Example], count: int) -> dict[str, list[Example]]:
    """Return {language: its first `count` examples}; 0 takes all."""
    kept: dict[str, list[Example]] = {}
    for example in examples:
        rows = kept.setdefault(example.language, [])
        if not count or len(rows) < count:
            rows.append(example)
    return kept


def unapproved_examples(project: Project) -> int:
    """Return how many examples the arm with the pinch was tuned on that nobody approved.

    Of several seeds the one with most of them counts.
    """
    folders = [seed.path("arms", ARMS[1]) for seed in project.seeds]
    return max(int((RunFolder(f, "").manifest() or {}).get("unapproved", 0)) for f in folders)


def stage_key(name: str, inputs: Mapping[str, Any]) -> str:
    """Return the key of a stage: a hash of its name and of everything it is made from."""
    return content_hash({"stage": name, "inputs": inputs})


def finished(folder: Path, stage: str) -> dict[str, Any]:
    """Return the manifest of a stage that must have run before; UsageError if it has not."""
    manifest = RunFolder(folder, "").manifest()
    if manifest is None:
        raise UsageError(f"{folder} is not complete; run `pinch {stage}` first, or `pinch run`")
    return manifest


def versions() -> dict[str, str]:
    """Return the versions of the libraries that figures depend on."""
    return {name: version(name) for name in LIBRARIES}
