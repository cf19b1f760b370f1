"""Pointers, the way back, and a record that is complete as soon as anybody writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from made_up_versions import ANA, BEN, make_version
from pinchtune.config import Config
from pinchtune.errors import DataError, RunError, UsageError
from pinchtune.files import hash_tree
from pinchtune.releasing import Registry
from pinchtune.releasing.names import check_name, is_name
from pinchtune.releasing.registry import PROMOTE, ROLLBACK
from pinchtune.stages.mirror import mirror_versions
from pinchtune.stages.project import Project
from pinchtune.stages.switching import rollback_version


def point(registry: Registry, name: str | None, action: str = PROMOTE, kind="production"):
    return registry.point(kind, registry.get(name) if name else None, action, BEN, "because")


def seen(registry: Registry) -> list[tuple[str, str]]:
    return [(event["action"], event["version"]) for event in registry.history()]


def test_an_empty_registry_has_nothing(registry):
    assert registry.names() == [] and registry.history() == []
    assert registry.pointer("production") is None and registry.predecessors("candidate") == []
    assert not registry.folder.exists()
    with pytest.raises(UsageError, match="no version 'v1'; there are: none yet"):
        registry.get("v1")


def test_a_pointer_names_a_version_and_the_way_back(registry):
    for name in ("v1", "v2", "v3"):
        make_version(registry, name)
        point(registry, name)
    assert registry.pointer("production") == "v3"
    assert registry.predecessors("production") == ["v1", "v2"]
    found = json.loads(registry.pointer_path("production").read_text())
    assert {key: found[key] for key in ("version", "by", "why", "from")} == {
        "version": "v3",
        "by": "Ben",
        "why": "because",
        "from": "v2",
    }
    assert found["since"].endswith("+00:00")
    assert registry.pointer("candidate") is None


def test_rolling_back_twice_goes_back_twice(registry):
    for name in ("v1", "v2", "v3"):
        make_version(registry, name)
        point(registry, name)
    for expected in ("v2", "v1"):
        point(registry, registry.predecessors("production")[-1], ROLLBACK)
        assert registry.pointer("production") == expected
    assert registry.predecessors("production") == []


def test_promoting_an_old_version_again_leads_back_to_the_new_one(registry):
    for name in ("v1", "v2", "v1"):
        if name not in registry.names():
            make_version(registry, name)
        point(registry, name)
    assert registry.predecessors("production") == ["v2"]


def test_what_was_left_by_a_rollback_is_not_on_the_way_back(registry):
    for name in ("v1", "v2", "v3"):
        make_version(registry, name)
        point(registry, name)
    point(registry, "v2", ROLLBACK)
    make_version(registry, "v4")
    point(registry, "v4")
    assert registry.predecessors("production") == ["v1", "v2"]


def test_a_candidate_can_be_withdrawn(registry):
    make_version(registry, "v1")
    point(registry, "v1", kind="candidate")
    point(registry, None, ROLLBACK, kind="candidate")
    assert registry.pointer("candidate") is None
    assert registry.pointer_path("candidate").is_file()


def test_the_history_tells_everything_in_order(registry):
    make_version(registry, "v1")
    point(registry, "v1")
    make_version(registry, "v2", tuned_by=BEN)
    assert seen(registry) == [("add", "v1"), ("promote", "v1"), ("add", "v2")]
    assert [e["by"] for e in registry.history()] == ["Ana", "Ben", "Ben"]
    assert len(registry.history_path.read_text().splitlines()) == 3


def test_what_a_killed_process_did_not_record_is_told_and_written_later(registry):
    make_version(registry, "v1")
    point(registry, "v1")
    registry.history_path.write_text("")
    assert seen(registry) == [("add", "v1"), ("promote", "v1")]
    assert registry.history_path.read_text() == ""
    make_version(registry, "v2")
    lines = [json.loads(line) for line in registry.history_path.read_text().splitlines()]
    assert [(e["action"], e["version"]) for e in lines] == [
        ("add", "v1"),
        ("promote", "v1"),
        ("add", "v2"),
    ]


@pytest.mark.parametrize("rest", [b"", b'{"action": "add", "ver', b"\xff\xfe", b"\0\0\0"])
def test_a_torn_last_line_is_passed_over_and_cut_off(registry, rest):
    make_version(registry, "v1")
    whole = registry.history_path.read_bytes()
    registry.history_path.write_bytes(whole + rest)
    assert seen(registry) == [("add", "v1")]
    point(registry, "v1")
    assert registry.history_path.read_bytes().startswith(whole + b'{"version": "v1"')
    assert seen(registry) == [("add", "v1"), ("promote", "v1")]


def test_a_damaged_line_hides_nothing_else(registry):
    make_version(registry, "v1")
    registry.history_path.write_bytes(b"[1]\n" + registry.history_path.read_bytes())
    first, second = registry.history()
    assert first == {"action": "unreadable", "line": 1} and second["version"] == "v1"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"version": 3}', b'{"version": "../x"}', b"\xff"]
)
def test_a_damaged_pointer_is_told_and_mended_by_the_next_change(registry, content):
    for name in ("v1", "v2"):
        make_version(registry, name)
        point(registry, name)
    registry.pointer_path("production").write_bytes(content)
    with pytest.raises(DataError, match="is damaged; name a version: pinch versions rollback"):
        registry.pointer("production")
    assert registry.predecessors("production") == ["v1"]
    point(registry, "v1", ROLLBACK)
    assert registry.pointer("production") == "v1"


def test_a_version_that_was_changed_meanwhile_is_not_pointed_to(registry):
    old = make_version(registry, "v1")
    path = old.path / "version.json"
    path.write_text(path.read_text().replace('"nothing"', '"other"'))
    with pytest.raises(DataError, match="was changed after it was written"):
        registry.point("production", old, PROMOTE, BEN)
    assert registry.pointer("production") is None


def test_two_changes_at_once_wait_for_each_other(registry, monkeypatch):
    from pinchtune.releasing import locking

    make_version(registry, "v1")
    monkeypatch.setattr(locking, "PATIENCE", 0.05)
    with (
        locking.locked(registry.folder),
        pytest.raises(RunError, match="another command is changing it; try again"),
    ):
        point(registry, "v1")


TRAVERSALS = (
    "..",
    ".",
    "",
    "../v1",
    "v1/..",
    "/etc",
    "v1\n",
    "v1\0",
    "a..b",
    "-v",
    ".v",
    "v.",
    "V1",
    "ｖ1",
    "v1\u202e",
    "production",
    "candidate",
    "c:v1",
    "v\\1",
    "x" * 65,
    "%2e%2e",
)


@pytest.mark.parametrize("name", TRAVERSALS)
def test_names_that_lead_elsewhere_are_refused(registry, name):
    make_version(registry, "v1")
    (registry.folder / "../version.json").write_text("{}")
    for act in (registry.get, registry.verify, registry.path, check_name):
        with pytest.raises(UsageError, match="is no name of a version"):
            act(name)


@pytest.mark.parametrize("name", ["../x", *(name for name in TRAVERSALS if name)])
@pytest.mark.parametrize("kind", ["production", "candidate"])
def test_no_way_back_and_no_mirror_leads_elsewhere(registry, name, kind):
    for version in ("v1", "v2"):
        make_version(registry, version)
        point(registry, version, kind=kind)
    project, before = Project(registry.folder.parent, Config()), hash_tree(registry.folder)
    with pytest.raises(UsageError, match="is no name of a version"):
        rollback_version(project, name, kind, by="Dee", why="burning", smoke=False)
    with pytest.raises(UsageError, match="is no name of a version"):
        mirror_versions(project, "http://127.0.0.1:9", ("v1", name))
    assert hash_tree(registry.folder) == before


@given(name=st.text(st.sampled_from("az09._-/\\ A\n"), min_size=1, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_a_name_stays_in_the_folder(name, tmp_path):
    if is_name(name):
        assert (tmp_path / name).resolve().parent == tmp_path.resolve()
        assert ".." not in name and name == name.lower()


def test_unknown_pointers_are_refused(registry):
    with pytest.raises(UsageError, match=r"unknown pointer '\.\./x'"):
        registry.pointer("../x")


def test_a_pointer_to_a_removed_version_still_tells_its_name(registry):
    import shutil

    version = make_version(registry, "v1", tuned_by=ANA)
    point(registry, "v1")
    shutil.rmtree(version.path)
    assert registry.pointer("production") == "v1" and registry.names() == []
