"""pinch versions mirror: the versions as an MLflow model registry shows them. It goes one way.

Nothing is read back: the pointers stand in `versions/`, and whatever somebody changes in MLflow
changes nothing here. A version that is there already is not sent again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from pinchtune.errors import MissingExtra, RunError, UsageError
from pinchtune.progress import Progress, Silent
from pinchtune.releasing import Registry, Version
from pinchtune.releasing.names import KINDS
from pinchtune.stages.project import Project
from pinchtune.stages.versions import open_registry

if TYPE_CHECKING:
    from mlflow import MlflowClient

SEAL = "pinchtune.seal"
"""Tag that says which release a model version is."""
_UNFIT = re.compile(r"""[/:'"`\\]""")
"""What MLflow takes in no name, or in no filter."""


class Mirrored(NamedTuple):
    """A version and its place in MLflow."""

    name: str
    number: str
    """Number of the model version there."""
    is_new: bool
    """False if it was there before."""


def mirror_versions(
    project: Project,
    uri: str,
    names: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> list[Mirrored]:
    """Register versions, all if none is named, in the MLflow server at `uri`.

    Each becomes a run with its files, figures and tags, and a version of the model that is called
    as the project is; what the pointers name gets their names as aliases.
    """
    registry, progress = open_registry(project), progress or Silent()
    versions = [_whole(registry, name) for name in names or registry.names()]
    model = _UNFIT.sub("-", project.config.name)
    with _mlflow(uri) as client:
        known = _known(client, model)
        found = []
        for version in versions:
            is_new = version.seal not in known
            if is_new:
                progress.say(f"sending {version.name}")
                known[version.seal] = _send(client, model, version)
            found.append(Mirrored(version.name, known[version.seal], is_new))
        _set_aliases(client, model, registry, known)
    return found


def _whole(registry: Registry, name: str) -> Version:
    if problems := registry.verify(name):
        raise RunError(f"{name} is damaged: {problems[0]}; nothing was sent")
    return registry.get(name)


@contextmanager
def _mlflow(uri: str) -> Iterator[MlflowClient]:
    """Yield MLflow's client; what it says of an error is told without the address."""
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https") and "@" in parts.netloc:
        raise UsageError(
            "--mlflow: leave user and password out of the address; MLflow reads them from "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "mlflow", "mlflow") from error
    try:
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except MlflowException as error:
        said = (str(error).strip().splitlines() or ["it did not say why"])[0].replace(uri, "it")
        raise RunError(f"--mlflow: MLflow does not take this ({said}); see that it runs") from error


def _known(client: MlflowClient, model: str) -> dict[str, str]:
    """Return {seal: number} of the versions that the model has; make the model if need be."""
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model, description="Versions of pinchtune, mirrored.")
    found = client.search_model_versions(f"name = '{model}'")
    return {row.tags[SEAL]: str(row.version) for row in found if SEAL in row.tags}


def _send(client: MlflowClient, model: str, version: Version) -> str:
    """Send a version's files and figures, then register it; return its number."""
    experiment = client.get_experiment_by_name(model)
    place = experiment.experiment_id if experiment else client.create_experiment(model)
    tags = _tags(version)
    run = client.create_run(place, run_name=version.name, tags=tags)
    for name, value in _figures(version):
        client.log_metric(run.info.run_id, name, value)
    client.log_artifacts(run.info.run_id, str(version.path))
    client.set_terminated(run.info.run_id)
    made = client.create_model_version(
        model,
        source=f"{run.info.artifact_uri}/model",
        run_id=run.info.run_id,
        tags=tags,
        description=f"{version.name} of pinchtune",
    )
    return str(made.version)


def _tags(version: Version) -> dict[str, str]:
    facts, languages = version.facts, version.facts.get("languages", {})
    found = {
        "version": version.name,
        "base": version.base,
        "method": version.method,
        "decision": version.verdict or "none",
        "arm": str(facts.get("arm", "")),
        "dose": str(facts.get("dose", "")),
        "tuned": ", ".join(languages.get("tuned", ())),
    }
    return {SEAL: version.seal, **{f"pinchtune.{name}": text for name, text in found.items()}}


def _figures(version: Version) -> Iterator[tuple[str, float]]:
    """Yield the win rates and their intervals, as far as they are known."""
    for group, rate in version.facts.get("figures", {}).items():
        for key in ("value", "low", "high"):
            if rate and rate[key] is not None:
                yield f"win_rate.{group}.{key}", float(rate[key])


def _set_aliases(
    client: MlflowClient, model: str, registry: Registry, known: dict[str, str]
) -> None:
    """Give what the pointers name their names, and take them from what they name no more."""
    for kind in KINDS:
        name = registry.pointer(kind)
        number = known.get(registry.get(name).seal) if name else None
        if number:
            client.set_registered_model_alias(model, kind, number)
        elif kind in client.get_registered_model(model).aliases:
            client.delete_registered_model_alias(model, kind)
