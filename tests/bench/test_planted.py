"""What the command that plants personal data counts."""

from __future__ import annotations

import json
import random

import pytest

from bench.personal import CARRIERS, ITEMS, SEED, Item, is_whole, main, plant
from pinchtune.data.personal import PersonalFinding


def test_the_items_are_of_all_languages_and_always_the_same():
    items = plant(random.Random(SEED))
    assert len(items) == ITEMS and items == plant(random.Random(SEED))
    assert {item.language for item in items} == set(CARRIERS)
    assert all(item.text in item.sentence for item in items)
    assert 0.25 < sum(item.short for item in items) / ITEMS < 0.5


def test_half_an_item_is_not_found():
    item = Item("en", "phone", "12 34", "call 12 34 now")
    halves = [PersonalFinding("phone", 5, 7, "12"), PersonalFinding("phone", 8, 10, "34")]
    assert not is_whole(item, halves) and not is_whole(item, [])
    assert is_whole(item, [PersonalFinding("phone", 4, 10, " 12 34")])


def test_it_counts_what_is_found_and_what_is_touched(tmp_path, capsys: pytest.CaptureFixture[str]):
    rows = [
        {"id": "a", "instruction": "What is 2 + 2?", "response": "4"},
        {"id": "b", "instruction": "Call +49 30 901820", "response": None},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert main([str(path)]) == 0
    said = capsys.readouterr().out
    found = int(said.split()[1])
    assert found >= 0.98 * ITEMS
    assert "b phone: +49 30 901820" in said and "1 of 2 rows touched (50.00%)" in said
