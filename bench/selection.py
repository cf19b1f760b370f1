"""Selection: time, memory and objective beside other libraries, and from 10^4 to 10^6 candidates.

`python -m bench.selection [--sizes 10000,100000,1000000] [--peers] [--json FILE]`: candidates are
made up: 384 numbers of unit length around 2,000 centres whose sizes follow Zipf's law, as the
subjects of enquiries do. The peers (`pip install apricot-select submodlib-py`) get 10,000 of them:
they hold every similarity at once.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinchtune.model.embed import unit
from pinchtune.selection.coverage import cover
from pinchtune.selection.greedy import choose_lazily
from pinchtune.selection.problem import Ground, Problem

CENTRES, WIDTH, SIZE, GROUND = 2_000, 384, 40, 4_096


def make_vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Return made-up embeddings, [count, 384]."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(CENTRES, WIDTH)).astype(np.float32)
    places = np.minimum(rng.zipf(1.3, count) - 1, CENTRES - 1)
    vectors = np.empty((count, WIDTH), np.float32)
    for k in range(0, count, 50_000):
        part = places[k : k + 50_000]
        noise = rng.normal(0, 0.7, (len(part), WIDTH)).astype(np.float32)
        vectors[k : k + 50_000] = unit(centres[part] + noise)
    return vectors


def problem_of(vectors: NDArray[np.float32], ground: NDArray[np.float32]) -> Problem:
    """Return the choice of 40 among all rows, without languages."""
    ids = [f"{n:07}" for n in range(len(vectors))]
    return Problem(ids, vectors, Ground.of(ground), SIZE, ["xx"] * len(ids))


def ours(count: int) -> dict[str, Any]:
    """Choose 40 among `count` candidates; the ground set is a draw of at most 4,096 of them."""
    vectors = make_vectors(count)
    rng = np.random.default_rng(1)
    ground = vectors[np.sort(rng.permutation(count)[:GROUND])]
    start = perf_counter()
    problem = problem_of(vectors, ground)
    rows = choose_lazily(problem)
    seconds = perf_counter() - start
    return {
        "who": "pinchtune",
        "candidates": count,
        "ground": len(ground),
        "seconds": round(seconds, 2),
        "peak_gb": peak(),
        "embeddings_gb": round(vectors.nbytes / 1e9, 2),
        "objective": round(cover(problem, rows).covered, 6),
    }


def peer(name: str, count: int) -> dict[str, Any]:
    """Let a peer choose with every candidate as ground set; count what its choice is worth."""
    vectors = make_vectors(count)
    start = perf_counter()
    rows = PEERS[name](vectors)
    seconds = perf_counter() - start
    most = peak()
    value = cover(problem_of(vectors, vectors), rows).covered
    return {
        "who": name,
        "candidates": count,
        "ground": count,
        "seconds": round(seconds, 2),
        "peak_gb": most,
        "objective": round(value, 6),
    }


def _apricot(vectors: NDArray[np.float32]) -> list[int]:
    from apricot import FacilityLocationSelection

    near = np.maximum(vectors @ vectors.T, 0).astype(np.float64)
    chosen = FacilityLocationSelection(SIZE, metric="precomputed", optimizer="lazy").fit(near)
    return [int(i) for i in chosen.ranking]


def _submodlib(vectors: NDArray[np.float32]) -> list[int]:
    from submodlib import FacilityLocationFunction

    near = np.maximum(vectors @ vectors.T, 0)
    function = FacilityLocationFunction(n=len(vectors), mode="dense", sijs=near, separate_rep=False)
    chosen = function.maximize(budget=SIZE, optimizer="LazyGreedy", show_progress=False)
    return [int(i) for i, _ in chosen]


def _ours_full(vectors: NDArray[np.float32]) -> list[int]:
    return choose_lazily(problem_of(vectors, vectors))


PEERS = {"pinchtune": _ours_full, "apricot": _apricot, "submodlib": _submodlib}


def peak() -> float:
    """Return the largest resident set of this process so far, in GB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)


def main() -> int:
    """Measure each in a process of its own and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--peers", action="store_true", help="pinchtune, apricot, submodlib")
    parser.add_argument("--peer-size", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        who, count = options.one.split(":")
        print(json.dumps(ours(int(count)) if who == "grow" else peer(who, int(count))))
        return 0
    jobs = [f"grow:{n}" for n in options.sizes.split(",") if n]
    jobs += [f"{name}:{options.peer_size}" for name in PEERS] if options.peers else []
    found = [_run(job) for job in jobs]
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


def _run(job: str) -> dict[str, Any]:
    import subprocess

    command = [sys.executable, "-m", "bench.selection", "--one", job]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(found), flush=True)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
