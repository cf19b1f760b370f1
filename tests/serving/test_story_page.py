"""docs/release-story.md, its commands run as they stand there: real processes, real HTTP."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pinchtune
from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.course import current_folder
from pinchtune.files import write_jsonl
from pinchtune.stages.versions import open_registry
from server import free_port

PAGE = Path(__file__).parents[2] / "docs" / "release-story.md"
PORT = "8766"
PROMPTS = [
    {"language": code, "instruction": question.format(n), "response": answer}
    for code, question, answer in (
        ("en", "What colour is the pump with the number {}?", "It is blue."),
        ("es", "¿De qué color es la bomba que lleva el número {}?", "Es de color azul."),
        ("ja", "番号{}のポンプは何色なのか教えていただけますか。", "青い色です。"),
        ("ar", "ما لون المضخة التي تحمل الرقم {}؟", "لونها أزرق."),
    )
    for n in range(50, 54)
]
"""Long enough to tell their language."""
SECONDS = 3000
"""The crowds alone take up to six minutes; the machine may be busy besides."""


def commands(page: str) -> list[str]:
    """Return the blocks that are to be pasted, in their order."""
    return re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str, Path], subprocess.CompletedProcess[str]]:
    """Paste commands into a shell in which `pinch` is the one of this environment."""
    verb = tmp_path / "bin" / "pinch"
    verb.parent.mkdir()
    verb.write_text(f'#!/bin/sh\nexec {sys.executable} -m pinchtune.cli "$@"\n', "utf-8")
    verb.chmod(0o755)
    path = os.pathsep.join((str(verb.parent), os.environ["PATH"]))

    def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
        # Should a command fail, the server must not stay.
        tidy = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nset -e\n"
        return subprocess.run(
            ["bash", "-c", tidy + script],
            cwd=folder,
            env={**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    return run


def test_the_page_has_every_step():
    text = "".join(commands(PAGE.read_text("utf-8")))
    steps = ("add", "promote v1", "serve", "--to candidate", "ab start", "ab crowd", "ab status")
    places = [text.index(step) for step in (*steps, "promote v2 --by", "rollback", "history")]
    assert places == sorted(places)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="no bash or curl")
def test_the_whole_story(make_project, shell):
    folder = make_project()
    write_jsonl(folder / "data/evaluation.jsonl", PROMPTS)
    pinchtune.run(pinchtune.Project.open(folder))
    port = str(free_port())
    blocks = commands(PAGE.read_text("utf-8").replace(PORT, port))
    done = shell("".join(blocks), folder)
    said = done.stdout + done.stderr + (folder / "serve.log").read_text("utf-8")[-3000:]
    assert done.returncode == 0, said

    # It ended by itself, for the reason that is true.
    found = analyse(current_folder(folder), 2e9)
    assert found["stops"]["all"]["by"] == "plan", said
    assert found["claims"]["ja"]["verdict"] == "better" and found["verdict"] == "better"
    assert found["claims"]["es"]["verdict"] == "unclear"

    # Nothing failed while the version changed under load, and both versions answered.
    asked, answered = (folder / "load.txt").read_text("utf-8").splitlines()
    assert re.fullmatch(r"asked \d+, failed 0, rated 0, ratings refused \d+", asked)
    counts = dict(re.findall(r"(v\d) (\d+)", answered))
    assert set(counts) == {"v1", "v2"} and min(map(int, counts.values())) > 0

    # The server followed every pointer, and was told to stop.
    arms = [
        json.loads(line)["arms"] for line in re.findall(r'\{"status": "ok".*?\}\}', done.stdout)
    ]
    assert arms == [{"production": "v1"}, {"production": "v1"}]
    assert open_registry(pinchtune.Project.open(folder)).pointer("production") == "v1"
    history = pinchtune.version_history(pinchtune.Project.open(folder))
    assert [event["action"] for event in history if event["action"] != "smoke"] == [
        *("add", "promote", "add", "promote", "promote", "withdraw", "rollback")
    ]
    assert (folder / "serve.log").read_text("utf-8").rstrip().endswith("stopped")
