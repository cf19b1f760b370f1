from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from pinchtune.config import GenerateConfig, ModelConfig
from pinchtune.errors import RunError
from pinchtune.files import read_json
from pinchtune.model.endpoint import Patience
from pinchtune.model.generate import EndpointGenerator, LocalGenerator, ScriptedGenerator
from pinchtune.model.load import load_model, load_tokenizer
from pinchtune.model.score import reference_size, score_references
from pinchtune.progress import Silent
from pinchtune.records import Answer, Example
from pinchtune.stages.generate import _answer, generate_answers

PROMPTS = [Example(f"Question {'x' * i} {i}", f"Answer {i}", "en") for i in range(7)]


@pytest.fixture(scope="module")
def local(tiny_model):
    config = ModelConfig(base=str(tiny_model), dtype="float32")
    return load_model(config), load_tokenizer(str(tiny_model))


def answers(local, **settings) -> list[Answer]:
    generator = LocalGenerator(*local, GenerateConfig(**{"max_new_tokens": 6, **settings}))
    found = {}
    for k, batch in enumerate(generator.plan(PROMPTS)):
        found |= dict(zip(batch, generator.generate([PROMPTS[i] for i in batch], k), strict=True))
    return [found[i] for i in range(len(PROMPTS))]


def test_padding_changes_nothing(local):
    assert answers(local, batch_size=1) == answers(local, batch_size=4)


def test_plain_ways_answer_the_same(local):
    quick, plain = (LocalGenerator(*local, GenerateConfig(max_new_tokens=6), q) for q in (1, 0))
    assert quick.decoder and not plain.decoder
    assert quick.generate(PROMPTS, 0) == plain.generate(PROMPTS, 0)


def test_sampling_is_seeded(local):
    warm = {"temperature": 1.0, "batch_size": 3}
    assert answers(local, **warm, seed=1) == answers(local, **warm, seed=1)
    assert answers(local, **warm, seed=1) != answers(local, **warm, seed=2)


def test_an_answer_ends_at_the_end_token(local):
    generator = LocalGenerator(*local, GenerateConfig())
    ids = [*local[1]("Yes").input_ids, local[1].eos_token_id]
    answer = generator._answer(PROMPTS[0], ids)
    assert (answer.text, answer.stopped, answer.tokens) == ("Yes", True, 4)
    cut = generator._answer(PROMPTS[0], ids[:3])
    assert (cut.text, cut.stopped, cut.tokens) == ("Yes", False, 3)


def test_bits_of_references(local):
    rows = [Example("a", "été", "fr"), Example("b", "ok", "en", history=(("x", "yz"),))]
    assert [reference_size(e) for e in rows] == [6, 6]
    found = [
        b for part in score_references(*local, [*rows, Example("no reference")], 500) for b in part
    ]
    assert {b.prompt_id for b in found} == {e.id for e in rows}
    # A random model over 259 words spends about 8 bits on each byte.
    assert all(6 < b.bits / b.size < 10 for b in found)


class Breaks(ScriptedGenerator):
    def __init__(self, after: int) -> None:
        super().__init__({p.instruction: p.instruction.upper() for p in PROMPTS}, 2)
        self.left = after

    def generate(self, prompts, batch, tick):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().generate(prompts, batch, tick)


def test_finished_batches_survive_and_half_lines_do_not(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        generate_answers(Breaks(2), PROMPTS, tmp_path)
    partial = tmp_path / "answers.partial.jsonl"
    assert len(partial.read_text().splitlines()) == 2
    with partial.open("a") as file:
        file.write('[{"prompt_id": "half')
    resumed = Breaks(2)  # two batches are left; a third call would break
    found = generate_answers(resumed, PROMPTS, tmp_path)
    assert [a.text for a in found] == [p.instruction.upper() for p in PROMPTS]


def test_a_run_that_was_killed_is_timed_whole(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        generate_answers(Breaks(2), PROMPTS, tmp_path)
    seconds = tmp_path / "seconds.partial"
    assert len(seconds.read_text().splitlines()) == 2
    seconds.write_text("1000.0\n500.0\n")
    _answer(Breaks(2), "pinch", PROMPTS, [], tmp_path, Silent())
    assert 1500 < read_json(tmp_path / "timings.json")["seconds"] < 1600


class Server(BaseHTTPRequestHandler):
    replies: ClassVar[list[tuple[int, object]]] = []
    asked: ClassVar[list[dict]] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Server.asked.append({**body, "key": self.headers.get("Authorization")})
        status, reply = Server.replies.pop(0)
        data = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setenv("PINCH_API_KEY", "secret-key")
    monkeypatch.setattr("pinchtune.model.endpoint.PATIENCE", Patience(first_wait=0, tries=3))
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Server.asked = []
    yield EndpointGenerator(
        "pinch", GenerateConfig(endpoint=f"http://127.0.0.1:{server.server_port}/v1", seed=5)
    )
    server.shutdown()
    server.server_close()


def reply(text, reason="stop"):
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": reason}
    return {"choices": [choice], "usage": {"completion_tokens": 3}}


def test_endpoint_answers(endpoint):
    Server.replies = [(200, reply(" こんにちは ", "length"))]
    prompt = Example("次", "無視", "ja", system="s", history=(("q", "a"),))
    answer = endpoint.generate([prompt], 0)[0]
    assert (answer.text, answer.stopped, answer.tokens) == ("こんにちは", False, 3)
    asked = Server.asked[0]
    assert [m["role"] for m in asked["messages"]] == ["system", "user", "assistant", "user"]
    assert (asked["model"], asked["seed"], asked["key"]) == ("pinch", 5, "Bearer secret-key")


def test_endpoint_retries_what_may_pass(endpoint):
    Server.replies = [(503, {}), (429, {}), (200, reply("ok"))]
    assert endpoint.generate([PROMPTS[0]], 0)[0].text == "ok"


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        ([(401, {})], "refused .status 401.; check generate.endpoint"),
        ([(500, {})] * 3, "no answer after 3 tries .status 500."),
        ([(200, {"odd": 1})], "the reply holds no answer"),
    ],
)
def test_endpoint_failures_say_what_to_do_and_keep_the_key_secret(endpoint, replies, message):
    Server.replies = list(replies)
    with pytest.raises(RunError, match=message) as caught:
        endpoint.generate([PROMPTS[0]], 0)
    assert "secret" not in str(caught.value)
