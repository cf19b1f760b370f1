"""pinch scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pinchtune.cli.common import AsJson, show

if TYPE_CHECKING:
    from pinchtune.stages.scale import Forecast

Model = Annotated[str, typer.Argument(help="llama-3.1-8b or another name, or a model folder.")]
Device = Annotated[str, typer.Option("--device", help="h100, a100, or two-cores.")]
Processes = Annotated[int, typer.Option("--processes", min=1, help="GPUs of all machines.")]
Machines = Annotated[int, typer.Option("--machines", min=1, help="Machines they are in.")]
Split = Annotated[bool, typer.Option("--split", help="Split the weights over them (FSDP).")]
HowTuned = Annotated[Literal["lora", "full"], typer.Option("--method", help="lora or full.")]
Batch = Annotated[int, typer.Option("--device-tokens", min=1, help="Tokens of a micro-batch.")]
Tokens = Annotated[float, typer.Option("--tokens", min=1, help="Tokens to tune on.")]
GB, HOUR = 1e9, 3600
WORDS = {
    "process": "libraries, kernels, tokenizer",
    "weights": "weights",
    "gradients": "gradients",
    "moments": "moments of AdamW",
    "activations": "activations of a micro-batch",
    "passing": "of the moment: whole layers, casts",
    "freed": "freed, kept for the next step",
}


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("scale")(command)


def command(
    model: Model,
    device: Device = "h100",
    processes: Processes = 1,
    machines: Machines = 1,
    split: Split = False,
    method: HowTuned = "lora",
    batch: Batch = 2048,
    tokens: Tokens = 1e6,
    as_json: AsJson = False,
) -> None:
    """What tuning takes on given hardware: memory and time by arithmetic, nothing is loaded."""
    from pinchtune.stages.scale import scale
    from pinchtune.training.arithmetic import Run

    run = Run(method, tokens=batch, processes=processes, machines=machines, split=split)
    found = scale(model, device, run, tokens)
    show(found.to_json(), describe(found), as_json)


def describe(found: Forecast) -> str:
    """Return a forecast as text."""
    parts = found.memory._asdict()
    lines = [f"{WORDS[name]:36}{value / GB:8.1f} GB" for name, value in parts.items()]
    fits = "fits" if found.fits else "does not fit: split the weights, or lower --device-tokens"
    return "\n".join(
        [
            f"{found.parameters / GB:.2f} billion weights; by arithmetic, not measured",
            *lines,
            f"{'one process':36}{found.memory.total / GB:8.1f} GB, {fits}",
            f"tuning takes {_time(found.seconds)}",
        ]
    )


def _time(seconds: float) -> str:
    if seconds < HOUR:
        return f"{seconds / 60:.1f} minutes"
    return f"{seconds / HOUR:.1f} hours"
