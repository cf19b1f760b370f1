"""The plan: its id, what cannot be carried out, a file that was changed."""

from __future__ import annotations

import json

import pytest

from pinchtune.abtest.plan import (
    GUARDS,
    Guard,
    Plan,
    parse_guards,
    parse_plan,
    parse_split,
    read_plan,
    write_plan,
)
from pinchtune.errors import UsageError

ARMS = ("production", "candidate")


def test_a_plan_survives_its_file(tmp_path):
    plan = Plan(ARMS, ("es", "ja"), split=0.9, guards=(Guard("slow", 0.1, "es"),))
    write_plan(tmp_path / "plan.json", plan, 5.0, "Kim")
    found, facts = read_plan(tmp_path / "plan.json")
    assert found == plan and facts["id"] == plan.id and facts["by"] == "Kim"
    assert parse_plan(json.loads(json.dumps(plan.to_json()))) == plan


def test_another_promise_is_another_plan(tmp_path):
    assert Plan(ARMS, ("es",)).id != Plan(ARMS, ("es",), days=59).id
    path = tmp_path / "plan.json"
    write_plan(path, Plan(ARMS, ("es",)), 5.0, "Kim")
    facts = json.loads(path.read_text("utf-8"))
    facts["promised"]["level"] = 0.2
    path.write_text(json.dumps(facts), "utf-8")
    with pytest.raises(UsageError, match="was changed after the test began"):
        read_plan(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"arms": ("one", "one")}, "both are 'one'"),
        ({"languages": ()}, "names none"),
        ({"languages": ("es", "es")}, "stands twice"),
        ({"languages": ("tlh",)}, "tlh"),
        ({"split": 1.0}, "is not between 0 and 1"),
        ({"days": 0}, "--days: 0 is not above 0"),
        ({"level": 0.0}, "--level"),
        ({"satisfaction": 1.0}, "--satisfaction"),
        ({"guards": (Guard("taste", 0.1),)}, "no measure 'taste'"),
        ({"guards": (Guard("slow", -0.1),)}, "slow=-10 is not a number of points"),
        ({"guard_stops": "world"}, "test or language"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(change, sentence):
    with pytest.raises(UsageError, match=sentence):
        Plan(**{"arms": ARMS, "languages": ("es",), **change})


def test_groups_and_guards():
    assert Plan(ARMS, ("es",)).groups == ("es",)
    plan = Plan(ARMS, ("es", "ja"))
    assert plan.groups == ("es", "ja", "all")
    assert [plan.scopes(guard) for guard in GUARDS] == [("es", "ja"), ("all",), ("all",), ()]
    assert plan.watched == 4
    assert Plan(ARMS, ("en", "ja")).watched == 5


def test_split_and_guards_of_the_command_line():
    assert parse_split("90/10") == 0.9
    for bad in ("50", "50/0", "a/b", "1/2/3", "nan/1", "-1/2"):
        with pytest.raises(UsageError, match="--split"):
            parse_split(bad)
    found = {g.measure: g for g in parse_guards(["slow=7.5", "errors=off", "correct=3"])}
    assert found["slow"].limit == 0.075 and "errors" not in found
    assert found["correct"] == Guard("correct", 0.03)
    assert found["satisfaction"].where == "en"
    for bad in ("taste=3", "slow", "slow=much"):
        with pytest.raises(UsageError, match="--guard"):
            parse_guards([bad])
