"""The tables of pinch.toml that say how arms are judged, and what comes next."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, model_validator

from pinchtune.config.kinds import (
    ENGLISH,
    Count,
    LanguageCode,
    Number,
    Positive,
    Price,
    Section,
    Seed,
    Share,
)


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

    kind: Literal["reference", "llm", "people"] = "reference"
    """`reference` compares with the reference response, free and offline; `llm` asks a model;
    `people` takes what people said in `pinch web`."""
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


class LadderConfig(Section):
    """[ladder]: the stages that `pinch stage` climbs, from few languages to all."""

    languages: Annotated[tuple[Count, ...], Field(min_length=1)] = (2, 4, 0)
    """How many languages each stage tunes, in the order of tuned and then unseen; 0 takes all."""
    doses: tuple[Positive, ...] = ()
    """Examples in all of each stage; empty takes mix.dose in every one."""

    @model_validator(mode="after")
    def _matching(self) -> LadderConfig:
        if self.doses and len(self.doses) != len(self.languages):
            raise ValueError("doses must be empty or have a number for each stage of languages")
        return self


class CostsConfig(Section):
    """[costs]: prices and assumptions of `pinch costs`; what is left out is not priced."""

    currency: Annotated[str, Field(max_length=12)] = ""
    """What money is called, as reports show it."""
    hourly_rate: Price | None = None
    """Price of an hour of those who write and approve; None prices no hours."""
    machine_rate: Price | None = None
    """Price of an hour of the machine that tunes and answers; None prices no computing."""
    pause_minutes: Annotated[Number, Field(gt=0)] = 10.0
    """Time between two actions of a person counts as work if it is at most so long."""
    writing_minutes: Price = 10.0
    """Assumed time to write an example, where the store has not seen it written."""
    approving_minutes: Price = 2.0
    """Assumed time to approve or send back an example, where the store has not seen it."""
    translation: dict[LanguageCode, Price] = {}
    """Price of one translated example by language; one that is not named costs their mean."""
    translated: tuple[LanguageCode, ...] = ()
    """Languages whose examples were bought at these prices, and not written by your people."""
    shares: dict[LanguageCode, Price] = {}
    """Enquiries by language, in any unit; empty takes the mined ones, or else all alike."""
    enquiries_a_month: Price = 0.0
    """Enquiries in a month, in all these languages; 0 claims no return."""
    minutes_saved: Price = 0.0
    """Minutes that an enquiry answered in the right language saves; 0 claims no return."""

    @model_validator(mode="after")
    def _priced(self) -> CostsConfig:
        if self.translated and not self.translation:
            raise ValueError("translated needs prices; set translation")
        if self.shares and not any(self.shares.values()):
            raise ValueError("shares are all 0; give a language some, or remove them")
        return self
