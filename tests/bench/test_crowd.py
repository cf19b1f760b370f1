"""The simulated crowd over HTTP, against a server that is faked at the transport."""

from __future__ import annotations

import json

import httpx

from bench.crowd import People, ask


def test_a_crowd_asks_and_rates():
    scores: dict[str, list[int]] = {"production": [], "candidate": []}
    arms: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        if request.url.path == "/v1/feedback":
            scores[arms[sent["id"]]].append(sent["score"])
            return httpx.Response(200 if len(scores["candidate"]) % 10 else 503)
        assert sent["model"] == "auto" and sent["user"].startswith("user-")
        number = len(arms)
        arms[f"x-{number}"] = ("production", "candidate")[number % 2]
        if number % 50 == 7:
            return httpx.Response(502)
        return httpx.Response(200, json={"id": f"x-{number}", "system_fingerprint": "v1"})

    people = People(languages=("ja",), users=200, content={("ja", "candidate"): 0.95})
    transport = httpx.MockTransport(answer)
    with httpx.Client(transport=transport, base_url="http://server/v1") as client:
        counts = ask(client, people, seconds=60, arm_of=lambda answer: arms[answer["id"]])
    assert counts["asked"] == len(arms) > 200
    assert counts["failed"] > 2 and counts["refused"] > 2
    assert counts["rated"] + counts["refused"] == sum(map(len, scores.values()))
    means = {arm: sum(found) / len(found) for arm, found in scores.items()}
    assert means["candidate"] > means["production"] + 0.5
