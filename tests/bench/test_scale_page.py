"""docs/scale.md shows what the command prints, and its check is not flattered."""

from __future__ import annotations

from pathlib import Path

from bench.scale import MEASURED, check_table, error, forecast_measured, forecast_table, read

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text("utf-8")


def test_the_page_has_the_tables_of_the_command():
    for table in (check_table(), forecast_table()):
        assert "\n".join(table) in PAGE


def test_the_check_is_beside_the_figures_of_performance_md():
    shown = {f"{case.method} {read(case)[0]['rate']:.0f}" for case in MEASURED}
    assert {"lora 282", "full 163"} <= shown


def test_time_is_foretold_within_a_tenth_and_memory_within_two_fifths():
    for case in MEASURED:
        facts, rate = read(case)
        found = forecast_measured(case, rate, facts["tokens"])
        assert abs(facts["tokens"] / found.seconds / facts["rate"] - 1) < 0.1
        assert 0.6 < found.memory.total / (facts["peak_mb"] * 1e6) < 1.0


def test_errors_are_signed():
    assert (error(90, 100), error(110, 100)) == ("−10 %", "+10 %")
