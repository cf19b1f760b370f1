"""pinch.toml, the only configuration of a project: read, checked, frozen.

Every option is a field of a section with its default stated once; unknown keys are refused.
`--set section.key=value` overrides one. Relative paths are relative to pinch.toml.
"""

from pinchtune.config.reading import (
    CONFIG_NAME,
    apply_override,
    check_config,
    explain,
    load_config,
)
from pinchtune.config.sections import (
    ENGLISH,
    AdviseConfig,
    CollectConfig,
    Config,
    DataConfig,
    EvaluateConfig,
    GenerateConfig,
    JudgeConfig,
    LanguagesConfig,
    MineConfig,
    MixConfig,
    ModelConfig,
    Section,
    SelectConfig,
    TrainConfig,
)

__all__ = [
    "CONFIG_NAME",
    "ENGLISH",
    "AdviseConfig",
    "CollectConfig",
    "Config",
    "DataConfig",
    "EvaluateConfig",
    "GenerateConfig",
    "JudgeConfig",
    "LanguagesConfig",
    "MineConfig",
    "MixConfig",
    "ModelConfig",
    "Section",
    "SelectConfig",
    "TrainConfig",
    "apply_override",
    "check_config",
    "explain",
    "load_config",
]
