from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest
from served import chat, wait_for
from upstreams import chunk, stream

from judge_server import serve as far_server
from server import free_port, pinch, run_pinch

FAR = '[serve]\narm = "far"\n[serve.upstreams.far]\nurl = "{}"\nmodel = "m"\n'


@pytest.fixture
def far():
    with far_server() as server:
        server.left = 0
        yield server


@pytest.fixture
def folder(tmp_path, far):
    (tmp_path / "pinch.toml").write_text(FAR.format(far.address))
    return tmp_path


def test_a_key_is_shown_once_and_can_be_revoked(folder):
    made = run_pinch("serve", "key", "window", "-p", str(folder))
    key = made.stdout.strip()
    assert made.returncode == 0 and key.startswith("pinch-")
    listed = run_pinch("serve", "keys", "-p", str(folder), "--json")
    assert [row["name"] for row in json.loads(listed.stdout)] == ["window"]
    assert key not in listed.stdout
    assert run_pinch("serve", "revoke", "window", "-p", str(folder)).returncode == 0
    again = run_pinch("serve", "revoke", "window", "-p", str(folder))
    assert again.returncode == 2 and "there is no key 'window'" in again.stderr


def test_other_machines_need_a_key(folder):
    told = run_pinch("serve", "-p", str(folder), "--host", "0.0.0.0", "--port", "0")
    assert told.returncode == 2
    assert "pinch serve key NAME" in told.stderr and told.stderr.count("\n") == 1


def test_without_a_version_it_says_what_to_do(tmp_path):
    (tmp_path / "pinch.toml").write_text("")
    told = run_pinch("serve", "-p", str(tmp_path), "--port", "0")
    assert told.returncode == 2 and "pinch versions promote" in told.stderr


def test_what_has_begun_is_ended_when_it_is_told_to_stop(folder, far):
    """SIGTERM in the middle of a stream: the stream comes to its end, nothing new is taken."""
    far.script = [stream(*(chunk(f"Wort {i} ") for i in range(20)), pause=0.05)]
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            pinch("serve", "-p", str(folder), "--port", str(port)),
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        said = folder / "log"
        wait_for(lambda: "Serving at" in said.read_text() or process.poll() is not None, 60)
        assert "everybody on this machine" in said.read_text()
        address = f"http://127.0.0.1:{port}/v1/chat/completions"
        wait_for(lambda: answers(port))
        with httpx.stream("POST", address, json=chat(stream=True), timeout=30) as reply:
            parts = reply.iter_raw()
            found = next(parts)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            with pytest.raises(httpx.TransportError):
                httpx.post(address, json=chat(), timeout=5)
            found += b"".join(parts)
        assert b"Wort 19" in found
        assert process.wait(30) == 0
        assert said.read_text().rstrip().endswith("stopped")
    finally:
        process.kill()
        process.wait()


def answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    except httpx.TransportError:
        return False


def test_a_missing_extra_is_named(folder):
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from pinchtune.cli.main import main\n"
        f"sys.argv = ['pinch', 'serve', '-p', {str(folder)!r}]\n"
        "main()"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 2
    assert told.stderr == "pinch: uvicorn is not installed; run: pip install 'pinchtune[serve]'\n"
