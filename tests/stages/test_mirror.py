"""The versions in a real MLflow store of files or SQLite; skipped where MLflow is not installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from made_up_versions import BEN, make_version
from pinchtune.errors import MissingExtra, RunError, UsageError
from pinchtune.releasing.registry import PROMOTE, ROLLBACK
from pinchtune.stages.mirror import SEAL, mirror_versions
from pinchtune.stages.project import Project
from pinchtune.stages.versions import open_registry

RATE = {"value": 61.5, "low": 52.0, "high": None, "n": 96}
FACTS = {
    "dose": 40,
    "languages": {"tuned": ["es", "ja"], "unseen": []},
    "figures": {"seen": RATE, "english": None},
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pinch.toml").write_text('name = "Ana\'s: help/desk"\n', "utf-8")
    project = Project.open(folder)
    registry = open_registry(project)
    for name in ("v1", "v2"):
        make_version(registry, name, facts=FACTS)
        registry.point("production", registry.get(name), PROMOTE, BEN)
    return project


@pytest.fixture
def store(tmp_path: Path, monkeypatch):
    """An empty store, and a client of its own to look into it."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow = pytest.importorskip("mlflow")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.chdir(tmp_path)  # artifacts of a store of this kind lie where one works
    return uri, mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


MODEL = "Ana-s- help-desk"


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_versions_are_sent_once_with_their_files_figures_and_aliases(project, store):
    uri, client = store
    sent = mirror_versions(project, uri)
    assert [(row.name, row.is_new) for row in sent] == [("v1", True), ("v2", True)]
    registry = open_registry(project)
    model = client.get_registered_model(MODEL)
    assert {kind: str(n) for kind, n in model.aliases.items()} == {"production": sent[1].number}
    made = client.get_model_version(MODEL, sent[0].number)
    assert made.tags[SEAL] == registry.get("v1").seal
    assert made.tags["pinchtune.decision"] == "go" and made.tags["pinchtune.tuned"] == "es, ja"
    run = client.get_run(made.run_id)
    assert run.data.metrics == {"win_rate.seen.value": 61.5, "win_rate.seen.low": 52.0}
    assert run.info.status == "FINISHED"
    names = {file.path for file in client.list_artifacts(made.run_id)}
    assert names == {"model", "evidence", "version.json"}
    copy = Path(client.download_artifacts(made.run_id, "model/config.json"))
    assert copy.read_text() == (registry.get("v1").model_path / "config.json").read_text()
    assert made.source.endswith("/model")

    assert [row.is_new for row in mirror_versions(project, uri)] == [False, False]
    assert len(client.search_model_versions(f"name = '{MODEL}'")) == 2


@pytest.mark.filterwarnings("ignore")
def test_aliases_follow_the_pointers_and_are_never_read(project, store):
    uri, client = store
    registry = open_registry(project)
    registry.point("candidate", registry.get("v1"), PROMOTE, BEN)
    one, two = mirror_versions(project, uri)
    found = client.get_model_version_by_alias(MODEL, "candidate")
    assert str(found.version) == one.number
    # Somebody moves an alias there: nothing follows, and the next mirror puts it right.
    client.set_registered_model_alias(MODEL, "production", one.number)
    assert registry.pointer("production") == "v2"
    registry.point("candidate", None, ROLLBACK, BEN)
    mirror_versions(project, uri, ("v2",))
    aliases = client.get_registered_model(MODEL).aliases
    assert {kind: str(n) for kind, n in aliases.items()} == {"production": two.number}


@pytest.mark.filterwarnings("ignore")
def test_a_damaged_version_is_not_sent(project, store):
    uri, client = store
    (open_registry(project).get("v2").model_path / "config.json").write_text("{}")
    with pytest.raises(RunError, match=r"v2 is damaged: .*config\.json.*; nothing was sent"):
        mirror_versions(project, uri)
    assert not client.search_registered_models()


@pytest.mark.filterwarnings("ignore")
def test_what_mlflow_does_not_take_is_one_sentence(project, store, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RunError) as told:
        mirror_versions(project, "http://127.0.0.1:9")
    assert str(told.value).startswith("--mlflow: MLflow does not take this (")
    assert "\n" not in str(told.value)


def test_a_password_does_not_belong_into_the_address(project):
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_USERNAME") as told:
        mirror_versions(project, "https://ana:geheim@mlflow.example.org")
    assert "geheim" not in str(told.value)


def test_a_missing_mlflow_is_named(project, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'pinchtune\[mlflow\]'"):
        mirror_versions(project, "sqlite:///x.db")
