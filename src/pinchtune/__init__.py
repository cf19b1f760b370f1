"""pinchtune: mix a pinch of multilingual examples in, tune, and see whether it helped.

Each verb of the command line is a function here, with the same name and meaning:

    import pinchtune

    pinchtune.init("support")
    project = pinchtune.Project.open("support")
    decision = pinchtune.run(project)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinchtune.probing.run import probe as probe
    from pinchtune.stages.advise import advise_languages as advise_languages
    from pinchtune.stages.advise import advise_next as advise_next
    from pinchtune.stages.arm import add_arm as add_arm
    from pinchtune.stages.arm import list_arms as list_arms
    from pinchtune.stages.arm import remove_arm as remove_arm
    from pinchtune.stages.benchmark import benchmark as benchmark
    from pinchtune.stages.costs import costs as costs
    from pinchtune.stages.data import check_data as check_data
    from pinchtune.stages.data import export_data as export_data
    from pinchtune.stages.data import import_data as import_data
    from pinchtune.stages.data import list_data as list_data
    from pinchtune.stages.decide import decide as decide
    from pinchtune.stages.doctor import doctor as doctor
    from pinchtune.stages.evaluate import evaluate as evaluate
    from pinchtune.stages.export import export_model as export_model
    from pinchtune.stages.generate import generate as generate
    from pinchtune.stages.init import init as init
    from pinchtune.stages.init_from import init_from as init_from
    from pinchtune.stages.mine import mine as mine
    from pinchtune.stages.mirror import mirror_versions as mirror_versions
    from pinchtune.stages.mix import mix as mix
    from pinchtune.stages.plan import plan as plan
    from pinchtune.stages.preview import preview as preview
    from pinchtune.stages.project import Project as Project
    from pinchtune.stages.report import report as report
    from pinchtune.stages.run import run as run
    from pinchtune.stages.scale import scale as scale
    from pinchtune.stages.select import select as select
    from pinchtune.stages.stage import finish_stage as finish_stage
    from pinchtune.stages.stage import list_stages as list_stages
    from pinchtune.stages.stage import start_stage as start_stage
    from pinchtune.stages.switching import promote_version as promote_version
    from pinchtune.stages.switching import rollback_version as rollback_version
    from pinchtune.stages.train import train as train
    from pinchtune.stages.trainer import export_trainer as export_trainer
    from pinchtune.stages.versions import add_version as add_version
    from pinchtune.stages.versions import list_versions as list_versions
    from pinchtune.stages.versions import prune_versions as prune_versions
    from pinchtune.stages.versions import show_version as show_version
    from pinchtune.stages.versions import verify_versions as verify_versions
    from pinchtune.stages.versions import version_history as version_history

_HOMES = {
    "Project": "project",
    "add_arm": "arm",
    "add_version": "versions",
    "advise_languages": "advise",
    "advise_next": "advise",
    "benchmark": "benchmark",
    "check_data": "data",
    "costs": "costs",
    "decide": "decide",
    "doctor": "doctor",
    "evaluate": "evaluate",
    "export_data": "data",
    "export_model": "export",
    "export_trainer": "trainer",
    "finish_stage": "stage",
    "generate": "generate",
    "import_data": "data",
    "init": "init",
    "init_from": "init_from",
    "list_arms": "arm",
    "list_data": "data",
    "list_stages": "stage",
    "list_versions": "versions",
    "mine": "mine",
    "mirror_versions": "mirror",
    "mix": "mix",
    "plan": "plan",
    "preview": "preview",
    "probe": "probing.run",
    "promote_version": "switching",
    "prune_versions": "versions",
    "remove_arm": "arm",
    "report": "report",
    "rollback_version": "switching",
    "run": "run",
    "scale": "scale",
    "select": "select",
    "show_version": "versions",
    "start_stage": "stage",
    "train": "train",
    "verify_versions": "versions",
    "version_history": "versions",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Import a verb when it is first used, so that `import pinchtune` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pinchtune' has no attribute {name!r}")
    home = _HOMES[name] if "." in _HOMES[name] else f"stages.{_HOMES[name]}"
    return getattr(import_module(f"pinchtune.{home}"), name)
