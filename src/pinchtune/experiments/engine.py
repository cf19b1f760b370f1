"""Where jobs are done: in this process, in several, or on the workers of a Ray cluster.

What a job gives follows from the job alone, so every engine leaves the same scores. A job that
fails is told and passed over; one whose worker is lost is given to another worker once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile
from queue import Queue
from typing import Any, NamedTuple, Protocol

from pinchtune.errors import PinchError, UsageError
from pinchtune.experiments.store import Json
from pinchtune.experiments.work import do_job
from pinchtune.mining.engine import ENGINES, RAY, start_ray

LOST = "its worker was lost twice (killed, or out of memory)"
TRIES = 2
"""Workers that a job may lose."""
WORKER = (sys.executable, "-m", "pinchtune.experiments.worker")
"""What a worker process runs."""


class Outcome(NamedTuple):
    """A job that is over."""

    job: Json
    error: str
    """Why it failed; empty if it did not."""


class Engine(Protocol):
    """What does jobs."""

    def each(self, jobs: Iterator[Json]) -> Iterator[Outcome]:
        """Yield jobs as they are over, in any order; they are taken as workers are free."""
        ...


def attempt(job: Json) -> str:
    """Do a job and return why it failed; empty if it did not."""
    try:
        do_job(job)
    except PinchError as error:
        return str(error)
    except Exception as error:
        # What a library throws must not stop the other arms.
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""


class ThisProcess:
    """Does the jobs here."""

    def each(self, jobs: Iterator[Json]) -> Iterator[Outcome]:
        """Yield jobs in their order."""
        for job in jobs:
            yield Outcome(job, attempt(job))


class Processes:
    """Does the jobs in processes of their own, each with its share of the cores and one GPU."""

    def __init__(
        self, count: int, threads: int, handle: int, command: Sequence[str] = WORKER
    ) -> None:
        self.count, self.threads, self.handle, self.command = count, threads, handle, command

    def each(self, jobs: Iterator[Json]) -> Iterator[Outcome]:
        """Yield jobs as they are over."""
        over: Queue[Outcome | BaseException | None] = Queue()
        taking = threading.Lock()
        environments = map(self._environment, range(self.count))
        workers = [_Process(self.command, env, self.handle) for env in environments]

        def work(worker: _Process) -> None:
            try:
                while True:
                    with taking:
                        job = next(jobs, None)
                    if job is None:
                        return
                    over.put(Outcome(job, worker.do(job)))
            except BaseException as error:
                # Raised again where the outcomes are read: a thread has nobody to tell.
                over.put(error)
            finally:
                worker.end()
                over.put(None)

        threads = [threading.Thread(target=work, args=(w,), daemon=True) for w in workers]
        for thread in threads:
            thread.start()
        try:
            left = self.count
            while left:
                outcome = over.get()
                left -= outcome is None
                if isinstance(outcome, BaseException):
                    raise outcome
                if outcome is not None:
                    yield outcome
        finally:
            for worker in workers:
                worker.close()

    def _environment(self, number: int) -> dict[str, str]:
        env = {**os.environ, "OMP_NUM_THREADS": str(self.threads)}
        if gpus := list_gpus():
            env["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
        return env


class _Process:
    """A worker process: a job goes in as a line, its outcome comes out as one."""

    def __init__(self, command: Sequence[str], env: dict[str, str], handle: int) -> None:
        self.command, self.env, self.handle = command, env, handle
        self.process: subprocess.Popen[str] | None = None
        self.closed = False

    def do(self, job: Json) -> str:
        """Return why a job failed; empty if it did not."""
        for _ in range(TRIES):
            if self.closed:
                break
            process = self.process = self.process or self._start()
            try:
                assert process.stdin and process.stdout
                process.stdin.write(json.dumps(job) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except OSError:
                line = ""
            if line:
                return str(json.loads(line))
            self.kill()
        return LOST

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.env,
            # The folder stays locked until the last worker has ended.
            pass_fds=(self.handle,),
        )

    def end(self) -> None:
        """Let the process go when it has nothing to do."""
        if self.process and self.process.stdin:
            self.process.stdin.close()
            self.process.wait()
        self.kill()

    def close(self) -> None:
        """End the process, and let no other one take its place."""
        self.closed = True
        self.kill()

    def kill(self) -> None:
        """End the process whatever it does, and forget it."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()


class RayTasks:
    """Does the jobs as tasks of Ray, each with its cores and, where there are any, one GPU."""

    def __init__(self, ray: Any, count: int, threads: int) -> None:
        gpus = 1 if ray.cluster_resources().get("GPU") else 0
        remote = ray.remote(num_cpus=threads, num_gpus=gpus, max_retries=TRIES - 1)
        self.ray, self.count, self.attempt = ray, count, remote(attempt)

    def each(self, jobs: Iterator[Json]) -> Iterator[Outcome]:
        """Yield jobs as they are over."""
        running: dict[Any, Json] = {}
        while True:
            while len(running) < self.count and (job := next(jobs, None)) is not None:
                running[self.attempt.remote(job)] = job
            if not running:
                return
            done, _ = self.ray.wait([*running])
            for task in done:
                yield Outcome(running.pop(task), self._result(task))

    def _result(self, task: Any) -> str:
        try:
            return str(self.ray.get(task))
        except self.ray.exceptions.RayError:
            return LOST


@contextmanager
def open_engine(
    name: str, address: str = "", workers: int = 0, threads: int = 0, handle: int = -1
) -> Iterator[tuple[Engine, int]]:
    """Yield an engine and the number of its workers; UsageError for one that is not known.

    `workers` 0 takes one for each GPU, else one; `threads` 0 shares the cores out.
    """
    if name not in ENGINES:
        raise UsageError(f"engine {name!r} is not known; use one of {', '.join(ENGINES)}")
    if address and name != RAY:
        raise UsageError("an address is for the engine ray; add --engine ray")
    if name == RAY:
        ray = start_ray(address)
        try:
            total = ray.cluster_resources()
            count = workers or int(total.get("GPU", 0)) or 1
            yield RayTasks(ray, count, threads or max(1, int(total.get("CPU", 1)) // count)), count
        finally:
            ray.shutdown()
        return
    count = workers or len(list_gpus()) or 1
    if count == 1 and not threads:
        yield ThisProcess(), 1
    else:
        share = threads or max(1, count_cores() // count)
        yield Processes(count, share, handle), count


def list_gpus() -> list[str]:
    """Return the GPUs of this process by the names that CUDA takes, without loading torch."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is not None:
        names = [part.strip() for part in shown.split(",")]
        # CUDA sees none of what follows a name that is none, such as -1.
        return [*takewhile(lambda name: name not in ("", "-1"), names)]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [str(n) for n in range(sum(x.startswith("GPU ") for x in listed.stdout.splitlines()))]


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
