"""Where the seconds of one tuning step go, by kind of work.

python -m bench.run --only profile
python -m bench.picture bench/results/FILE.json docs/images/tuning-step.svg
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from bench.common import WARMUP_STEPS, Result, Task, measure
from bench.ours import make_trainer, tuning_rows
from bench.workload import Workload

KINDS = {
    "products of matrices": ("mm", "addmm", "addmm_", "linear", "_linear_pointwise"),
    "attention": ("bmm", "baddbmm", "_softmax", "_softmax_backward_data", "_scaled_dot_product"),
    "copies and casts": ("copy_", "_to_copy", "cat", "index_select", "index", "clone"),
    "exponentials and sums of the softmax over all words": ("exp_", "exp", "amax", "sub_", "sum"),
    "activations": ("gelu", "gelu_backward", "silu", "silu_backward"),
}
REST = "norms, additions, the rest"


def main(task: Task) -> Result:
    """Profile the first step after the warm-up; seconds by kind, tokens, seconds in all."""
    work = Workload.load(task.workload)
    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(work.base, tuning_rows(work), task.options["method"], Path(folder))
        trainer.model.train()
        for step in range(WARMUP_STEPS):
            trainer._step(step)
        return profile_step(trainer, WARMUP_STEPS)


def profile_step(trainer: Any, step: int) -> Result:
    """Return the seconds that the operators of one step took themselves, by kind."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as seen:
        facts = trainer._step(step)
    parts = dict.fromkeys([*KINDS, REST], 0.0)
    for event in seen.key_averages():
        parts[kind_of(event.key)] += event.self_cpu_time_total / 1e6
    return {
        "parts": {kind: round(seconds, 4) for kind, seconds in parts.items()},
        "seconds": round(sum(parts.values()), 4),
        "tokens": facts["tokens"],
    }


def kind_of(operator: str) -> str:
    """Return the kind of work of an operator such as `aten::mm`."""
    name = operator.rpartition("::")[2]
    return next((kind for kind, names in KINDS.items() if name in names), REST)


if __name__ == "__main__":
    measure(main)
