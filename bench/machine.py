"""What the figures were made on: processor, cores, memory, versions. Never a path or a name."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from bench.runner import PEERS

OWN = ("pinchtune", "torch", "transformers", "peft", "accelerate")
THEIRS = ("torch", "transformers", "trl", "peft", "accelerate", "llama-cpp-python")
FLAGS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8")
"""Instruction sets that decide how fast products are."""


def machine_facts() -> dict[str, Any]:
    """Return what tells this machine from others."""
    return {
        "processor": processor(),
        "cores": usable_cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "instructions": [flag for flag in FLAGS if flag in _cpuinfo("flags").split()],
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def usable_cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Return the name of the processor."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(name: str) -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    values = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(values, "")


def slug(text: str) -> str:
    """Return a name as part of a file name: `amd-epyc`."""
    plain = re.sub(r"\((r|tm)\)|\bcpu\b|@.*", " ", text.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "unknown"


def versions() -> dict[str, dict[str, str]]:
    """Return the versions of what is compared, in both environments."""
    from importlib.metadata import version

    return {"own": {name: version(name) for name in OWN}, "peers": peer_versions()}


def peer_versions() -> dict[str, str]:
    """Return the versions in the peers' environment; {} without one."""
    if not PEERS.is_file():
        return {}
    code = (
        "import json, importlib.metadata as m\n"
        f"names = {THEIRS!r}\n"
        "have = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
        "print(json.dumps({n: have.get(n, have.get(n.replace('-', '_'), '-')) for n in names}))"
    )
    done = subprocess.run([str(PEERS), "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found
