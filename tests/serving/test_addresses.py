from __future__ import annotations

import json

import pytest
from served import ANSWERS, QUESTION, Recorded, browse, chat, make_config, make_service

from pinchtune.errors import RunError
from pinchtune.serving.arms import ScriptedArm

SPANISH = "¿Dónde está la cebra de ayer?"


class Chooses:
    """A router that says who asked it."""

    def __init__(self, arm):
        self.arm, self.asked = arm, []

    def route(self, user, language):
        self.asked.append((user, language))
        if isinstance(self.arm, Exception):
            raise self.arm
        return self.arm


@pytest.fixture
def recorded():
    return Recorded()


@pytest.fixture
def client(tmp_path, recorded):
    with browse(make_service(tmp_path, recorder=recorded)) as client:
        yield client


def events(reply):
    lines = [line for line in reply.text.split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line[6:]) for line in lines[:-1]]


def test_a_chat(client):
    reply = client.post("/v1/chat/completions", json=chat())
    body = reply.json()
    assert reply.status_code == 200 and body["object"] == "chat.completion"
    assert body["choices"][0]["message"]["content"] == ANSWERS[QUESTION]
    assert body["choices"][0]["finish_reason"] == "stop"
    assert (body["model"], body["system_fingerprint"]) == ("auto", "v1")
    assert body["usage"]["total_tokens"] == sum(
        body["usage"][name] for name in ("prompt_tokens", "completion_tokens")
    )
    assert body["id"] == f"chatcmpl-{reply.headers['x-request-id']}"
    assert reply.headers["cache-control"] == "no-store"


def test_a_chat_as_a_stream(client):
    reply = client.post("/v1/chat/completions", json=chat(stream=True))
    assert reply.headers["content-type"].startswith("text/event-stream")
    found = events(reply)
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in found) == ANSWERS[QUESTION]
    assert {e["object"] for e in found} == {"chat.completion.chunk"}
    assert len({e["id"] for e in found}) == 1


def test_a_completion(client):
    body = client.post("/v1/completions", json={"model": "support", "prompt": QUESTION}).json()
    assert body["object"] == "text_completion"
    assert body["choices"][0]["text"] == ANSWERS[QUESTION]


def test_models(client):
    names = [row["id"] for row in client.get("/v1/models").json()["data"]]
    assert names == ["auto", "support", "production", "candidate"]
    assert client.get("/v1/models/production").json()["id"] == "production"


ODD = ["other", "../production", "..%2f..%2fetc%2fpasswd", "production/../../x", "", "a" * 900]


@pytest.mark.parametrize("name", ODD)
def test_a_model_is_looked_up_by_its_name_alone(client, name):
    assert client.get(f"/v1/models/{name}").status_code in (404, 405)
    reply = client.post("/v1/chat/completions", json=chat() | {"model": name})
    error = reply.json()["error"]
    assert (reply.status_code, error["param"], error["code"]) == (404, "model", "model_not_found")


def test_addresses_that_are_not_there_and_methods_that_are_wrong(client):
    assert client.get("/v1/nothing").json()["error"]["code"] == "not_found"
    assert client.get("/v1/chat/completions").status_code == 405
    assert client.get("/v1/chat/completions").json()["error"]["message"]


def test_only_json_is_taken(client):
    reply = client.post("/v1/chat/completions", content=json.dumps(chat()))
    assert (reply.status_code, reply.json()["error"]["code"]) == (415, "bad_content_type")


def test_an_exchange_is_recorded(client, recorded):
    question = "¿Qué hora es ahora, por favor?"
    id = client.post("/v1/chat/completions", json=chat(question, user="u1")).headers["x-request-id"]
    (found,) = recorded.wait(1)
    assert (found.id, found.user, found.arm, found.version) == (id, "u1", "production", "v1")
    assert (found.language, found.answer_language) == ("es", "en")
    assert (found.question, found.answer) == (question, ANSWERS[question])
    assert found.status == 200 and 0 <= found.first_seconds <= found.seconds < 60
    assert found.tokens == len(ANSWERS[question].split())


def test_the_language_of_answers_is_counted(client):
    for question in ANSWERS:
        client.post("/v1/chat/completions", json=chat(question))
    text = client.get("/metrics").text

    def count(language, outcome):
        labels = f'arm="production",language="{language}",outcome="{outcome}"'
        return f"pinch_answer_languages_total{{{labels}}} 1.0" in text

    assert count("en", "right") and count("es", "right") and count("es", "wrong")
    assert count("unknown", "untold")
    assert 'pinch_requests_total{arm="production",endpoint="chat",status="200"} 4.0' in text


SECRETS = ("hunter2-my-password", "Zebra question", "user-of-mine", "Quagga reply")


def test_no_word_of_a_text_becomes_a_label(tmp_path, recorded):
    """Nor one of an answer, whether it is whole, streamed, or in a wrong language."""
    replies = {SECRETS[1]: f"{SECRETS[3]} that goes on and on", SPANISH: f"{SECRETS[3]} to you"}
    arm = ScriptedArm("production", {**ANSWERS, **replies}, "v1")
    with browse(make_service(tmp_path, [arm], recorder=recorded)) as client:
        _ask_secrets(client)
        text = client.get("/metrics").text
    answers = {exchange.answer for exchange in recorded.wait(5)}
    assert answers >= set(replies.values())
    # A label's value is cut nowhere, so each word of an answer would be seen.
    words = (*SECRETS, *(word for reply in replies.values() for word in reply.split()[:2]))
    assert not [word for word in words if word in text]


