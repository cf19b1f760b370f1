"""The arithmetic of the benchmark and its tables; nothing is measured here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import pytest

from bench import common, figures, goals, plan, runner, store, table, workload
from bench.bound import (
    Weights,
    answering_work,
    bound,
    count_weights,
    read_shapes,
    scoring_work,
    tuning_work,
)
from pinchtune.records import Example

WEIGHTS = Weights(linear=100, head=1000, adapters=10)


def record(part, competitor, turn, result, options=None):
    return {
        "part": part,
        "competitor": competitor,
        "round": turn,
        "options": options or {},
        "result": result,
    }


def tuned(rate, peak, losses=(2.0, 1.9, 1.8, 1.7)):
    return {"rate": rate, "peak_mb": peak, "seconds": 5, "tokens": 1000, "losses": list(losses)}


def raw(measurements, **facts):
    return {
        "date": "2026-01-02",
        "machine": {
            "processor": "Any",
            "cores": 2,
            "memory_gb": 8.0,
            "instructions": ["avx2"],
            **{"system": "Linux 6", "python": "3.11"},
        },
        "versions": {"own": {"torch": "2"}, "peers": {"trl": "1"}},
        "workload": {
            "model": "tiny",
            "data": "starter set",
            "tune": {"steps": 3, "batch": 8, "tokens": 1000, "targets": 500, "padded": 1100},
            "generate": {
                "prompts": 4,
                **{"languages": 2, "tokens": 40},
                "shortest": 5,
                "longest": 15,
                "new_tokens": 8,
            },
            "score": {"references": 2, "tokens": 60, "targets": 30, "bytes": 90},
        },
        "rounds": 2,
        "candidates": [],
        "measurements": measurements,
        **facts,
    }


MEASURED = [
    record("bound", "machine", 1, {"bfloat16": 4e6, "float32": 1e6, "weights": WEIGHTS._asdict()}),
    record("tune-lora", "pinchtune", 1, tuned(10.0, 100), {"work": "tune", "method": "lora"}),
    record("tune-lora", "pinchtune", 2, tuned(12.0, 110)),
    record("tune-lora", "transformers", 1, tuned(2.0, 400, (2.01, 1.9, 1.8, 1.7))),
    record("tune-lora", "transformers", 2, tuned(2.0, 400)),
    record("tune-lora", "trl", 1, tuned(1.0, 300, (2.5, 1.9, 1.8, 1.7))),
    record("tune-lora", "trl-default", 1, {"error": "was ended by signal 9"}),
    record("tune-lora", "trl-default", 2, tuned(0.1, 900)),
    record("demo", "pinchtune", 1, {"seconds": 500.0, "stages": {"arms/english": 90.0}}),
]


@pytest.fixture
def some():
    return figures.Figures(raw(MEASURED))


def test_lora_has_no_weight_gradient_of_frozen_weights():
    assert tuning_work(WEIGHTS, 10, 4, "lora") == 4 * (100 * 10 + 1000 * 4) + 6 * 10 * 10
    assert tuning_work(WEIGHTS, 10, 4, "full") == 6 * (100 * 10 + 1000 * 4)


def test_answering_takes_the_output_layer_once_a_new_token():
    # Two prompts of 5 tokens with 3 new ones each: the last new token is never fed back.
    assert answering_work(WEIGHTS, 2, 10, 6) == 2 * 100 * (10 + 6 - 2) + 2 * 1000 * 6
    assert scoring_work(WEIGHTS, 10, 4) == 2 * 100 * 10 + 2 * 1000 * 4


def test_bound_of_the_model_of_the_first_measurements():
    # 100 million weights in layers, 262,144 words of 640 values, 70 % targets, 2.37 TFLOP/s.
    model = Weights(linear=100_000_000, head=262_144 * 640, adapters=0)
    found = bound(1000, tuning_work(model, 1000, 700, "lora"), 2.37e12)
    assert found == pytest.approx(2720, rel=0.01)


def test_weights_are_counted_by_their_role():
    shapes = {
        "model.embed_tokens.weight": [50, 8],
        "model.layers.0.q_proj.weight": [16, 8],
        "model.layers.0.norm.weight": [8],
    }
    assert count_weights(shapes, rank=2) == Weights(128, 400, 2 * (16 + 8))
    assert count_weights({**shapes, "lm_head.weight": [60, 8]}, rank=2).head == 480


def test_shapes_come_from_the_header_alone(tmp_path):
    header = json.dumps({"__metadata__": {}, "a.weight": {"dtype": "BF16", "shape": [2, 3]}})
    head = len(header).to_bytes(8, "little") + header.encode()
    (tmp_path / "model.safetensors").write_bytes(head)
    assert read_shapes(tmp_path) == {"a.weight": [2, 3]}


def test_ratios_pair_the_rounds():
    assert figures.pair_ratios({1: 10, 2: 12, 3: 9}, {1: 2, 2: 3}) == [5, 4]
    assert figures.Spread.of([5, 4, 7]) == (4, 5, 7)
    assert figures.Spread.of([]) is None


def test_losses_agree_within_tolerance():
    same = figures.agreement([2.0, 1.9], [2.01, 1.9])
    assert same.holds
    assert same.first == pytest.approx(0.005)
    assert not figures.agreement([2.0], [2.1]).holds
    assert not figures.agreement([2.0, 1.0, 1.0, 1.0], [2.0, 1.2, 1.2, 1.2]).holds
    assert figures.agreement([], [2.0]) is None


def test_failed_measurements_count_nowhere(some):
    assert some.values("tune-lora", "trl-default") == {2: 0.1}
    assert some.ratio("tune-lora", "trl-default") == (120, 120, 120)
    assert some.first("tune-lora", "trl-default")["rate"] == 0.1


def test_best_peers(some):
    assert some.fastest("tune-lora", ("transformers", "trl")) == "transformers"
    assert some.leanest("tune-lora", ("transformers", "trl")) == "trl"
    assert some.fastest("score", ("transformers",)) == ""


def test_goals_are_judged_by_the_median(some):
    assert goals.at_least("a", "b", 5, figures.Spread(4, 4.5, 6))[-1] == "no"
    rows = {(row[0], row[1]): row[3:] for row in goals.goal_rows(some)}
    assert rows["tuning, LoRA r 16", "best peer: transformers"] == ["5.50× [5.00, 6.00]", "yes"]
    assert rows["tuning, LoRA r 16", "TRL as it comes"] == ["120.00×", "yes"]
    memory = rows["peak memory of tuning, LoRA", "leanest of the best peers: trl"]
    assert memory == ["0.33×", "yes"]
    assert rows["whole demo", "–"] == ["8.3 min", "no"]
    assert rows["scoring references", "plain forward, all logits"] == ["not measured", "–"]


def test_share_of_the_bound(some):
    most = 1000 * 4e6 / tuning_work(WEIGHTS, 1000, 500, "lora")
    assert some.bound("tune-lora") == pytest.approx(most)
    assert some.bound_share("tune-lora").middle == pytest.approx(11 / most)


@pytest.mark.parametrize(("last", "word"), [(109, "yes"), (91, "yes"), (111, "no"), (80, "no")])
def test_flat_is_within_a_tenth(last, word):
    assert goals.flatness([100, 105, last], "{:.0f}", "")[1] == word


def test_report_holds_every_table(some):
    text = table.report(some.raw)
    for title in ("Goals", "Tuning, LoRA", "Arithmetic bound", "The demo"):
        assert f"### {title}" in text
    assert "DIFFERS: 25.00%" in text
    assert "agrees: 0.50%" in text
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_report_of_nothing_measured():
    assert "not measured" in table.report(raw([]))


def test_growth_is_ordered_by_size():
    grown = {
        "rate": 100,
        "peak_mb": 900,
        "seconds": 10,
        "cpu_seconds": 19,
        "examples": 4,
        "different_examples": 4,
    }
    found = [
        record("growth", "pinchtune", 1, {**grown, "all_tokens": n, "rates": []}, {"tokens": n})
        for n in (100_000, 10_000)
    ]
    sizes = [r["size"] for r in figures.Figures(raw(found)).growth("tokens")]
    assert sizes == [10_000, 100_000]
    assert "10,000 to 100,000 tokens" in table.report(raw(found))


def test_useful_tokens_end_with_the_end_token():
    assert common.useful_tokens([5, 6, 1, 0, 0], ends=[1]) == 3
    assert common.useful_tokens([5, 6, 7], ends=[1]) == 3
    assert common.before_end([5, 6, 1, 0], ends=[1]) == [5, 6]
    assert common.before_end([5, 6], ends=[1]) == [5, 6]
    result = common.answers_result([[5, 1, 0], [5, 6, 7]], [1], ["a", "b"], seconds=2)
    assert (result["tokens"], result["rate"], result["stopped"]) == (5, 2.5, 1)


def test_the_clock_leaves_out_the_warm_up():
    clock = common.Clock()
    clock.tokens, clock.ends = [50, 50, 10, 30], [0.0, 100.0, 101.0, 104.0]
    clock.losses, clock.peaks = [4, 3, 2, 1], [1, 2, 3, 4]
    clock.cpu = [0.0, 150.0, 152.0, 157.0]
    result = clock.result()
    assert (result["tokens"], result["seconds"], result["rate"]) == (40, 4.0, 10.0)
    assert (result["peak_mb"], result["losses"]) == (4, [4, 3, 2, 1])
    assert result["cpu_seconds"] == 7.0


def test_errors_name_no_folder_of_this_machine():
    text = common.first_line(ValueError(f"{Path.home()}/models/x is bad\nmore"))
    assert text == "ValueError: models/x is bad"


def test_rounds_interleave_competitors():
    parts = [plan.Measurement(p, n, "m", {}) for p, n in (("score", "a"), ("score", "b"))]
    once = plan.Measurement("demo", "a", "m", {})
    found = [(turn, m.competitor) for turn, m in plan.order_rounds([*parts, once], 2)]
    assert found == [(1, "a"), (1, "b"), (1, "a"), (2, "a"), (2, "b")]


def test_every_part_has_a_plan():
    for part in plan.PARTS:
        measured = plan.fixed(part, long=True)
        for name in plan.choosers(part):
            found = plan.candidates(part, name)
            assert len({json.dumps(m.options) for m in found}) == len(found) > 1
        assert measured
        assert measured[0].competitor in (plan.OURS, "machine")


def test_unknown_part_is_one_sentence():
    assert plan.pick_parts("score, tune-lora") == ["tune-lora", "score"]
    with pytest.raises(common.BenchError, match="unknown part 'x'; use some of: bound"):
        plan.pick_parts("x")


def test_store_keeps_the_last_line_and_forgives_a_half_one(tmp_path):
    path = tmp_path / "lines.jsonl"
    first = {"key": "k", "name": "n", "wall": 1.0, "result": {"error": "was killed"}}
    stored = store.Store(path)
    stored.add(first)
    assert stored.find("k") is None
    assert stored.find("k", failures=True) == first
    stored.add({**first, "wall": 2.0, "result": {"rate": 1.0}})
    with path.open("a") as file:
        file.write('{"key": "k", "na')
    again = store.Store(path)
    assert again.find("k")["result"] == {"rate": 1.0}
    assert again.walls == {"n": 2.0}


def test_keys_change_with_what_a_measurement_depends_on():
    ours = plan.Measurement("score", "pinchtune", "ours", {})
    peer = plan.Measurement("score", "transformers", "peer_score", {}, peers=True)
    before = store.Setting(Path("a.json"), source="1", pins="1", threads=0)
    after = store.Setting(Path("a.json"), source="2", pins="1", threads=0)
    assert before.key(ours, 1) != after.key(ours, 1)
    assert before.key(ours, 1) != before.key(ours, 2)
    assert before.key(peer, 1) == after.key(peer, 1)


def test_a_killed_process_is_told_in_one_sentence():
    log = common.ROOT / ".bench/logs/x.txt"
    assert "signal 9 (the memory may be too small" in runner.read_result("", -9, log)["error"]
    assert "exit code 3" in runner.read_result("chatter", 3, log)["error"]
    assert runner.read_result('chatter\n{"rate": 1}', 0, log) == {"rate": 1}


@pytest.mark.parametrize(
    ("seconds", "text"), [(40, "40 s"), (150, "2 min"), (7500, "2 h 5 min"), (5400, "1 h 30 min")]
)
def test_times_in_words(seconds, text):
    assert runner.show_seconds(seconds) == text


def test_languages_take_turns():
    tests = [Example(f"{code}{n}", language=code) for code in ("en", "es") for n in range(3)]
    tests += [Example("ja0", language="ja")]
    order = [e.language for e in workload.take_turns(tests, Random(0))]
    assert order == ["en", "es", "ja", "en", "es", "en", "es"]


def test_missing_data_is_one_sentence(tmp_path):
    with pytest.raises(common.BenchError, match=r"has none of english_train\.jsonl, base\.jsonl"):
        workload.find_data(str(tmp_path))
    english, evaluation = workload.find_data("")
    assert english.name == "base.jsonl"
    assert evaluation.is_dir()


def test_a_copy_of_the_data_is_the_same_workload(tmp_path):
    for name in ("one", "two", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.jsonl").write_text(f"{name == 'other'}\n", "utf-8")
    one, two, other = (workload.path_facts(tmp_path / n) for n in ("one", "two", "other"))
    assert one == two == workload.path_facts(tmp_path / "one" / "rows.jsonl") != other


def test_every_second_of_a_step_has_a_kind():
    from bench.profile import KINDS, REST, kind_of

    assert kind_of("aten::mm") == kind_of("mkldnn::_linear_pointwise") == "products of matrices"
    assert kind_of("aten::_softmax") == "attention"
    assert kind_of("aten::something_new") == REST
    names = [name for kind in KINDS.values() for name in kind]
    assert len(names) == len(set(names))
