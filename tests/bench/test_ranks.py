"""Ranks of what is known before tuning beside what was gained."""

from __future__ import annotations

import pytest

from bench.common import ROOT
from bench.ranks import board_of, gains, gifts, rank

FOLDER = ROOT / "docs" / "results" / "experiments-270m"


def test_only_languages_with_both_are_ranked():
    facts = {"es": 0.1, "ru": 0.2, "ja": 0.3, "zh": 0.9}
    gained = {"es": 30.0, "ru": 20.0, "ja": 10.0, "fi": 99.0}
    count, rho, _ = rank(facts, gained)
    assert count == 3 and rho == pytest.approx(-1)


def test_gains_and_gifts_are_those_of_the_stored_tables():
    found = gains(board_of(FOLDER, "dose"), 40)
    assert len(found) == 12 and "en" not in found
    tuned = sum(found[code] for code in ("es", "ru", "ja", "zh")) / 4
    assert f"+{tuned:.1f} " in (FOLDER / "dose" / "tables.md").read_text("utf-8")
    given = gifts(board_of(FOLDER, "transfer"))
    assert set(given) == {"zh", "ja", "fi", "fr", "sw", "he"}
    assert all(91 < value < 97 for value in given.values())
