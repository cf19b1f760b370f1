"""The judge beside people: references found, votes read the right way round, ties counted half."""

from __future__ import annotations

import json

import pytest

from bench.human_votes import main, others_agree
from pinchtune.files import read_json

GOOD = "Water boils at one hundred degrees at the level of the sea."
OTHER = "Nobody in this village has ever seen an elephant dance."


def row(first, second, votes, instruction="When does water boil?"):
    named = {f"annotator{n}": vote for n, vote in enumerate(votes, 1)}
    return {
        "instruction": f"{instruction} ",
        "input": "",
        "response1": first,
        "response2": second,
        **named,
    }


@pytest.fixture
def run(tmp_path):
    def judge(rows):
        testset, instructions = tmp_path / "testset.json", tmp_path / "instructions.jsonl"
        testset.write_text(json.dumps(rows), "utf-8")
        known = {
            "instruction": "When does water boil?",
            "instances": [{"input": "", "output": GOOD}],
        }
        instructions.write_text(json.dumps(known) + "\n", "utf-8")
        arguments = [str(testset), str(instructions), "--json", str(tmp_path / "found.json")]
        assert main(arguments) == 0
        return read_json(tmp_path / "found.json")

    return judge


def test_votes_and_verdicts_name_the_same_side(run):
    rows = [row(GOOD, OTHER, (1, 1, 2)), row(OTHER, GOOD, (2, 2, 2))]
    found = run(rows)
    assert (found["pairs"], found["instructions"]) == (2, 1)
    assert found["same"]["value"] == 100
    turned = run([row(GOOD, OTHER, (2, 2, 1)), row(OTHER, GOOD, (1, 1, 1))])
    assert turned["same"]["value"] == turned["discounted"]["value"] == 0


def test_a_tie_is_half_an_agreement(run):
    found = run([row(GOOD, OTHER, (0, 0, 0)), row(GOOD, OTHER, (1, 1, 1))])
    assert (found["same"]["value"], found["discounted"]["value"]) == (50, 75)
    assert found["same_where_neither_ties"]["value"] == 100


def test_answers_without_a_reference_and_answers_that_are_numbers(run):
    rows = [row(True, 12, (1, 2, 0)), row(GOOD, OTHER, (1, 1, 1), "Who is the tallest?")]
    assert run(rows)["pairs"] == 1


def test_one_person_beside_the_others():
    assert others_agree((1.0, 1.0, 1.0)) == 1
    assert others_agree((1.0, 1.0, 0.0)) == pytest.approx((0.5 + 0.5 + 0) / 3)
