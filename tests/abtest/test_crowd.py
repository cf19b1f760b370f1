"""The made-up crowd over HTTP, against a server that is faked at the transport."""

from __future__ import annotations

import json
import math
from collections import Counter

import httpx
import pytest

from pinchtune.abtest.crowd import Crowd, Met, People
from pinchtune.errors import UsageError
from pinchtune.stages.crowd import arms_by_version, send_crowd
from pinchtune.stages.project import Project

QUESTIONS = {"ja": ["何時ですか。", "どこですか。"]}
ARMS = {"v1": "production", "v2": "candidate"}


class Faked:
    """Two versions answer in turn; each tenth rating is refused for now, some answers fail.

    After so many ratings the test is over, and answers are not known any more.
    """

    def __init__(self, ratings: float = math.inf) -> None:
        self.ratings = ratings
        self.versions: dict[str, str] = {}
        self.scores: dict[str, list[int]] = {version: [] for version in ARMS}
        self.asked: Counter[str] = Counter()
        self.tokens: set[int] = set()
        self.limited = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        if request.url.path == "/v1/feedback":
            scores = self.scores[self.versions[sent["id"]]]
            scores.append(sent["score"])
            if sum(map(len, self.scores.values())) > self.ratings:
                return httpx.Response(404, json={"error": {"code": "unknown_id"}})
            return httpx.Response(200 if len(scores) % 10 else 503)
        assert sent["model"] == "auto" and sent["user"].startswith("user-")
        self.tokens.add(sent["max_tokens"])
        self.asked[sent["messages"][0]["content"]] += 1
        number = len(self.versions)
        version = self.versions[f"x-{number}"] = ("v1", "v2")[number % 2]
        if number % 50 == 7:
            return httpx.Response(502)
        return httpx.Response(200, json={"id": f"x-{number}", "system_fingerprint": version})


def send(answer, clients=1, **more) -> Met:
    people = People(languages=("ja",), users=200, content={("ja", "candidate"): 0.95})
    transport = httpx.MockTransport(answer)
    with httpx.Client(transport=transport, base_url="http://server/v1") as client:
        crowd = Crowd(
            client, people, QUESTIONS, **{"seconds": 60.0, **more}, arm_of=lambda v: ARMS[v]
        )
        return crowd.ask(clients)


@pytest.mark.parametrize("clients", [1, 4])
def test_a_crowd_asks_and_rates(clients):
    server = Faked()
    met = send(server, clients)
    assert met.asked == len(server.versions) > 200
    assert met.failed > 2 and met.refused > 2
    assert met.rated + met.refused == sum(map(len, server.scores.values()))
    assert sum(met.versions.values()) == met.asked - met.failed
    means = {version: sum(found) / len(found) for version, found in server.scores.items()}
    assert means["v2"] > means["v1"] + 0.5
    assert set(server.asked) == set(QUESTIONS["ja"]) and min(server.asked.values()) > 50


@pytest.mark.parametrize("clients", [1, 4])
def test_a_crowd_goes_when_the_test_is_over_and_not_for_a_refusal_that_passes(clients):
    server = Faked(ratings=30)
    met = send(server, clients, until_over=True, tokens=99)
    assert server.tokens == {99}
    refused = 30 - met.rated
    assert refused in (2, 3), "each tenth rating of a version is refused for now"
    assert refused < met.refused <= refused + clients
    assert met.asked == len(server.versions) < 80


def test_a_server_that_is_gone_failed():
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    met = send(gone)
    assert met.failed == met.asked > 200 and not met.versions


def test_who_is_told_to_wait_waits_and_has_not_failed():
    server = Faked()

    def slow(request: httpx.Request) -> httpx.Response:
        server.limited += 1
        return httpx.Response(429) if server.limited % 5 == 0 else server(request)

    met = send(slow, pause=0.001)
    assert server.limited > 250 and met.asked == len(server.versions)


def test_a_crowd_that_waits_too_long_goes():
    assert send(lambda request: httpx.Response(429), seconds=0.5) == Met()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx.Response(200, json={"status": "ok"}), "needs a key; put it into the environment"),
        (httpx.Response(404, text="<h1>nothing</h1>"), "no server of pinchtune answers there"),
    ],
)
def test_a_server_that_does_not_tell_its_arms(answer, sentence):
    transport = httpx.MockTransport(lambda request: answer)
    with (
        httpx.Client(transport=transport, base_url="http://server/v1") as client,
        pytest.raises(UsageError, match=sentence),
    ):
        arms_by_version(client)


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"better": "fr"}, "--better: 'fr' is none of es, ja"),
        ({"languages": ("de",)}, "there is no evaluation prompt in 'de'"),
        ({}, "no server of pinchtune answers there; start it with `pinch serve`"),
        ({"url": "nonsense"}, "no server of pinchtune answers there"),
        ({"url": "http://a:b/v1"}, "--url: .http://a:b/v1. is no address"),
    ],
)
def test_what_a_crowd_is_refused(make_project, order, sentence):
    project = Project.open(make_project())
    with pytest.raises(UsageError, match=sentence):
        send_crowd(project, **{"url": "http://127.0.0.1:9/v1", **order})
