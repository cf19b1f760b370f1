"""A test in use, over HTTP: two arms, sticky users, feedback, the kill switch, a guard."""

from __future__ import annotations

import time

import httpx
import pytest
from served import ANSWERS, Recorded, browse, chat, make_config, make_service, running, wait_for

from pinchtune.abtest.analysis import analyse
from pinchtune.abtest.course import current_folder
from pinchtune.abtest.journal import Keeping
from pinchtune.abtest.live import Live
from pinchtune.abtest.plan import Plan
from pinchtune.abtest.poor import find_poor
from pinchtune.abtest.running import open_test, start_test
from pinchtune.serving.app import make_app
from pinchtune.serving.arms import ScriptedArm
from pinchtune.stages.crowd import arms_by_version

SPANISH = "¿Cuál es el color del cielo?"
USERS = [f"user-{n}" for n in range(24)]
ARMS = ("production", "candidate")
UNLIMITED = make_config(requests_per_minute=0)


@pytest.fixture
def live(tmp_path):
    found = Live(tmp_path)
    yield found
    found.close()


@pytest.fixture
def client(tmp_path, live):
    arms = [ScriptedArm(name, ANSWERS, name) for name in ARMS]
    service = make_service(tmp_path, arms, UNLIMITED, router=live, recorder=live)
    with browse(service) as found:
        yield found


def ask(client, user, question=SPANISH):
    reply = client.post("/v1/chat/completions", json=chat(question, model="auto", user=user))
    assert reply.status_code == 200
    return reply.json()


def arms_of(client, question=SPANISH):
    return [ask(client, user, question)["system_fingerprint"] for user in USERS]


def begin(folder, live):
    start_test(folder, Plan(ARMS, ("es",)), "Ada")
    live.tend()


def test_users_get_their_arm_while_a_test_runs_and_the_usual_one_before_and_after(
    tmp_path, live, client
):
    assert set(arms_of(client)) == {"production"}
    begin(tmp_path, live)
    dealt = arms_of(client)
    assert set(dealt) == set(ARMS) and dealt == arms_of(client)
    assert set(arms_of(client, "What is the time, please?")) == {"production"}
    running = open_test(tmp_path)
    running.stop("enough", "Kim")
    running.close()
    assert set(arms_of(client)) == {"production"}


def test_feedback_is_kept_with_the_arm_that_answered(tmp_path, live, client):
    begin(tmp_path, live)
    answers = {user: ask(client, user) for user in USERS}
    for answer in answers.values():
        score = 5 if answer["system_fingerprint"] == "candidate" else 2
        reply = client.post("/v1/feedback", json={"id": answer["id"], "score": score})
        assert reply.status_code == 200
    unknown = client.post("/v1/feedback", json={"id": "nothing", "score": 5})
    assert unknown.status_code == 404
    test = open_test(tmp_path)
    counts = analyse(test.folder, time.time())["counts"]
    test.close()
    assert counts["feedback"] == counts["counted"] == len(USERS)


ELSEWHERE = {
    "another language of the project": "The sky is blue when the sun is out, as everybody knows.",
    "none of its languages": "하늘은 해가 나면 파란색이고 저녁에는 붉은색으로 바뀝니다.",
    "a mixture that is no language": "El cielo ist blue のでعربي небо γαλάζιος azul 하늘 ฟ้า",
}


@pytest.mark.parametrize("words", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_guard_gives_everybody_the_first_arm_again(tmp_path, words):
    stopped = []
    keeping = Keeping(text=True)
    live = Live(tmp_path, keeping, on_stop=stopped.append, check_seconds=0.0)
    arms = [
        ScriptedArm("production", ANSWERS, ARMS[0]),
        ScriptedArm("candidate", {SPANISH: words}, ARMS[1]),
    ]
    service = make_service(tmp_path, arms, UNLIMITED, router=live, recorder=live)
    begin(tmp_path, live)
    with browse(service) as client:
        for n in range(400):
            ask(client, f"crowd-{n}")
            if stopped:
                break
        wait_for(lambda: bool(stopped))
        assert set(arms_of(client)) == {"production"}
    live.close()
    assert stopped[0].startswith("guard wrong-language: 100.0 % against 0.0 % in Spanish")
    poor = find_poor(current_folder(tmp_path) / "journal.db")
    assert poor and {(row["answer"], *row["poor"]) for row in poor} == {(words, "wrong-language")}


def test_the_server_lets_the_test_be_looked_at_whether_anybody_asks_or_not(tmp_path, caplog):
    class Looks(Recorded):
        looks = 0

        def look(self):
            self.looks += 1
            raise OSError("the words of a customer")

    recorded = Looks()
    with browse(make_service(tmp_path, recorder=recorded)):
        wait_for(lambda: recorded.looks > 1)
    assert "could not be looked at" in caplog.text and "customer" not in caplog.text


def test_a_crowd_learns_from_the_server_which_arm_a_version_is(tmp_path):
    arms = [ScriptedArm(name, ANSWERS, f"{name[0]}1") for name in ARMS]
    with (
        running(make_app(make_service(tmp_path, arms))) as address,
        httpx.Client(base_url=f"{address}/v1/") as client,
    ):
        assert arms_by_version(client) == {"p1": "production", "c1": "candidate"}
