"""What tuning leaves in the process that goes on to tune or answer."""

from __future__ import annotations

import gc

from torch import nn

import pinchtune
from pinchtune.progress import Silent


class Watching(Silent):
    """A progress that counts the layers in memory whenever an arm begins to be tuned."""

    def __init__(self) -> None:
        self.layers: list[int] = []

    def task(self, label, total, done=0):
        self.layers.append(count_layers())
        return super().task(label, total, done)


def count_layers() -> int:
    return sum(issubclass(type(o), nn.Linear) for o in gc.get_objects())


def test_an_arm_is_let_go_before_the_next_one_is_loaded(make_project):
    project = pinchtune.Project.open(make_project(), ["train.method=lora", "train.rank=2"])
    pinchtune.mix(project)
    gc.collect()
    watching, before = Watching(), count_layers()
    gc.disable()
    try:
        pinchtune.train(project, progress=watching)
        after = count_layers()
    finally:
        gc.enable()
    assert watching.layers[0] > before
    assert watching.layers == [watching.layers[0]] * 2
    assert after == before
