from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from served import browse, chat, make_config, make_service
from starlette.testclient import TestClient

from pinchtune.errors import DataError, UsageError
from pinchtune.listening import AccessLog
from pinchtune.serving.app import make_app
from pinchtune.serving.errors import ApiError
from pinchtune.serving.keys import Keys
from pinchtune.serving.limits import Limiter
from pinchtune.serving.making import make_server
from pinchtune.stages.project import Project


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path / "serve.keys.json")


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def test_a_key_is_kept_as_its_hash_alone(keys):
    key = keys.make("chat-window")
    text = keys.path.read_text()
    assert key.startswith("pinch-") and len(key) > 40
    assert key not in text and key.removeprefix("pinch-") not in text
    assert keys.find(f"Bearer {key}").name == "chat-window"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer pinch-no"])
def test_other_headers_are_refused(keys, header):
    keys.make("a")
    with pytest.raises(ApiError) as told:
        keys.find(header)
    assert told.value.status == 401
    assert (b"www-authenticate", b"Bearer") in told.value.headers()


def test_a_running_server_sees_new_and_revoked_keys_at_once(tmp_path, keys):
    with browse(make_service(tmp_path)) as client:
        assert client.get("/v1/models").status_code == 200
        key, other = keys.make("a"), Keys(keys.path).make("b")
        assert client.get("/v1/models").status_code == 401
        assert client.get("/metrics").status_code == 401
        assert client.get("/health").json() == {"status": "ok"}
        arms = client.get("/health", headers=bearer(key)).json()["arms"]
        assert arms == {"production": "v1", "candidate": "v2"}
        for good in (key, other):
            assert client.get("/v1/models", headers=bearer(good)).status_code == 200
        keys.revoke("a")
        reply = client.get("/v1/models", headers=bearer(key))
        assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")
        assert client.get("/v1/models", headers=bearer(other)).status_code == 200
        keys.revoke("b")
        # Without any key left nobody is let in: that is not what it was to have no keys.
        assert client.get("/v1/models").status_code == 401


def test_without_keys_only_this_machine_may_ask(tmp_path):
    service = make_service(tmp_path)
    with browse(service, client=("192.168.1.7", 5)) as client:
        assert client.get("/v1/models").status_code == 401
    with browse(service, base_url="http://evil.example") as client:
        assert client.post("/v1/chat/completions", json=chat()).status_code == 401


@pytest.mark.parametrize("name", ["", "a b", "../a", "a" * 65, "é", "a\n"])
def test_names_of_keys_are_plain(keys, name):
    with pytest.raises(UsageError):
        keys.make(name)


def test_a_name_has_one_key(keys):
    keys.make("a")
    with pytest.raises(UsageError, match="a has a key already"):
        keys.make("a")
    with pytest.raises(UsageError, match="there is no key 'b'; there are: a"):
        keys.revoke("b")


ODD_HOLDER = '{"keys": [{"name": "a", "digest": 5, "made": "é"}]}'


@pytest.mark.parametrize(
    "text", ["{}", '{"keys": [1]}', '{"keys": [{"name": "a"}]}', "x", ODD_HOLDER]
)
def test_a_damaged_file_is_named(keys, text):
    keys.path.write_text(text)
    with pytest.raises(DataError, match=r"serve\.keys\.json"):
        keys.holders()


def test_what_is_done_to_keys_at_once_is_all_done(keys):
    names, together = [f"k{n}" for n in range(8)], Barrier(8)

    def at_once(act):
        def do(name):
            together.wait()
            return act(Keys(keys.path), name)

        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(do, names))

    made = at_once(Keys.make)
    assert [keys.find(f"Bearer {key}").name for key in made] == names
    at_once(Keys.revoke)
    assert keys.holders() == ()


