"""What a finished choice tells people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asked import RUN, write_selection
from pinchtune.selection.outcome import read_outcome


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_selection(tmp_path)


def test_the_choice_is_read_with_its_reasons(folder, tmp_path):
    outcome = read_outcome(folder)
    assert [p.rank for p in outcome.picks] == [1, 2, 3, 4] and outcome.method == "facility"
    first = outcome.picks[0]
    assert first.why("ja")[1] == "ja" and first.why("ja")[0].startswith("選ばれた例")
    assert first.why("ar") == first.why("en") and first.why("ar")[1] == "en"
    assert outcome.gaps[0].language == "ar" and outcome.gaps[0].group == 1
    assert read_outcome(tmp_path / "nowhere") is None


def test_what_is_compared_leaves_the_choice_itself_out(folder):
    outcome = read_outcome(folder)
    assert outcome.ways == {"spread": 0.37, "cluster": 0.36, "longest": 0.3}
    assert outcome.gain == pytest.approx(0.412 / 0.35 - 1)


def test_groups_are_counted_for_the_run_that_numbered_them(folder):
    outcome = read_outcome(folder)
    assert outcome.count_groups(RUN) == {0: 2, 2: 1, 3: 1}
    assert outcome.count_groups("another") is None
    assert read_outcome(write_selection(folder.parent, "")).count_groups("") is None


def test_a_choice_of_an_older_version_is_read(folder):
    manifest = folder / "manifest.json"
    facts = json.loads(manifest.read_text("utf-8"))
    del facts["ground"]["run"]
    manifest.write_text(json.dumps(facts), "utf-8")
    for name, gone in (
        ("selection.jsonl", "cluster"),
        ("selection.jsonl", "reason_alone"),
        ("selection.jsonl", "quoted_language"),
        ("gaps.json", "language"),
        ("manifest.json", "enquiries"),
    ):
        path = folder / name
        path.write_text(path.read_text("utf-8").replace(f'"{gone}"', '"unknown"'), "utf-8")
    outcome = read_outcome(folder)
    assert outcome.mined == "" and outcome.picks[0].group is None
    assert outcome.gaps[0].language == "" and outcome.enquiries == 9
    told = outcome.picks[0].why("en", quoted=False)[0]
    assert told and told != outcome.picks[0].why("en")[0]
