"""Which arms of a project are looked at, and what each is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pinchtune.data.mix import ARMS
from pinchtune.errors import UsageError
from pinchtune.stages.generate import weights_key
from pinchtune.stages.project import BASE_ARM, Project
from pinchtune.stages.train import tuned_run

CONTROL, PINCH = ARMS


class Arm(NamedTuple):
    """One model of a project."""

    project: Project
    """The project of its seed."""
    arm: str
    """`base`, `english` or `pinch`."""

    @property
    def name(self) -> str:
        """Name among the arms of all seeds: `pinch`, `seed1/pinch` ..."""
        return self.project.name(self.arm)

    @property
    def weights(self) -> Any:
        """What tells its weights from others; UsageError if it is not tuned yet."""
        return weights_key(self.project, self.arm)

    def before(self) -> list[Arm]:
        """Return what it is compared with: the base model, and the English arm of its seed."""
        base = Arm(self.project.first or self.project, BASE_ARM)
        chain = [base, Arm(self.project, CONTROL), Arm(self.project, PINCH)]
        return chain[: [arm.arm for arm in chain].index(self.arm)]


def pick_arms(project: Project, wanted: Sequence[str] = ()) -> list[Arm]:
    """Return the wanted arms, by default the base model and all arms of all seeds.

    UsageError for one that is unknown, not tuned, or not of today: the texts that it was tuned
    on are told by today's mixture.
    """
    seeds = project.seeds
    known = [Arm(project, BASE_ARM), *(Arm(seed, arm) for seed in seeds for arm in ARMS)]
    names = [arm.name for arm in known]
    for name in wanted:
        if name not in names:
            raise UsageError(f"unknown arm {name!r}; use one of: {', '.join(names)}")
    picked = [arm for arm in known if not wanted or arm.name in wanted]
    for arm in picked:
        weights_key(arm.project, arm.arm)
        if arm.arm != BASE_ARM and not (run := tuned_run(arm.project, arm.arm)).complete():
            raise UsageError(
                f"{run.path}: is not of today's mixture, settings and base model; run `pinch "
                "train` first"
            )
    return picked
