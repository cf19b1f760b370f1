"""An arm that was chosen and cannot answer: another one does, it is counted, and told once."""

from __future__ import annotations

from served import ANSWERS, browse, chat, make_service

from pinchtune.serving.arms import ScriptedArm


class Candidate:
    """A router that always chooses the candidate."""

    def route(self, user: str, language: str) -> str:
        return "candidate"


def test_a_chosen_arm_that_is_away_is_told_once_and_counted_each_time(tmp_path, caplog):
    candidate = ScriptedArm("candidate", ANSWERS, "v2")
    arms = [ScriptedArm("production", ANSWERS, "v1"), candidate]
    said = "the A/B test chose candidate, which cannot answer"
    with browse(make_service(tmp_path, arms, router=Candidate())) as client:

        def answered_by(times: int) -> set[str]:
            replies = [client.post("/v1/chat/completions", json=chat()) for _ in range(times)]
            return {reply.json()["system_fingerprint"] for reply in replies}

        candidate.ready = False
        assert answered_by(3) == {"v1"} and caplog.messages.count(said) == 1
        candidate.ready = True
        assert answered_by(1) == {"v2"}
        candidate.ready = False
        assert answered_by(2) == {"v1"} and caplog.messages.count(said) == 2
        assert 'pinch_strays_total{arm="production"} 5.0' in client.get("/metrics").text
