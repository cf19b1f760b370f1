"""Runs that fail although the input was fine: one sentence, and the next run goes on."""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import pinchtune
from pinchtune.errors import BAD_INPUT, DONE, NO_GO, RUN_FAILED
from pinchtune.files import read_json, read_jsonl
from pinchtune.model.endpoint import Patience

FULL = "the disk is full; free some space and run the command again"
Reply = Callable[[dict[str, Any]], tuple[int, object]]


class Server(ThreadingHTTPServer):
    """An endpoint on this machine that answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply: Reply = lambda body: (404, {})
        self.asked = 0
        self.options = ("--set", f"generate.endpoint=http://127.0.0.1:{self.server_port}/v1")


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.asked += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, reply = self.server.reply(body)
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("pinchtune.model.endpoint.PATIENCE", Patience(first_wait=0, tries=3))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def say(text: object) -> tuple[int, object]:
    return 200, {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


def knowing(project: Path, *arms: str) -> Reply:
    """Return a reply that gives the reference for these arms, and nothing for any other."""
    rows = [row for _, row in read_jsonl(project / "data/evaluation.jsonl")]
    references = {row["instruction"]: row["response"] for row in rows}

    def reply(body: dict[str, Any]) -> tuple[int, object]:
        return say(references[body["messages"][-1]["content"]] if body["model"] in arms else "")

    return reply


NO_ANSWER = (
    "the reply holds no answer (choices[0].message.content); name the base URL of an "
    "OpenAI-compatible server in generate.endpoint"
)
LOOK = "check that a server runs at generate.endpoint, and run the command again"
REPLIES = {
    "refused": (
        (401, {"error": "key"}),
        "refused (status 401: key); check generate.endpoint, the model name and PINCH_API_KEY",
    ),
    "overloaded": ((503, {}), f"no answer after 3 tries (status 503); {LOOK}"),
    "a web page": ((200, b"<html>"), f"no answer after 3 tries (the reply is no JSON); {LOOK}"),
    "a list": ((200, []), NO_ANSWER),
    "no choices": ((200, {"choices": []}), NO_ANSWER),
    "a number for text": (say(3), NO_ANSWER),
}


@pytest.mark.parametrize("name", REPLIES)
def test_endpoint_without_an_answer(name, server, make_project, pinch):
    project = make_project()
    reply, message = REPLIES[name]
    server.reply = lambda body: reply
    told = pinch("generate", "-q", "-p", project, *server.options)
    address = server.options[1].partition("=")[2]
    assert (told.code, told.err) == (RUN_FAILED, f"pinch: {address}: {message}\n")
    made = project / "runs/answers/english"
    assert [path.name for path in made.iterdir()] == ["stage.json"]
    server.reply = lambda body: say("Hello!")
    assert pinch("generate", "-q", "-p", project, *server.options).code == DONE


def test_endpoint_that_is_not_there(server, make_project, pinch):
    project = make_project()
    server.server_close()
    told = pinch("generate", "-q", "-p", project, *server.options)
    assert told.code == RUN_FAILED
    tries = re.escape("no answer after 3 tries (") + ".+refused" + re.escape(f"); {LOOK}\n")
    assert re.fullmatch(rf"pinch: http://127\.0\.0\.1:\d+/v1: {tries}", told.err)


@pytest.mark.parametrize(
    ("arms", "verdict", "code"),
    [(["pinch"], "go", DONE), (["english"], "no-go", NO_GO), ([], "unclear", NO_GO)],
)
def test_gate(arms, verdict, code, server, make_project, pinch):
    project = make_project()
    server.reply = knowing(project, *arms)
    assert pinch("generate", "-q", "-p", project, *server.options).code == DONE
    command = ["evaluate", "-q", "-p", project, *server.options]
    told = pinch(*command, "--gate")
    assert (told.code, told.err) == (code, "")
    assert told.out.startswith(f"{verdict}: ")
    assert pinch(*command).code == DONE


@pytest.mark.parametrize("nothing", ["", None])
def test_empty_answers_are_valid(nothing, server, make_project, pinch):
    project = make_project()
    server.reply = lambda body: say(nothing)
    assert pinch("generate", "-q", "-p", project, *server.options).code == DONE
    told = pinch("evaluate", "-q", "-p", project, "--json", *server.options)
    assert (told.code, json.loads(told.out)["verdict"]) == (DONE, "unclear")
    measures = read_json(project / "runs/evaluation/scores.json")["measures"]
    assert measures["right_language"]["arms"]["pinch"]["groups"]["seen"]["value"] == 0


FSYNC = os.fsync


class Disk:
    """A disk with room for a number of writes; the one after them is cut off."""

    def __init__(self, room: int) -> None:
        self.room = room

    def sync(self, handle: int) -> None:
        self.room -= 1
        if self.room < 0:
            os.ftruncate(handle, max(0, os.fstat(handle).st_size - 3))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        FSYNC(handle)


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda room: monkeypatch.setattr(os, "fsync", Disk(room).sync)


def hidden(folder: Path) -> list[Path]:
    return list(folder.rglob(".*"))


def test_disk_full_while_answering(server, make_project, pinch, fill, look):
    whole, cut = make_project("whole"), make_project("cut")
    server.reply = knowing(whole, "english", "pinch")
    assert pinch("generate", "-q", "-p", whole, *server.options).code == DONE
    server.asked, file = 0, cut / "runs/answers/english/answers.partial.jsonl"
    fill(2)  # stage.json and the first of three batches
    told = pinch("generate", "-q", "-p", cut, *server.options)
    assert (told.code, told.err) == (RUN_FAILED, f"pinch: {file}: {FULL}\n")
    fill(0)  # still full: what was answered must stay
    assert pinch("generate", "-q", "-p", cut, *server.options).code == RUN_FAILED
    assert file.read_bytes().count(b"\n") == 1
    fill(5)  # all but the manifest
    assert pinch("generate", "-q", "-p", cut, *server.options).code == RUN_FAILED
    fill(99)
    assert pinch("generate", "-q", "-p", cut, *server.options).code == DONE
    # Batches of 3, 3 and 2 prompts: the second was lost and asked for again.
    assert server.asked == 3 + 3 + (3 + 2) + 8
    name = "runs/answers/english/answers.jsonl"
    assert (cut / name).read_bytes() == (whole / name).read_bytes()
    assert not hidden(cut)


def test_disk_full_while_exporting(make_project, pinch, fill, look):
    project = make_project()
    before = look(project)
    fill(0)
    told = pinch("data", "export", "base", project / "x.csv", "-p", project)
    assert (told.code, told.err) == (RUN_FAILED, f"pinch: {project / 'x.csv'}: {FULL}\n")
    assert look(project) == before


@pytest.fixture(scope="module")
def finished_project(write_project, tmp_path_factory) -> Path:
    """A project that has run to its end, to be copied."""
    project = write_project(tmp_path_factory.mktemp("finished") / "project")
    pinchtune.run(pinchtune.Project.open(project))
    return project


@pytest.fixture
def done(finished_project: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_project, tmp_path / "project"))


def arm_files(look, project: Path) -> dict[str, str]:
    files = look(project / "runs/arms/english")
    return {name: digest for name, digest in files.items() if name != "timings.json"}


def test_disk_full_while_tuning(finished_project, done: Path, pinch, fill, look):
    arm = done / "runs/arms/english"
    shutil.rmtree(arm)
    command = ["train", "english", "-q", "-p", done]
    # After the first checkpoint, and after the start of the run that goes on from it.
    for room, file in ((6, "checkpoint.safetensors"), (1, "metrics.jsonl")):
        fill(room)
        told = pinch(*command)
        assert (told.code, told.err) == (RUN_FAILED, f"pinch: {arm / file}: {FULL}\n")
    assert not (arm / "manifest.json").exists()
    fill(99)
    assert pinch(*command).code == DONE
    assert arm_files(look, done) == arm_files(look, finished_project)


def test_disk_full_while_weights_are_saved(finished_project, done: Path, pinch, look):
    from safetensors import SafetensorError

    def fail(*_: object, **__: object) -> None:
        # What the library raised on a full disk: no OSError.
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    arm = done / "runs/arms/english"
    shutil.rmtree(arm)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("peft.peft_model.safe_save_file", fail)
        told = pinch("train", "english", "-q", "-p", done)
    assert (told.code, told.err) == (
        RUN_FAILED,
        f"pinch: {arm}: the weights cannot be written (I/O error: No space left on device "
        "(os error 28)); free some space and run the command again\n",
    )
    assert not (arm / "manifest.json").exists()
    assert (arm / "checkpoint.safetensors").exists()
    assert pinch("train", "english", "-q", "-p", done).code == DONE
    assert arm_files(look, done) == arm_files(look, finished_project)


def test_loss_that_explodes(done: Path, pinch):
    wild = ["--set", "train.learning_rate=0.99", "--set", "model.dtype=float16"]
    told = pinch("train", "english", "-q", "-p", done, *wild)
    assert told.code == RUN_FAILED
    assert re.fullmatch(
        r"pinch: step \d+: the loss is not finite; lower train\.learning_rate \(now 0\.99\) or "
        r"set model\.dtype to float32\n",
        told.err,
    )
    assert not (done / "runs/arms/english/manifest.json").exists()
    assert pinch("train", "english", "-q", "-p", done).code == DONE


def test_wrong_option_keeps_what_was_made(done: Path, pinch, look, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    before = look(done)
    for verb in ("train", "generate"):
        assert pinch(verb, "-q", "-p", done, "--set", "model.device=cuda").code == BAD_INPUT
    assert look(done) == before


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def pickle_adapter(arm: Path, trap: Path) -> str:
    (arm / "adapter_model.safetensors").unlink()
    (arm / "adapter_model.bin").write_bytes(pickle.dumps(Trap(trap)))
    return "has no adapter_model.safetensors; tune the arm again (pickled weights are never read)"


def cut_adapter(arm: Path, trap: Path) -> str:
    weights = arm / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-99])
    return "is damaged, or was tuned on another base model; run `pinch train`"


@pytest.mark.parametrize("damage", [pickle_adapter, cut_adapter])
def test_damaged_arm(damage, done: Path, pinch, look, tmp_path):
    shutil.rmtree(done / "runs/answers")
    message = damage(done / "runs/arms/english", tmp_path / "sprung")
    before = look(done)
    told = pinch("generate", "-q", "-p", done)
    assert (told.code, told.err) == (BAD_INPUT, f"pinch: {done / 'runs/arms/english'}: {message}\n")
    assert look(done) == before
    assert not (tmp_path / "sprung").exists()


def test_no_references_at_all(done: Path, pinch):
    path = done / "data/evaluation.jsonl"
    rows = [row | {"response": None} for _, row in read_jsonl(path)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    told = pinch("run", "-q", "-p", done)
    assert (told.code, told.err) == (DONE, "")
    assert told.out.startswith("UNCLEAR\n")
    scores = read_json(done / "runs/evaluation/scores.json")
    assert scores["win_rate"]["groups"]["seen"]["value"] is None
    assert pinch("run", "-q", "-p", done, "--gate").code == NO_GO


def test_unforeseen_error(make_project, pinch, monkeypatch):
    def fail(project: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("pinchtune.stages.data.list_data", fail)
    command = ["data", "list", "-p", make_project()]
    sentence = (
        "pinch: unforeseen error (KeyError: 'surprise'); run it again with PINCH_DEBUG=1 to see "
        "the traceback\n"
    )
    assert pinch(*command) == (RUN_FAILED, "", sentence)
    monkeypatch.setenv("PINCH_DEBUG", "1")
    told = pinch(*command)
    assert told.code == RUN_FAILED
    assert told.err.startswith("Traceback (most recent call last):\n")
    assert told.err.endswith(f"KeyError: 'surprise'\n{sentence}")


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (KeyboardInterrupt(), 130, "stopped; run the command again to go on where it was"),
        (
            MemoryError(),
            RUN_FAILED,
            "out of memory; lower train.device_tokens, train.max_length or generate.batch_size",
        ),
        (OSError(errno.ENOSPC, "full"), RUN_FAILED, FULL),
    ],
)
def test_what_can_strike_anywhere(error, code, sentence, make_project, pinch, monkeypatch):
    def fail(project: object) -> None:
        raise error

    monkeypatch.setattr("pinchtune.stages.data.list_data", fail)
    assert pinch("data", "list", "-p", make_project()) == (code, "", f"pinch: {sentence}\n")
