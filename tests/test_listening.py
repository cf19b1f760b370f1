from __future__ import annotations

import asyncio
import socket

import pytest

from pinchtune.errors import UsageError
from pinchtune.listening import bind, hide_secrets, http_address, is_loopback, listen
from pinchtune.serving.keys import Keys


def test_the_log_holds_no_token():
    assert hide_secrets("/welcome/abc", ("/welcome/",)) == "/welcome/…"
    assert "\n" not in hide_secrets("/a\nINFO forged")
    assert len(hide_secrets("/" + "x" * 9999)) == 200


def test_the_log_holds_no_api_key_wherever_it_stands_in_the_path(tmp_path):
    key = Keys(tmp_path / "serve.keys.json").make("a")
    for path in (f"/v1/models/{key}", f"/{key}", f"/a/{key}/b", f"/{'x' * 180}{key}", f"/\n{key}"):
        assert key[:-30] not in hide_secrets(path)
    assert hide_secrets(f"/v1/models/{key}/x") == "/v1/models/pinch-…/x"
    assert hide_secrets("/v1/models/pinch-support") == "/v1/models/pinch-support"


def test_a_port_that_is_taken_is_named():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UsageError, match=f"port {taken.getsockname()[1]} is taken"),
    ):
        listen("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_addresses(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "example.com"])
def test_addresses_that_others_reach(host):
    assert not is_loopback(host)


def test_an_address_of_version_6_stands_in_brackets():
    assert http_address("::1", 80) == "http://[::1]:80"


def test_small_parts_of_an_answer_are_sent_at_once():
    async def nodelay() -> int:
        set_on: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken = writer.get_extra_info("socket")
            set_on.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen("127.0.0.1", 0) as listener:
            async with await asyncio.start_server(note, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                found = await set_on
                writer.close()
        return found

    assert asyncio.run(nodelay()) != 0


def test_a_port_can_be_taken_before_anybody_is_let_in():
    with bind("127.0.0.1", 0) as taken:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(taken.getsockname())
        taken.listen()
        socket.create_connection(taken.getsockname()).close()
