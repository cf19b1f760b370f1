"""pinch scale: what tuning a model takes on given hardware, by arithmetic; nothing is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.errors import UsageError
from pinchtune.files import read_json
from pinchtune.training.arithmetic import (
    Device,
    Memory,
    Run,
    Shape,
    find_device,
    find_shape,
    memory,
    plain_logits,
    seconds,
)

MOST = 0.9
"""Share of a device's memory that can be used: the rest goes to pieces."""


class Forecast(NamedTuple):
    """What a run takes."""

    parameters: int
    memory: Memory
    """Of one process."""
    fits: bool
    avoided: float
    """Bytes of plain logits, which pinchtune never holds."""
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        parts = self.memory._asdict()
        return {**self._asdict(), "memory": {**parts, "total": self.memory.total}}


def scale(
    model: str, device: str = "h100", run: Run | None = None, tokens: float = 1e6
) -> Forecast:
    """Return what it takes to tune a model on so many tokens.

    `model` is a name of the table or a folder with a config.json.
    """
    run = run or Run()
    if run.split and run.processes < 2:
        raise UsageError("weights can be split over two processes or more; raise --processes")
    if run.processes % run.machines:
        raise UsageError(
            f"{run.processes} processes cannot be shared out evenly to {run.machines} machines; "
            "--processes counts those of all machines"
        )
    return forecast(read_shape(model), find_device(device), run, tokens)


def forecast(shape: Shape, device: Device, run: Run, tokens: float) -> Forecast:
    """Return what a run takes."""
    needed = memory(shape, device, run)
    fits = needed.total <= MOST * device.memory
    time = seconds(shape, device, run, tokens)
    return Forecast(shape.parameters, needed, fits, plain_logits(shape, run), time)


def read_shape(model: str) -> Shape:
    """Return the shape of a folder with a config.json, or of a model of the table."""
    config = Path(model) / "config.json"
    if config.is_file():
        return Shape.of_config(read_json(config))
    return find_shape(model)