def test_a_file_of_keys_that_goes_away_lets_nobody_in(tmp_path, keys, caplog):
    key = keys.make("a")
    held = keys.path.read_bytes()
    with browse(make_service(tmp_path)) as client:
        assert client.get("/v1/models").status_code == 401
        keys.path.unlink()
        for headers in ({}, bearer(key)):
            assert client.get("/v1/models", headers=headers).status_code == 401
        assert caplog.text.count("serve.keys.json is gone: nobody may ask until it is back") == 1
        keys.path.write_bytes(held)
        assert client.get("/v1/models", headers=bearer(key)).status_code == 200


def test_a_server_that_began_with_keys_stays_closed_before_anybody_asks(tmp_path, keys):
    keys.make("a")
    far = {"url": "http://127.0.0.1:9/v1", "model": "m"}
    config = make_config(arm="far", upstreams={"far": far})
    app = make_server(Project(tmp_path, config))
    keys.path.unlink()
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as client:
        assert client.get("/v1/models").status_code == 401


@pytest.mark.parametrize("damage", ["cut off", "a loop"])
def test_keys_that_cannot_be_read_let_nobody_in_until_they_can(tmp_path, keys, damage, caplog):
    key = keys.make("a")
    held = keys.path.read_bytes()
    with browse(make_service(tmp_path)) as client:
        keys.path.unlink()
        if damage == "a loop":
            keys.path.symlink_to(keys.path.name)
        else:
            keys.path.write_bytes(held[:-5])
        for reply in (
            client.get("/v1/models", headers=bearer(key)),
            client.post("/v1/chat/completions", json=chat(), headers=bearer(key)),
        ):
            assert (reply.status_code, reply.json()["error"]["code"]) == (503, "no_keys")
        assert client.get("/health").json() == {"status": "ok"}
        assert "serve.keys.json" in caplog.text
        keys.path.unlink()
        keys.path.write_bytes(held)
        assert client.get("/v1/models", headers=bearer(key)).status_code == 200


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_minutes_requests_can_come_at_once_and_flow_back_evenly():
    clock = Clock()
    limiter = Limiter(6, 0, clock)

    def taken():
        try:
            with limiter.enter():
                return True
        except ApiError as error:
            assert (error.status, error.code) == (429, "rate_limit_exceeded")
            assert 1 <= error.retry_after <= 10
            return False

    assert [taken() for _ in range(8)] == [True] * 6 + [False] * 2
    clock.now += 10
    assert [taken(), taken()] == [True, False]
    clock.now += 3600
    assert [taken() for _ in range(7)] == [True] * 6 + [False]


def test_a_place_is_free_again_even_after_an_error():
    limiter = Limiter(0, 1)
    with pytest.raises(ZeroDivisionError), limiter.enter():
        with pytest.raises(ApiError, match="1 requests running"), limiter.enter():
            pass
        _ = 1 / 0
    with limiter.enter():
        pass


def test_limits_are_those_of_a_key(tmp_path, keys):
    first, second = keys.make("a"), keys.make("b")
    service = make_service(tmp_path, config=make_config(requests_per_minute=2))
    with browse(service) as client:
        statuses = [
            client.post("/v1/chat/completions", json=chat(), headers=bearer(key)).status_code
            for key in (first, first, first, second)
        ]
        assert statuses == [200, 200, 429, 200]
        reply = client.post("/v1/chat/completions", json=chat(), headers=bearer(first))
        assert int(reply.headers["retry-after"]) > 0
        assert reply.json()["error"]["type"] == "rate_limit_error"


def test_no_key_reaches_the_log_or_the_figures(tmp_path, keys, caplog):
    key = keys.make("a")
    app = AccessLog(make_app(make_service(tmp_path)))
    caplog.set_level("DEBUG")
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for path in ("/v1/models", f"/v1/models?api_key={key}", f"/v1/models/{key}", f"/{key}/x"):
            client.get(path, headers=bearer(key))
        client.post(f"/v1/chat/completions?k={key}", json=chat("no script"), headers=bearer(key))
        client.get("/v1/models", headers={"Authorization": f"Basic {key}"})
        text = client.get("/metrics", headers=bearer(key)).text
    # The log of the client that asks is not ours.
    logged = [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")]
    assert any("/v1/chat/completions 500" in line for line in logged)
    assert not [line for line in (*logged, text) if key in line]
