"""The tables of pinch.toml together; each has a module by its purpose."""

from __future__ import annotations

from pinchtune.config.deciding import (
    AdviseConfig,
    CostsConfig,
    EvaluateConfig,
    JudgeConfig,
    LadderConfig,
)
from pinchtune.config.kinds import Section
from pinchtune.config.making import (
    CollectConfig,
    DataConfig,
    GenerateConfig,
    LanguagesConfig,
    MineConfig,
    MixConfig,
    ModelConfig,
    SelectConfig,
    TrainConfig,
)
from pinchtune.config.releasing import AbConfig, ServeConfig


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
    ladder: LadderConfig = LadderConfig()
    costs: CostsConfig = CostsConfig()
    serve: ServeConfig = ServeConfig()
    ab: AbConfig = AbConfig()
