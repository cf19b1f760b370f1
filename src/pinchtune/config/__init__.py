"""pinch.toml, the only configuration of a project: read, checked, frozen.

Every option is a field of a section with its default stated once; unknown keys are refused.
`--set section.key=value` overrides one. Relative paths are relative to pinch.toml.
"""

from pinchtune.config.deciding import (
    AdviseConfig,
    CostsConfig,
    EvaluateConfig,
    JudgeConfig,
    LadderConfig,
)
from pinchtune.config.kinds import ENGLISH, Section
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
from pinchtune.config.reading import (
    CONFIG_NAME,
    apply_override,
    check_config,
    explain,
    load_config,
)
from pinchtune.config.releasing import (
    AUTO,
    CANDIDATE,
    PRODUCTION,
    AbConfig,
    ServeConfig,
    UpstreamConfig,
)
from pinchtune.config.sections import Config

__all__ = [
    "AUTO",
    "CANDIDATE",
    "CONFIG_NAME",
    "ENGLISH",
    "PRODUCTION",
    "AbConfig",
    "AdviseConfig",
    "CollectConfig",
    "Config",
    "CostsConfig",
    "DataConfig",
    "EvaluateConfig",
    "GenerateConfig",
    "JudgeConfig",
    "LadderConfig",
    "LanguagesConfig",
    "MineConfig",
    "MixConfig",
    "ModelConfig",
    "Section",
    "SelectConfig",
    "ServeConfig",
    "TrainConfig",
    "UpstreamConfig",
    "apply_override",
    "check_config",
    "explain",
    "load_config",
]
