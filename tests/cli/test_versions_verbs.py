"""`pinch versions` as somebody types it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from made_up_versions import BEN, make_version
from pinchtune.errors import BAD_INPUT, DONE, RUN_FAILED
from pinchtune.releasing import Registry
from pinchtune.releasing.registry import PROMOTE


@pytest.fixture
def project(make_project) -> Path:
    folder = make_project()
    registry = Registry(folder / "versions")
    for name in ("v1", "v2"):
        make_version(registry, name)
        registry.point("production", registry.get(name), PROMOTE, BEN, "better")
    make_version(registry, "v3", verdict="no-go")
    return folder


def test_list_and_history(project, pinch):
    told = pinch("versions", "list", "-p", project)
    lines = told.out.splitlines()
    assert told.code == DONE and [line.split()[0] for line in lines] == ["v1", "v2", "v3"]
    assert lines[1].endswith("go  tuned by Ana  [production]")
    told = pinch("versions", "history", "-p", project)
    lines = [line.split("  ", 1)[1] for line in told.out.splitlines()]
    assert lines == [
        "add v1  by Ana",
        "promote production: none -> v1  by Ben; better",
        "add v2  by Ana",
        "promote production: v1 -> v2  by Ben; better",
        "add v3  by Ana",
    ]
    assert len(json.loads(pinch("versions", "history", "--json", "-p", project).out)) == 5


def test_an_empty_project_says_so(make_project, pinch):
    project = make_project()
    assert pinch("versions", "list", "-p", project).out == "there is no version yet\n"
    assert pinch("versions", "history", "-p", project).out == "nothing happened yet\n"
    assert pinch("versions", "verify", "-p", project).code == DONE
    assert not (project / "versions").exists()


def test_promote_and_roll_back(project, pinch):
    told = pinch("versions", "promote", "v3", "--by", "Cy", "--no-smoke", "-p", project)
    assert told.code == BAD_INPUT and told.err.startswith(
        "pinch: v3 cannot be promoted: the decision on v3 is no-go, and go is needed; --override"
    )
    words = ("--by", "Cy", "--override", "a trial\x1b[31m", "--no-smoke", "-q")
    told = pinch("versions", "promote", "v3", *words, "-p", project)
    assert told.code == DONE and told.out.startswith("production: v2 -> v3 by Cy (")
    assert "decision: go -> no-go" in told.out
    told = pinch("versions", "rollback", "--no-smoke", "-q", "-p", project)
    assert told.code == BAD_INPUT and "--why" in told.err
    words = ("--why", "wrong language", "--by", "Dee", "--no-smoke", "-q", "--json")
    told = pinch("versions", "rollback", *words, "-p", project)
    found = json.loads(told.out)
    assert told.code == DONE and (found["before"], found["version"]) == ("v3", "v2")
    history = pinch("versions", "history", "-p", project).out
    assert "rollback production: v3 -> v2  by Dee; wrong language" in history
    assert "override: a trial [31m (the decision on v3 is no-go, and go is needed)" in history


def test_a_rollback_whose_model_cannot_be_asked_is_loud(project, pinch):
    told = pinch("versions", "rollback", "--why", "burning", "-q", "-p", project)
    assert told.code == RUN_FAILED and told.err == ""
    assert "production: v2 -> v1 by " in told.out
    assert "WARNING: v1 answers, but not as at its release:\n  it could not be asked (" in told.out
    assert "production stays v1. Its files are as released, so look for another" in told.out
    assert Registry(project / "versions").pointer("production") == "v1"


def test_verify_names_what_is_wrong(project, pinch):
    told = pinch("versions", "verify", "-p", project)
    assert told.code == DONE
    assert told.out == "".join(
        f"{n}: whole\n" for n in ("v1", "v2", "v3", "production", "candidate")
    )
    os.truncate(project / "versions/v1/model/config.json", 3)
    told = pinch("versions", "verify", "v1", "-p", project)
    assert told.code == RUN_FAILED
    assert told.out == f"v1: {project}/versions/v1/model/config.json: is not what was released\n"
    told = pinch("versions", "rollback", "--why", "x", "--no-smoke", "-q", "-p", project)
    assert told.code == RUN_FAILED and "v1 is damaged: " in told.err


NAMED = {
    "show": (),
    "verify": (),
    "promote": (),
    "add": (),
    "rollback": ("--why", "burning", "--by", "Dee"),
    "mirror": ("--mlflow", "http://127.0.0.1:9"),
}
"""Verbs that take a version's name, and what else they need."""


@pytest.mark.parametrize("name", ["../x", "../v1", "v1/../v2", "/etc/passwd", ".", "V1"])
@pytest.mark.parametrize("verb", NAMED)
def test_no_name_leads_out_of_the_folder(project, pinch, look, verb, name):
    before = look(project)
    told = pinch("versions", verb, name, *NAMED[verb], "-p", project)
    assert told.code == BAD_INPUT and told.err.startswith(
        f"pinch: {name!r} is no name of a version; use up to 64 of a-z and 0-9"
    )
    assert look(project) == before


def test_show_and_prune(project, pinch):
    told = pinch("versions", "show", "v2", "-p", project)
    assert told.code == DONE and "decision: go\n" in told.out and "promote production" in told.out
    told = pinch("versions", "prune", "--keep", "1", "--dry-run", "-p", project)
    assert told.out == "would be removed: none\n"
    registry = Registry(project / "versions")
    registry.point("production", registry.get("v3"), PROMOTE, BEN)
    told = pinch("versions", "prune", "--keep", "1", "--by", "Cy", "-p", project)
    assert told.out == "removed: v1\n" and registry.names() == ["v2", "v3"]
    assert pinch("versions", "prune", "--keep", "0", "-p", project).code == BAD_INPUT
