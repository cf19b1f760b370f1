"""The rules of ARCHITECTURE.md, checked."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import pinchtune
from pinchtune.config import Config, Section

ROOT = Path(pinchtune.__file__).parent
REPOSITORY = Path(__file__).parent.parent
LAYERS = (
    ("errors", "records", "config", "files", "languages", "patterns", "progress"),
    ("data", "stats", "store", "drawing", "listening"),
    ("model",),
    (
        "training",
        "evaluation",
        "collecting",
        "selection",
        "mining",
        "advice",
        "releasing",
        "abtest",
        "trainers",
    ),
    ("reporting",),
    ("stages",),
    ("experiments", "probing"),
    ("web", "serving"),
    ("cli",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted(ROOT.rglob("*.py"))
LONGEST_FUNCTION, LONGEST_FILE = 60, 400


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_every_module_has_a_layer():
    assert len(FILES) > 50
    assert {room(p) for p in FILES} - {"__init__"} == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_go_downward(path: Path):
    if room(path) == "__init__":
        return
    for name in imports(path):
        if name.startswith("pinchtune."):
            other = name.split(".")[1]
            allowed = other == room(path) or LEVEL[other] < LEVEL[room(path)]
            assert allowed or LEVEL[other] == LEVEL[room(path)] == 0, f"{path} imports {name}"
        if LEVEL[room(path)] < 2 or room(path) in ("evaluation", "reporting"):
            assert name.split(".")[0] not in ("torch", "transformers", "peft", "accelerate")


def test_no_cycle_in_layer_0():
    graph = {
        name: {
            n.split(".")[1]
            for path in FILES
            if room(path) == name
            for n in imports(path)
            if n.startswith("pinchtune.") and n.split(".")[1] != name
        }
        for name in LAYERS[0]
    }
    while graph:
        leaves = [name for name, below in graph.items() if not below & set(graph)]
        assert leaves, f"cycle among {sorted(graph)}"
        for name in leaves:
            del graph[name]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_sizes(path: Path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


def test_help_is_quick_and_light():
    code = (
        "import sys, time; start = time.perf_counter()\n"
        "from pinchtune.cli.main import app\n"
        "from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = {'torch', 'transformers', 'numpy', 'pydantic', 'datasets', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert min(_help_seconds() for _ in range(5)) < 0.5


def _help_seconds() -> float:
    """Return the processor time of `pinch --help`: the clock would measure the neighbours."""
    before = os.times()
    command = [sys.executable, "-m", "pinchtune.cli", "--help"]
    subprocess.run(command, capture_output=True, check=True)
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def test_every_option_is_read_somewhere():
    source = "".join(p.read_text("utf-8") for p in FILES if room(p) != "config")
    config = "".join(p.read_text("utf-8") for p in FILES if room(p) == "config")
    for name, field in Config.model_fields.items():
        options = type(field.default).model_fields if isinstance(field.default, Section) else [name]
        for option in options:
            read = f".{option}" in source or config.count(f".{option}") > 0 or option == name
            assert read or name == "data", f"{name}.{option} is read nowhere"


def test_every_option_is_explained():
    from pinchtune.stages.init import list_options

    options = list_options()
    assert 30 <= len(options) <= 100
    assert all(facts["about"] for facts in options.values())


def test_exported_names_exist_and_are_documented():
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    for name in pinchtune.__all__:
        assert getattr(pinchtune, name) is not None
    for verb in (
        "init",
        "mine",
        "select",
        "plan",
        "mix",
        "preview",
        "train",
        "generate",
        "evaluate",
        "decide",
        "report",
        "run",
        "doctor",
    ):
        assert f"`pinch {verb}`" in readme
        assert verb in pinchtune.__all__
    collect = import_module("pinchtune.cli.main").app.registered_groups[-1].typer_instance
    for verb in collect.registered_commands:
        assert f"`pinch collect {verb.name}`" in readme
    assert "`pinch web`" in readme
    assert "`pinch serve`" in readme
    for verb in ("languages", "next"):
        assert f"`pinch advise {verb}`" in readme
        assert f"advise_{verb}" in pinchtune.__all__
    for verb, function in (
        ("list", "list_stages"),
        ("start", "start_stage"),
        ("finish", "finish_stage"),
    ):
        assert f"`pinch stage {verb}`" in readme
        assert function in pinchtune.__all__
    for verb in ("import", "list", "check", "export"):
        assert f"`pinch data {verb}`" in readme
        assert f"{verb}_data" in pinchtune.__all__


def test_the_verbs_of_releasing_are_documented_functions():
    page = (REPOSITORY / "docs" / "releasing.md").read_text("utf-8")
    groups = import_module("pinchtune.cli.main").app.registered_groups
    [versions] = [group.typer_instance for group in groups if group.name == "versions"]
    functions = {"list": "list_versions", "verify": "verify_versions", "prune": "prune_versions"}
    functions |= {"history": "version_history", "mirror": "mirror_versions"}
    for verb in versions.registered_commands:
        assert f"`pinch versions {verb.name}`" in page
        name = functions.get(str(verb.name), f"{verb.name}_version")
        assert name in pinchtune.__all__ and f"`{name}`" in page.replace("pinchtune.", "")
    assert "`pinch export`" in page and "export_model" in pinchtune.__all__


def is_group(verb: object) -> bool:
    """True of a verb with verbs of its own."""
    return hasattr(verb, "commands")


def test_command_line_is_the_recorded_one():
    from typer.main import get_command

    from pinchtune.cli.main import app

    command = get_command(app)
    found = {}
    inner = {f"{name} ": verb for name, verb in command.commands.items() if is_group(verb)}
    for prefix, group in {"": command, **inner}.items():
        for name, verb in group.commands.items():
            if not is_group(verb) or verb.invoke_without_command:
                flags = [p.opts[0] for p in verb.params if p.param_type_name == "option"]
                found[prefix + name] = sorted(f for f in flags if f != "--help")
    recorded = json.loads(Path(__file__).with_name("options.json").read_text("utf-8"))
    assert found == recorded, "a new flag is a decision: record it in tests/options.json"


def test_no_lock_file_and_no_machine_path():
    names = {p.name for p in REPOSITORY.iterdir()}
    assert not names & {"uv.lock", "poetry.lock", "package-lock.json"}
