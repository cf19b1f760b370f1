"""The examples of README.md and docs/serving.md, run as they stand there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from served import Recorded, make_service, running

from pinchtune.serving.app import make_app
from pinchtune.serving.arms import ScriptedArm

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / name).read_text("utf-8") for name in ("README.md", "docs/serving.md")}
ANSWERS = {
    "¿Cómo cambio el filtro?": "Cierre la llave y quite la tapa.\n\nDespués, limpie.",
    "フィルターを交換するには？": "栓を閉めて、ふたを外します。",
}
ADDRESS = "http://127.0.0.1:8766"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder, recorded = tmp_path_factory.mktemp("examples"), Recorded()
    service = make_service(folder, [ScriptedArm("production", ANSWERS, "v1")], recorder=recorded)
    with running(make_app(service)) as address:
        yield address, service, recorded


def blocks(page: str, kind: str, words: str) -> list[str]:
    """Return the commands of a page that hold some words, one by one."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGES[page], re.DOTALL | re.MULTILINE)
    return [text for named, text in found if named == kind and words in text]


def paste(command: list[str], text: str) -> str:
    done = subprocess.run([*command, text], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def curl(text: str, address: str) -> str:
    return paste(["bash", "-c"], text.replace(ADDRESS, address).replace("curl ", "curl -sS "))


needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="no curl")


@needs_curl
@pytest.mark.parametrize("page", PAGES)
def test_curl_gets_an_answer(server, page):
    [whole, *_] = blocks(page, "", "/v1/chat/completions")
    reply = json.loads(curl(whole, server[0]))
    assert reply["choices"][0]["message"]["content"] == ANSWERS["¿Cómo cambio el filtro?"]
    assert reply["system_fingerprint"] == "v1"


@needs_curl
def test_curl_gets_a_stream(server):
    _, stream = blocks("docs/serving.md", "", "/v1/chat/completions")
    events = [line[6:] for line in curl(stream, server[0]).splitlines() if line]
    assert events.pop() == "[DONE]"
    parts = [choice["delta"] for event in events for choice in json.loads(event)["choices"]]
    text = "".join(part.get("content") or "" for part in parts)
    assert len(parts) > 3 and text == ANSWERS["¿Cómo cambio el filtro?"]


@needs_curl
def test_curl_sends_feedback_on_the_answer_that_it_got(server):
    address, _, recorded = server
    [ask, *_] = blocks("README.md", "", "curl")
    given = json.loads(curl(ask, address))["id"]
    [say] = blocks("docs/serving.md", "", "/v1/feedback")
    curl(say.replace("chatcmpl-…", given), address)
    assert recorded.opinions[-1] == (given.removeprefix("chatcmpl-"), 4, None, "Right, but long.")


@pytest.mark.parametrize("page", PAGES)
def test_the_official_client_gets_an_answer(server, page):
    [program] = blocks(page, "python", "OpenAI")
    said = paste([sys.executable, "-c"], program.replace(ADDRESS, server[0]))
    assert said.strip() == ANSWERS["フィルターを交換するには？"]


@needs_curl
def test_a_key_opens_the_list_of_models(server):
    """The last one: from the first key on, every request needs one."""
    address, service, _ = server
    key = service.keys.make("chat-window")
    [listing] = blocks("docs/serving.md", "", "$KEY")
    names = [row["id"] for row in json.loads(curl(f"KEY={key}; {listing}", address))["data"]]
    assert "production" in names
    assert "error" in json.loads(curl(f"KEY=wrong; {listing}", address))
