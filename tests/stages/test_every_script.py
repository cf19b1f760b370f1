"""Rows in any script go through mining, choosing and mixing as they are."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pinchtune
from pinchtune.data.formats import read_examples
from pinchtune.files import read_jsonl
from pinchtune.mining.clean import clean, name_noise, normalise
from pinchtune.model.embed import ScriptedEmbedder

SCRIPTS = {
    "ar": "كيف يمكنني إلغاء طلبي؟",
    "he": "איך אפשר לבטל את ההזמנה שלי?",
    "th": "ฉันจะยกเลิกคำสั่งซื้อได้อย่างไร",
    "ja": "注文を取り消すにはどうすればよいですか。",
    "hi": "मैं अपना ऑर्डर कैसे रद्द करूँ? 👍🏽",
}
EMOJI = "😀🎉👩‍👩‍👧‍👦👍🏽"
NUMBER = itertools.count()


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("mining.engine", "stages.select"):
        name = f"pinchtune.{module}.load_embedder"
        monkeypatch.setattr(name, lambda name: ScriptedEmbedder())


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(extra=st.lists(st.text(min_size=1, max_size=60), max_size=6))
def test_every_enquiry_is_a_candidate_or_counted_as_noise(
    make_project: Callable[..., Path], tmp_path: Path, extra: list[str]
):
    texts = [*SCRIPTS.values(), EMOJI, *extra]
    name = f"mined-{next(NUMBER)}"
    log = write(tmp_path / f"{name}.jsonl", [{"text": text} for text in texts])
    run = pinchtune.mine(pinchtune.Project.open(make_project(name)), [log])
    candidates = [row for _, row in read_jsonl(run.path / "candidates.jsonl")]
    kept = [text for text in texts if not name_noise(clean(text))]
    assert sum(row["count"] for row in candidates) == len(kept)
    assert {normalise(t) for t in (*SCRIPTS.values(), EMOJI)} <= {r["text"] for r in candidates}
    (emoji,) = (row for row in candidates if row["text"] == EMOJI)
    assert emoji["cluster"] >= 0


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip())))
def test_every_example_can_be_chosen_and_mixed(make_project: Callable[..., Path], text: str):
    text = text.encode("utf-8", "replace").decode("utf-8").strip()
    folder = make_project(f"chosen-{next(NUMBER)}")
    rows = [
        {"language": c, "instruction": t, "response": f"{t} {EMOJI}"} for c, t in SCRIPTS.items()
    ]
    rows += [{"language": "ja", "instruction": t, "response": t} for t in {EMOJI, text or EMOJI}]
    write(folder / "data/pinch.jsonl", rows)
    options = [
        "languages.tuned=['ar', 'he', 'th', 'ja', 'hi']",
        "languages.unseen=['es']",
        "mix.dose=5",
        "select.method=facility",
    ]
    project = pinchtune.Project.open(folder, options)
    pool = {e.id: e for e in project.examples("pinch")}
    for id in (e.id for e in pool.values() if e.language == "ja"):
        project = pinchtune.Project.open(folder, [*options, f"select.pinned=['{id}']"])
        pinchtune.mix(project)
        mixed = [r.example for r in read_examples(project.path("mixture", "pinch.jsonl"))]
        chosen = {e.id: e for e in mixed if e.language != "en"}
        assert sorted(e.language for e in chosen.values()) == ["ar", "he", "hi", "ja", "th"]
        assert chosen[id].instruction == pool[id].instruction
        assert chosen[id].response == pool[id].response
