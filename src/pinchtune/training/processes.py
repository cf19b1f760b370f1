"""The processes that tune one arm together.

`accelerate launch` or torchrun starts them, on one machine or many, and tells each its number in
environment variables. The main one writes, the others wait for it; all see the same files. A
process that was started alone has nobody to wait for, and imports nothing here.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from pinchtune.errors import RunError, UsageError

SIZE = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
NUMBER = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
"""Environment variables in which launchers say how many processes there are, and which is this."""
SPLITS = "ACCELERATE_USE_FSDP"
"""Variable in which Accelerate asks for weights that are split over the processes."""
UNSUPPORTED = {
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "FSDP_OFFLOAD_PARAMS": "fsdp_offload_params",
    "FSDP_ACTIVATION_CHECKPOINTING": "fsdp_activation_checkpointing",
}
"""What Accelerate can ask for and is not done here, by the variable in which it asks."""
PATIENCE = timedelta(hours=3)
"""How long the others wait while the main one unpacks, downloads or writes."""
T = TypeVar("T")


def count_processes() -> int:
    """Return how many processes were started together; 1 if this one is alone."""
    return _number(SIZE, 1)


def process_number() -> int:
    """Return the number of this process, from 0: the main one."""
    return _number(NUMBER, 0)


def _number(names: tuple[str, ...], otherwise: int) -> int:
    found = (os.environ.get(name, "") for name in names)
    return next((int(value) for value in found if value.isdecimal()), otherwise)


class Processes:
    """Those that tune together, as one of them sees them; alone, it agrees with itself."""

    def __init__(self, device: str = "cpu") -> None:
        self.count = count_processes()
        self.splits_on = device if self.count > 1 and _is_to_split() else ""
        """Kind of device over whose processes the weights are split; empty if each has them all."""
        self._state = _meet(device) if self.count > 1 else None
        self.is_main = self._state is None or bool(self._state.is_main_process)

    def agree(self, value: T) -> T:
        """Return the main process's value, the same in all of them."""
        return value if self._state is None else _from_main(value)

    def check_same(self, value: object, what: str) -> None:
        """Raise RunError in a process that has another value than the main one."""
        if self._state is not None:
            check_same(value, what)

    def wait(self) -> None:
        """Wait until all are here."""
        if self._state is not None:
            self._state.wait_for_everyone()

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """Let the main process do the block first, then all others."""
        if not self.is_main:
            self.wait()
        yield
        if self.is_main:
            self.wait()


@cache
def _is_to_split() -> bool:
    """Return what Accelerate's configuration says, once: it must not split them a second time."""
    return os.environ.pop(SPLITS, "").lower() == "true"


@cache
def _meet(device: str) -> Any:
    """Join the others; UsageError if they were asked for what is not done here."""
    for variable, name in UNSUPPORTED.items():
        if _is_true(variable):
            raise UsageError(
                f"Accelerate's configuration asks for {name}, which is not supported; use one of "
                "those in docs/distributed.md"
            )
    from accelerate import PartialState

    state = PartialState(cpu=device == "cpu", timeout=PATIENCE)
    # Left open until the process ends: the next arm is tuned by the same ones.
    atexit.register(state.destroy_process_group)
    return state


def _is_true(variable: str) -> bool:
    return os.environ.get(variable, "").lower() == "true"


def check_same(value: object, what: str) -> None:
    """Raise RunError unless the main process has the same value: each reads the files itself."""
    if _from_main(value) != value:
        raise RunError(
            f"process {process_number()} sees another {what} than the main one; put the project "
            "on a disk that all machines share"
        )


def _from_main(value: T) -> T:
    from accelerate.utils import broadcast_object_list

    found: T = broadcast_object_list([value])[0]
    return found