def _ask_secrets(client):
    for stream in (False, True):
        for question in (SECRETS[1], SPANISH):
            client.post("/v1/chat/completions", json=chat(question, stream=stream))
    for name in ("model", "user"):
        client.post("/v1/chat/completions", json=chat(SECRETS[1], **{name: SECRETS[2]}))
    client.post(f"/v1/{SECRETS[0]}?key={SECRETS[0]}", json=chat(SECRETS[1]))
    client.post("/v1/feedback", json={"id": SECRETS[0], "thumb": "up", "reason": SECRETS[1]})


def test_feedback_is_handed_on_once_it_names_an_answer(client, recorded):
    reply = client.post("/v1/chat/completions", json=chat()).json()
    recorded.wait(1)
    for body in ({"score": 4, "reason": "Good."}, {"thumb": "down"}):
        told = client.post("/v1/feedback", json={"id": reply["id"], **body})
        assert (told.status_code, told.json()["status"]) == (200, "kept")
    id = reply["id"].removeprefix("chatcmpl-")
    assert recorded.opinions == [(id, 4, None, "Good."), (id, None, "down", "")]
    told = client.post("/v1/feedback", json={"id": "nonsense", "score": 1})
    assert (told.status_code, told.json()["error"]["param"]) == (404, "id")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "id"),
        ({"id": "a"}, "score"),
        ({"id": "a", "score": 6}, "score"),
        ({"id": "a", "score": True}, "score"),
        ({"id": "a", "score": 1, "thumb": "up"}, "score"),
        ({"id": "a", "thumb": "sideways"}, "thumb"),
        ({"id": "a", "score": 1, "reason": "x" * 2001}, "reason"),
        ({"id": "a", "score": 1, "answer": "b"}, "answer"),
    ],
)
def test_feedback_that_cannot_be_is_named(client, body, param):
    reply = client.post("/v1/feedback", json=body)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)


def test_without_a_recorder_no_feedback_is_promised(tmp_path):
    with browse(make_service(tmp_path)) as client:
        reply = client.post("/v1/feedback", json={"id": "a", "score": 1})
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "no_feedback")


def test_a_router_decides_for_whoever_names_no_arm(tmp_path):
    router = Chooses("candidate")
    arms = [ScriptedArm("production", ANSWERS, "v1"), ScriptedArm("candidate", ANSWERS, "v2")]
    with browse(make_service(tmp_path, arms, router=router)) as client:
        reply = client.post("/v1/chat/completions", json=chat(user="u7"))
        assert reply.json()["system_fingerprint"] == "v2"
        named = client.post("/v1/chat/completions", json=chat() | {"model": "production"})
        assert named.json()["system_fingerprint"] == "v1"
    assert router.asked == [("u7", "en")]


@pytest.mark.parametrize("chosen", ["elsewhere", RuntimeError("secret words")])
def test_a_router_that_fails_stops_nobody(tmp_path, caplog, chosen):
    with browse(make_service(tmp_path, router=Chooses(chosen))) as client:
        reply = client.post("/v1/chat/completions", json=chat())
    assert reply.json()["system_fingerprint"] == "v1"
    assert "A/B test" in caplog.text and "secret words" not in caplog.text


def test_a_recorder_that_fails_stops_nobody(tmp_path, caplog):
    class Full:
        def record(self, exchange):
            raise OSError(f"disk full: {exchange.question}")

    with browse(make_service(tmp_path, recorder=Full())) as client:
        assert client.post("/v1/chat/completions", json=chat()).status_code == 200
    assert "could not be kept" in caplog.text and QUESTION not in caplog.text


def test_feedback_that_cannot_be_kept_is_refused_with_a_sentence(tmp_path, caplog):
    class Full:
        def record(self, exchange):
            pass

        def feedback(self, id, **said):
            raise RunError("/secret/journal.db: cannot be written (full)")

    with browse(make_service(tmp_path, recorder=Full())) as client:
        told = client.post("/v1/feedback", json={"id": "x", "score": 5, "reason": QUESTION})
    assert (told.status_code, told.json()["error"]["code"]) == (503, "not_kept")
    assert told.json()["error"]["message"] == "this could not be kept; send it again later"
    assert "journal.db" in caplog.text and QUESTION not in caplog.text


def test_an_arm_that_fails_says_so_in_the_shape_of_errors(client, recorded):
    body = client.post("/v1/chat/completions", json=chat("unscripted"))
    assert (body.status_code, body.json()["error"]["type"]) == (500, "server_error")
    assert recorded.wait(1)[0].status == 500


def test_health_says_whether_the_default_arm_is_ready(tmp_path):
    config = make_config(
        arm="far", upstreams={"far": {"url": "http://127.0.0.1:1/v1", "model": "m"}}
    )
    far = ScriptedArm("far", ANSWERS)
    with browse(make_service(tmp_path, [far], config)) as client:
        assert client.get("/health").json() == {"status": "ok", "arms": {"far": "scripted"}}
        far.ready = False
        assert client.get("/health").status_code == 503
        assert client.post("/v1/chat/completions", json=chat()).status_code == 503
