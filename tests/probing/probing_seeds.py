"""A project of two seeds, tuned."""

from __future__ import annotations

from pinchtune.stages.mix import mix
from pinchtune.stages.project import Project
from pinchtune.stages.train import train


def tune_seeds(project: Project) -> Project:
    """Return the project with a second seed, whose arms are tuned too."""
    two = Project.open(project.folder, ["train.seeds=2"])
    mix(two)
    train(two)
    return two
