"""Mines a log with small chunks and a fake embedder; prints `go` when everything is imported."""

from __future__ import annotations

import sys

import phonenumbers  # noqa: F401
import rapidfuzz.fuzz  # noqa: F401

import pinchtune
from pinchtune.mining.listening import Listener
from pinchtune.model.embed import ScriptedEmbedder
from pinchtune.stages import enquirymap, mine

if __name__ == "__main__":
    folder, log = sys.argv[1:]
    mine.CHUNK, enquirymap.PART = 20, 16
    Listener().language("Where is my order, and what is it?")
    project = pinchtune.Project.open(folder, [f"select.embedder={ScriptedEmbedder.name}"])
    print("go", flush=True)
    mine.mine(project, [log])
