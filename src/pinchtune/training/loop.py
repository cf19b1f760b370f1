"""The tuning loop: one loop for LoRA and full tuning, one process and many.

The loss of a step is divided by the target tokens of the whole step, over all micro-batches
and processes, so that one batch of eight equals eight of one. It knows no project: encoded
examples come in, a folder with a tuned arm goes out.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor

from pinchtune.config import TrainConfig
from pinchtune.errors import RunError
from pinchtune.model.chat import Encoded
from pinchtune.model.fused import pick_fused
from pinchtune.model.lanes import Lanes
from pinchtune.model.layers import has_dropout
from pinchtune.model.load import name_dtype
from pinchtune.model.loss import TargetLoss, check_head
from pinchtune.model.norm import quicken_norms
from pinchtune.model.tensors import Batch, collate
from pinchtune.training.adapter import quicken
from pinchtune.training.arm import prepare_model, save_arm
from pinchtune.training.batches import Limits, plan_epoch, split_step
from pinchtune.training.checkpoint import Done, load_checkpoint, save_checkpoint
from pinchtune.training.heap import Tidier, keep_freed_memory
from pinchtune.training.metrics import Metrics, flatten
from pinchtune.training.processes import check_same
from pinchtune.training.sharding import shard
from pinchtune.training.sums import Sums, add_sums, gather_sums, row_sums


class Row(NamedTuple):
    """One encoded example of a mixture."""

    encoded: Encoded
    language: str
    is_pinch: bool


class Reference(NamedTuple):
    """One encoded reference response for validation, with its length in bytes."""

    encoded: Encoded
    language: str
    size: int


@dataclass(frozen=True)
class Progress:
    """What the loop says after each step."""

    step: int
    steps: int
    loss: float


OnStep = Callable[[Progress], None]


class Micro(NamedTuple):
    """One micro-batch."""

    rows: list[int]
    batch: Batch
    weight: float
    """0 for one that only keeps this process in step with the others."""


def schedule(step: int, steps: int, config: TrainConfig) -> float:
    """Return the learning rate of a step (from 0): linear warm-up, then a cosine to zero."""
    warmup = warmup_steps(steps, config)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def warmup_steps(steps: int, config: TrainConfig) -> int:
    """Return how many of the steps belong to the warm-up."""
    return max(1, round(config.warmup * steps))


def plan_steps(rows: Sequence[Row], config: TrainConfig) -> list[list[int]]:
    """Return every step of every epoch as lists of row indices."""
    lengths = [len(row.encoded.ids) for row in rows]
    pinch = [row.is_pinch for row in rows]
    epochs = range(config.epochs)
    return [
        step
        for e in epochs
        for step in plan_epoch(lengths, pinch, config.batch_size, config.seed, e)
    ]


class Trainer:
    """Holds what the loop needs: model, optimiser, plan; `run` goes from checkpoint to arm."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        rows: Sequence[Row],
        config: TrainConfig,
        folder: Path,
        validation: Sequence[Reference] = (),
        quick: bool = True,
        splits_on: str = "",
    ) -> None:
        """`splits_on` is the kind of device over whose processes the weights are split."""
        device = splits_on or model.device.type
        self.rows, self.config, self.folder, self.validation = rows, config, folder, validation
        self.tokenizer, self.dtype = tokenizer, model.dtype
        self.steps = plan_steps(rows, config)
        self.limits = Limits(config.device_batch_size, config.device_tokens)
        self.model = prepare_model(model, config)
        # Quick adapters cast themselves; what is left in float32 is cast by autocast.
        is_quick = quick and quicken(self.model)
        if quick:
            quicken_norms(self.model)
        # In full tuning a step takes all of it again, and clearing it would cost a sixth.
        keeps = quick and keep_freed_memory()
        self.tidier = Tidier() if keeps and config.method == "lora" else None
        is_cast = self.dtype == torch.bfloat16 and not is_quick
        self.accelerator = Accelerator(
            cpu=device == "cpu",
            log_with=None if config.tracker == "none" else config.tracker,
            project_dir=folder,
            mixed_precision="no",  # Accelerate casts all models of a process alike, or none
        )
        self.cast = partial(torch.autocast, device, torch.bfloat16, is_cast and not splits_on)
        wanted = "auto" if quick else "plain"
        fused = pick_fused(device, name_dtype(self.dtype), wanted)
        self.loss = TargetLoss(self.model, losses=fused.losses)
        if splits_on:
            shard(self.loss, self.accelerator.device, self.dtype if is_cast else None)
        probe = torch.tensor([rows[0].encoded.ids[:32]], device=self.accelerator.device)
        check_head(self.loss, probe)
        tuned = [p for p in self.model.parameters() if p.requires_grad]
        decay = config.weight_decay
        self.optimizer = torch.optim.AdamW(
            tuned, lr=config.learning_rate, weight_decay=decay, fused=True
        )
        self.forward = self.loss if splits_on else self.accelerator.prepare(self.loss)
        is_alone = self.accelerator.num_processes == 1 and self.accelerator.device.type == "cpu"
        # Dropout in two threads would draw its numbers in no certain order.
        self.lanes = Lanes(is_quick and is_alone and not has_dropout(self.model))

    def run(self, on_step: OnStep = lambda progress: None) -> float:
        """Tune from the newest checkpoint to the end and save the arm; RunError if the loss breaks.

        Returns the seconds that it took, those up to the checkpoint too.
        """
        accelerator, config = self.accelerator, self.config
        if config.tracker != "none":
            accelerator.init_trackers("pinchtune", config=config.model_dump(mode="json"))
        done, before = load_checkpoint(self.folder, self.model, self.optimizer)
        check_same(done, "checkpoint")
        start = perf_counter() - before
        is_main = accelerator.is_main_process
        metrics = Metrics(self.folder / "metrics.jsonl", done) if is_main else None
        self.model.train()
        for step in range(done, len(self.steps)):
            facts = self._step(step)
            if self._due(step, config.validate_every):
                facts |= {"val/bits_per_byte": self.validate()}
            if metrics:
                metrics.write(step, facts)
            accelerator.log(flatten(facts), step=step)
            if self._due(step, config.checkpoint_every):
                now = Done(step + 1, perf_counter() - start)
                save_checkpoint(self.folder, now, self.model, self.optimizer, is_main)
            if self.tidier:
                self.tidier.tidy()
            on_step(Progress(step + 1, len(self.steps), facts["train/loss"]))
        accelerator.wait_for_everyone()
        for tracker in accelerator.trackers:
            tracker.finish()
        save_arm(self.folder, self.model, self.tokenizer, self.dtype, is_main)
        return perf_counter() - start

    def _due(self, step: int, every: int) -> bool:
        return every > 0 and (step + 1) % every == 0 and step + 1 < len(self.steps)

    def _step(self, step: int) -> dict[str, Any]:
        """Do one optimiser step and return its facts."""
        learning_rate = schedule(step, len(self.steps), self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        total = sum(self.rows[i].encoded.target_count for i in self.steps[step])
        sums, norm = self._accumulate(step, total)
        loss = sum(value for value, _ in sums.values()) / max(1, total)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise RunError(
                f"step {step + 1}: the loss is not finite; lower train.learning_rate "
                f"(now {self.config.learning_rate:g}) or set model.dtype to float32"
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        by_language = {k: round(v / n, 6) for k, (v, n) in sorted(sums.items()) if n}
        return {
            "train/loss": round(loss, 6),
            "train/loss_by_language": by_language,
            "learning_rate": learning_rate,
            "gradient_norm": round(norm, 6),
            "tokens": self.count_tokens(step),
        }

    def count_tokens(self, step: int) -> int:
        """Return the tokens that a step tunes on, without padding."""
        return sum(len(self.rows[i].encoded.ids) for i in self.steps[step])

    def _accumulate(self, step: int, total: int) -> tuple[Sums, float]:
        """Sum the step's gradients; return the sums a language and the gradient norm."""
        rows, lanes = self.steps[step], self.lanes.count
        longest = max(len(self.rows[i].encoded.ids) for i in rows)
        # Beside each other, micro-batches share what one may hold; a long row needs it all.
        fits = len(rows) >= lanes and longest * lanes <= self.limits.tokens
        parts = self._in_lanes(step, total) if lanes > 1 and fits else [self._in_turn(step, total)]
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), self.config.clip)
        norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
        return gather_sums(self.accelerator, parts), float(norm)

    def _in_turn(self, step: int, total: int) -> Sums:
        """Sum the gradients of this process's micro-batches, one after the other."""
        accelerator = self.accelerator
        process, processes = accelerator.process_index, accelerator.num_processes
        micros = list(self._micro_batches(step, self.limits, process, processes))
        sums = []
        for k, micro in enumerate(micros):
            with _synchronised(accelerator, self.forward, last=k == len(micros) - 1):
                with self.cast():
                    losses = self.forward(*micro.batch)
                # Processes average their gradients, hence the factor.
                scale = micro.weight * processes / max(1, total)
                accelerator.backward(losses.sum() * scale)
            sums.append(self._sum_losses(micro, losses.detach()))
        return add_sums(sums)

    def _in_lanes(self, step: int, total: int) -> list[Sums]:
        """Sum the gradients of the lanes, always in the same order; return each one's sums."""
        tuned = [p for p in self.model.parameters() if p.requires_grad]
        work = partial(self._in_lane, step, total, tuned)
        found = self.lanes.map(work, range(self.lanes.count))
        for made, _ in found:
            for parameter, gradient in zip(tuned, made, strict=True):
                before = parameter.grad
                parameter.grad = gradient if before is None else before.add_(gradient)
        return [sums for _, sums in found]

    def _in_lane(
        self, step: int, total: int, tuned: Sequence[Tensor], lane: int
    ) -> tuple[list[Tensor], Sums]:
        """Return the summed gradients of a lane's share of the step, and its sums."""
        lanes, limits = self.lanes.count, self.limits
        own = Limits(limits.rows, limits.tokens // lanes)
        gradients: list[Tensor] = []
        sums = []
        for micro in self._micro_batches(step, own, lane, lanes):
            if not micro.weight:
                continue
            with self.cast():
                losses = self.loss(*micro.batch)
            made = torch.autograd.grad(losses.sum() / max(1, total), tuned)
            gradients = [a.add_(b) for a, b in zip(gradients, made)] if gradients else list(made)
            sums.append(self._sum_losses(micro, losses.detach()))
        return gradients, add_sums(sums)

    def _micro_batches(self, step: int, limits: Limits, part: int, parts: int) -> Iterator[Micro]:
        """Yield the micro-batches of one of the parts that share a step."""
        lengths = {i: len(self.rows[i].encoded.ids) for i in self.steps[step]}
        for indices in split_step(self.steps[step], lengths, limits, part, parts):
            kept = indices or self.steps[step][:1]
            batch = self._collate([self.rows[i].encoded for i in kept])
            yield Micro(kept, batch, float(bool(indices)))

    def _sum_losses(self, micro: Micro, losses: Tensor) -> Sums:
        rows = [self.rows[i] for i in micro.rows]
        found = zip(rows, row_sums(losses, micro.batch), strict=True)
        weight = micro.weight
        return add_sums(
            {row.language: (weight * value, int(weight) * row.encoded.target_count)}
            for row, value in found
        )

    def _collate(self, encoded: Sequence[Encoded]) -> Batch:
        return collate(encoded, self.tokenizer.pad_token_id, self.accelerator.device)

    def validate(self) -> dict[str, float]:
        """Return bits per byte of the validation references, by language."""
        nats: dict[str, float] = defaultdict(float)
        size: dict[str, int] = defaultdict(int)
        self.model.eval()
        lengths = {i: len(r.encoded.ids) for i, r in enumerate(self.validation)}
        for indices in split_step(range(len(lengths)), lengths, self.limits) if lengths else ():
            part = [self.validation[i] for i in indices]
            with self.cast():
                found = self.loss.nats(*self._collate([r.encoded for r in part]))
            for reference, value in zip(part, found.tolist(), strict=True):
                nats[reference.language] += value
                size[reference.language] += reference.size
        self.model.train()
        return {k: round(nats[k] / size[k] / math.log(2), 6) for k in sorted(nats) if size[k]}


def _synchronised(accelerator: Accelerator, model: Any, last: bool) -> Any:
    from contextlib import nullcontext

    return nullcontext() if last else accelerator.no_sync(model)
