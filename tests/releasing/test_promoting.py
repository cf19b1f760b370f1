"""Who may promote what, who acted, and which versions can go."""

from __future__ import annotations

import pytest

from made_up_versions import ANA, BEN, make_version
from pinchtune.errors import DataError, UsageError
from pinchtune.releasing.describing import describe_change
from pinchtune.releasing.people import Person, is_same, state_person, state_text
from pinchtune.releasing.registry import PROMOTE, ROLLBACK
from pinchtune.releasing.removing import prune
from pinchtune.releasing.rules import find_objections, remarks


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("go", []),
        ("no-go", ["the decision on v1 is no-go, and go is needed"]),
        ("unclear", ["the decision on v1 is unclear, and go is needed"]),
        ("", ["the decision on v1 is missing, and go is needed"]),
    ],
)
def test_only_go_is_promoted(registry, verdict, said):
    assert find_objections(make_version(registry, "v1", verdict), BEN) == said


@pytest.mark.parametrize(
    "by",
    [
        ANA,
        Person("ana", "other"),
        Person(" ANA ".strip(), ""),
        Person("Ａna"),
        Person("Another name", id="7"),
    ],
)
def test_nobody_promotes_what_they_tuned(registry, by):
    version = make_version(registry, "v1", tuned_by=Person("Ana", "shared", id="7"))
    assert find_objections(version, by) == [
        f"{by.name} tuned it, and another person has to promote it"
    ]


def test_two_names_under_one_account_are_remarked_on(registry):
    version = make_version(registry, "v1")
    assert not find_objections(version, Person("Ben", "shared"))
    [said] = remarks(version, Person("Ben", "shared"))
    assert said == (
        "Ana, who tuned it, and Ben used the same account of the machine (shared): the names are "
        "statements, not proofs"
    )
    assert remarks(version, BEN) == []


def test_a_person_is_stated_or_the_account():
    assert state_person().name == state_person().account != ""
    assert state_person("  Ana \n María ").name == "Ana María"
    assert state_person("نام\u200cها").name == "نام\u200cها"
    assert state_person("x\u202ey\x1b[31m").name == "xy [31m"
    for name in (" \n", "x" * 121, "a\udcff"):
        with pytest.raises(UsageError, match="--by: "):
            state_person(name)
    with pytest.raises(UsageError, match="--why: is longer than 2000 characters"):
        state_text("x" * 2001, "--why")


def test_ids_tell_people_apart_better_than_names():
    assert is_same(Person("A", id="1"), Person("B", id="1"))
    assert not is_same(Person("A", id=""), Person("B", id=""))


def promote(registry, *names, kind="production", action=PROMOTE):
    for name in names:
        registry.point(kind, registry.get(name), action, BEN)


def test_what_can_be_needed_stays(registry):
    for n in range(1, 9):
        make_version(registry, f"v{n}")
    promote(registry, "v1", "v2", "v3", "v4")
    promote(registry, "v3", action=ROLLBACK)
    promote(registry, "v5", "v6", kind="candidate")
    assert prune(registry, 1, BEN, dry=True) == ["v1", "v4", "v7"]
    assert len(registry.names()) == 8
    # v3 answers, v2 is before it; v6 is on trial, v5 before it; v8 is the newest.
    assert prune(registry, 1, BEN) == ["v1", "v4", "v7"]
    assert registry.names() == ["v2", "v3", "v5", "v6", "v8"]
    assert registry.predecessors("production") == ["v2"]
    assert [e["version"] for e in registry.history() if e["action"] == "prune"] == [
        "v1",
        "v4",
        "v7",
    ]
    assert prune(registry, 1, BEN) == []
    with pytest.raises(UsageError, match="a version v7 was there before and was removed"):
        make_version(registry, "v7")


def test_nothing_is_pruned_where_it_is_not_known_what_is_needed(registry):
    for n in range(1, 5):
        make_version(registry, f"v{n}")
    promote(registry, "v1", "v2")
    registry.pointer_path("production").write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        prune(registry, 1, BEN)
    assert len(registry.names()) == 4
    with pytest.raises(UsageError, match="--keep 0: keep at least 1"):
        prune(registry, 0, BEN)


def test_a_change_says_what_is_other(registry):
    rates = {"value": 60.2, "low": 52.4, "high": 68.5, "n": 96}
    old = make_version(registry, "v1", facts={"dose": 40, "languages": {"tuned": ["es", "ja"]}})
    new = make_version(
        registry,
        "v2",
        verdict="unclear",
        facts={"dose": 8, "languages": {"tuned": ["es"]}, "figures": {"seen": rates}},
    )
    lines = describe_change(old, new)
    assert lines[:-1] == [
        "tuned languages: es, ja -> es",
        "examples in other languages than English: 40 -> 8",
        "decision: go -> unclear",
        "win rate in tuned languages: none -> 60 (52 to 68)",
    ]
    assert lines[-1].startswith("made: ")
    assert describe_change(None, new) == []
