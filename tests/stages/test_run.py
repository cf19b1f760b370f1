from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import pinchtune
from asked import write_mined, write_selection
from pinchtune.data.formats import read_examples
from pinchtune.files import hash_tree, read_json


def run(folder: Path) -> dict:
    return pinchtune.run(pinchtune.Project.open(folder))


def times(folder: Path) -> dict[str, int]:
    files = (folder / "runs").rglob("manifest.json")
    return {p.parent.relative_to(folder / "runs").as_posix(): p.stat().st_mtime_ns for p in files}


def hashes(folder: Path) -> dict[str, str]:
    found = hash_tree(folder / "runs")
    return {
        k: v
        for k, v in found.items()
        if not k.startswith("report/") and not k.endswith("timings.json")
    }


STAGES = {
    "mixture",
    "arms/english",
    "arms/pinch",
    "answers/english",
    "answers/pinch",
    "evaluation",
    "report",
}


def test_whole_circle_then_nothing(make_project: Callable[..., Path]):
    folder = make_project()
    found = run(folder)
    assert found["verdict"] in ("go", "no-go", "unclear")
    assert "<html" in Path(found["report"]).read_text("utf-8")
    before = times(folder)
    assert set(before) == STAGES
    run(folder)
    assert times(folder) == before


def test_the_report_shows_what_was_mined_and_chosen_as_soon_as_it_is(make_project):
    folder = make_project()
    page = Path(run(folder)["report"])
    assert "What people ask" not in page.read_text("utf-8")
    write_mined(folder / "runs")
    write_selection(folder / "runs")
    before = times(folder)
    pinchtune.report(pinchtune.Project.open(folder))
    text = page.read_text("utf-8")
    assert "286 enquiries were mined" in text and "4 of 160 examples were chosen" in text
    changed = {stage for stage, at in times(folder).items() if at != before[stage]}
    assert changed == {"report"}


def test_only_the_wanted_references_are_scored(make_project):
    project = pinchtune.Project.open(make_project(), ["evaluate.references=1"])
    pinchtune.run(project)
    prompts = {e.id: e.language for e in project.evaluation_prompts()}
    lines = project.path("answers", "pinch", "bits.jsonl").read_text("utf-8").splitlines()
    scored = [prompts[json.loads(line)["prompt_id"]] for line in lines]
    assert sorted(scored) == sorted(project.config.languages.evaluated)
    assert len(prompts) > len(scored)


def test_plain_kernels_compute_the_same(make_project, monkeypatch):
    from pinchtune.model import decode
    from pinchtune.training import loop

    folder = make_project()
    quick, plain = (
        pinchtune.Project.open(folder, [f"model.kernels={kind}"]) for kind in ("auto", "plain")
    )
    pinchtune.mix(quick)
    pinchtune.train(quick)
    pinchtune.generate(quick)
    losses = (folder / "runs/arms/pinch/metrics.jsonl").read_text("utf-8")
    answers = (folder / "runs/answers/pinch/answers.jsonl").read_text("utf-8")
    # The plain way must not touch the quick one.
    monkeypatch.delattr(loop, "quicken_norms")
    monkeypatch.delattr(loop, "quicken")
    pinchtune.train(plain)
    again = (folder / "runs/arms/pinch/metrics.jsonl").read_text("utf-8")
    for a, b in zip(losses.splitlines(), again.splitlines(), strict=True):
        first, second = (json.loads(line)["train/loss"] for line in (a, b))
        assert first == pytest.approx(second, abs=1e-4)
    monkeypatch.undo()
    monkeypatch.delattr(decode.Decoder, "decode")
    pinchtune.generate(plain)
    assert (folder / "runs/answers/pinch/answers.jsonl").read_text("utf-8") == answers


def test_one_pinch_row_recomputes_only_what_hangs_on_it(make_project):
    folder = make_project()
    run(folder)
    manifest = read_json(folder / "runs/mixture/manifest.json")
    used = {row["id"] for row in manifest["pinch"]}
    pool = folder / "data/pinch.jsonl"
    examples = [row.example for row in read_examples(pool)]
    lines = pool.read_text("utf-8").splitlines()

    def change(i: int) -> set[str]:
        before = times(folder)
        row = json.loads(lines[i])
        row["response"] += " Sí."
        lines[i] = json.dumps(row, ensure_ascii=False)
        pool.write_text("\n".join(lines) + "\n", "utf-8")
        run(folder)
        return {k for k, t in times(folder).items() if before[k] != t}

    unused = next(i for i, e in enumerate(examples) if e.id not in used)
    assert change(unused) == {"mixture"}
    chosen = next(i for i, e in enumerate(examples) if e.id in used)
    assert change(chosen) == STAGES - {"arms/english", "answers/english"}


def test_same_seed_same_bytes(make_project):
    one, two = make_project("one"), make_project("two")
    run(one), run(two)
    assert hashes(one) == hashes(two)


def test_damaged_file_is_made_again(make_project):
    folder = make_project()
    run(folder)
    before = hashes(folder)
    (folder / "runs/answers/pinch/answers.jsonl").write_text("")
    run(folder)
    assert hashes(folder) == before


def test_manifest_of_the_mixture_proves_what_differs(make_project):
    folder = make_project()
    pinchtune.mix(pinchtune.Project.open(folder))
    manifest = read_json(folder / "runs/mixture/manifest.json")
    english = {r.example.id for r in read_examples(folder / "runs/mixture/english.jsonl")}
    pinch = {r.example.id for r in read_examples(folder / "runs/mixture/pinch.jsonl")}
    assert manifest["examples"]["pinch"] == {"en": 20, "es": 2, "ja": 2}
    assert english - pinch == set(manifest["replaced"])
    assert pinch - english == {row["id"] for row in manifest["pinch"]}
    assert manifest["untouched"]["examples"] == len(english & pinch) == 20
    assert set(manifest["tokens"]["pinch"]) == {"en", "es", "ja"}


def test_exposures_are_counted(make_project):
    folder = make_project(extra="[nothing]\n".replace("[nothing]\n", ""))
    project = pinchtune.Project.open(folder, ["train.epochs=3"])
    pinchtune.mix(project)
    run = pinchtune.train(project, ["pinch"])["pinch"]
    assert sorted(run.manifest()["exposures"].values()) == [3, 3, 3, 3]


class Interrupted(BaseException):
    pass


class Stopper:
    """A progress that breaks off after a number of steps, as a kill would."""

    def __init__(self, after: int) -> None:
        self.left = after

    def task(self, label, total, done=0):
        from contextlib import nullcontext

        return nullcontext(self)

    def advance(self, amount=1, note=""):
        self.left -= 1
        if self.left < 0:
            raise Interrupted

    def say(self, message):
        self.advance()


@pytest.mark.parametrize("seed", [0, 1])
def test_broken_off_anywhere_ends_in_the_same_bytes(make_project, seed):
    whole, cut = make_project("whole"), make_project("cut")
    run(whole)
    rng = random.Random(seed)
    for _ in range(30):
        try:
            pinchtune.run(pinchtune.Project.open(cut), Stopper(rng.randrange(8)))
            break
        except Interrupted:
            continue
    run(cut)
    assert hashes(cut) == hashes(whole)
