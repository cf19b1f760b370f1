from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import pinchtune
from pinchtune.errors import UsageError
from pinchtune.files import hash_tree, read_json, read_jsonl
from pinchtune.model.embed import ScriptedEmbedder

ASKED = {
    "es": ["¿Cómo puedo cancelar mi pedido {}?", "¿Dónde está el paquete número {}?"],
    "ja": ["{}番の注文を取り消すにはどうすればよいですか。", "{}番の荷物はどこにありますか。"],
    "ar": ["كيف يمكنني إلغاء الطلب رقم {}؟", "أين الطرد رقم {} الآن؟"],
    "en": ["How can I cancel my order number {}?", "Where is the parcel number {} now?"],
}


class Killed(BaseException):
    """What ends a process that is killed."""


class Mortal(ScriptedEmbedder):
    """Dies after some calls."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.calls = calls

    def embed(self, texts):
        self.calls -= 1
        if self.calls < 0:
            raise Killed
        return super().embed(texts)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinchtune.mining.engine.load_embedder", lambda name: ScriptedEmbedder())
    monkeypatch.setattr("pinchtune.stages.mine.CHUNK", 7)
    monkeypatch.setattr("pinchtune.stages.enquirymap.PART", 5)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rng = random.Random(0)
    rows = []
    for n in range(60):
        code = rng.choice(sorted(ASKED))
        word = "".join(rng.choice("bdfgklmnprst") + rng.choice("aeiou") for _ in range(5))
        text = rng.choice(ASKED[code]).format(word)
        rows.append({"text": f"{text} ana{n}@correo.es", "answer": ASKED["en"][0]})
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return path


def test_logs_become_a_map(make_project: Callable[..., Path], log: Path):
    project = pinchtune.Project.open(make_project())
    run = pinchtune.mine(project, [log])
    facts = run.manifest()
    assert facts["enquiries"] == 60 and facts["unread"] == 0
    candidates = [row for _, row in read_jsonl(run.path / "candidates.jsonl")]
    clusters = [row for _, row in read_jsonl(run.path / "clusters.jsonl")]
    assert facts["read"] == 60 == sum(c["count"] for c in candidates)
    assert sum(c["enquiries"] for c in clusters) == 60
    assert [c["id"] for c in candidates] == sorted(c["id"] for c in candidates)
    assert np.load(run.path / "embeddings.npy").shape == (len(candidates), 64)
    assert facts["personal"] == {"e-mail": 60}
    assert candidates[0]["sources"][0].startswith(f"{log}:")
    assert [c["cluster"] for c in clusters] == list(range(len(clusters)))
    asked = [c["enquiries"] for c in clusters]
    assert asked == sorted(asked, reverse=True)
    incidents = [row for _, row in read_jsonl(run.path / "incidents.jsonl")]
    assert {i["language"] for i in incidents} == {"es", "ja", "ar"}
    assert facts["wrong_language"] == len(incidents) >= 25
    everything = "".join(p.read_text("utf-8") for p in run.path.glob("*.json*"))
    assert "@correo" not in everything
    assert read_json(run.path / "summary.json")["candidates"] == len(candidates)


def test_a_stopped_run_goes_on_where_it_was(
    make_project: Callable[..., Path], log: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = pinchtune.mine(pinchtune.Project.open(make_project("whole")), [log])
    project = pinchtune.Project.open(make_project("stopped"))
    mortal = Mortal(2)
    monkeypatch.setattr("pinchtune.mining.engine.load_embedder", lambda name: mortal)
    with pytest.raises(Killed):
        pinchtune.mine(project, [log])
    partial = project.path("mine", "partial")
    stored = {p.name: p.stat().st_mtime_ns for p in partial.glob("embeddings-*")}
    assert len(stored) == 2
    mortal.calls = 1000
    again = pinchtune.mine(project, [log])
    assert hash_tree(again.path, ["*.json*", "*.npy"]) == hash_tree(
        whole.path, ["*.json*", "*.npy"]
    )
    parts = -(-again.manifest()["candidates"] // 5)
    assert 1000 - mortal.calls == parts - 2
    assert not partial.exists()


def test_mined_enquiries_steer_the_choice(
    make_project: Callable[..., Path], log: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pinchtune.stages.select.load_embedder", lambda name: ScriptedEmbedder())
    project = pinchtune.Project.open(make_project(), ["select.method=facility"])
    before = pinchtune.mix(project).manifest()
    pinchtune.mine(project, [log])
    after = pinchtune.mix(project).manifest()
    assert pinchtune.select(project).manifest()["ground"]["mined"]
    assert before["key"] != after["key"]


def test_nothing_to_mine_is_said(make_project: Callable[..., Path], tmp_path: Path):
    project = pinchtune.Project.open(make_project())
    with pytest.raises(UsageError, match=r"nowhere\.csv: does not exist"):
        pinchtune.mine(project, [tmp_path / "nowhere.csv"])
    (tmp_path / "noise.txt").write_text("123\n456\n", "utf-8")
    with pytest.raises(UsageError, match="no enquiry"):
        pinchtune.mine(project, [tmp_path / "noise.txt"])


@pytest.mark.parametrize("text", ["123\n456\n", "Out of office: back on Monday\n", ""])
def test_logs_without_an_enquiry_leave_the_map_as_it_is(
    make_project: Callable[..., Path], log: Path, tmp_path: Path, text: str
):
    project = pinchtune.Project.open(make_project())
    before = hash_tree(pinchtune.mine(project, [log]).path)
    (tmp_path / "noise.txt").write_text(text, "utf-8")
    with pytest.raises(UsageError, match="no enquiry"):
        pinchtune.mine(project, [tmp_path / "noise.txt"])
    assert hash_tree(project.path("mine")) == before


def test_a_log_of_any_name_is_mined(make_project: Callable[..., Path], tmp_path: Path):
    name = os.fsencode(tmp_path) + b"/r\xe9clamations.jsonl"
    with open(name, "wb") as file:
        file.write(b'{"\\ud800": 1, "b": 2}\n{"text": "Where is my order?"}\n')
    run = pinchtune.mine(pinchtune.Project.open(make_project()), [os.fsdecode(name)])
    assert run.manifest()["enquiries"] == run.manifest()["unread"] == 1
