"""pinch init: make a project folder, with the starter set or empty."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pinchtune.config import CONFIG_NAME, Config, Section
from pinchtune.errors import UsageError
from pinchtune.files import write_text

PARALLEL_SETS = ("pinch", "evaluation")
STARTER = "starter:"
"""What the name of a set of the starter set begins with, where a source of examples is named."""

TOML = """\
# pinchtune project. Every option and its default: `pinch init --options`.
name = "{name}"

[model]
base = {base}

[languages]
tuned = [{tuned}]
unseen = [{unseen}]
"""
PILOT = """
# Fewer examples and short answers keep the first run quick; remove these for your own work.
[mix]
budget = 256
[train]
validate_every = 0
[generate]
max_new_tokens = 48
[evaluate]
references = 12
"""


def init(folder: str | Path, starter: bool = True) -> Path:
    """Make `folder` a project and return its pinch.toml; UsageError if it is one already."""
    text = head_of_toml(Path(folder), Config())
    if not starter:
        return make_project(folder, text, {})
    return make_project(folder, text + PILOT, starter_files())


def make_project(folder: str | Path, text: str, data: Mapping[str, str]) -> Path:
    """Write pinch.toml and data files; UsageError if there is a project, or somebody's data."""
    folder = Path(folder)
    path = folder / CONFIG_NAME
    if path.exists():
        raise UsageError(f"{path}: exists already; choose another folder")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; choose another name")
    for name, written in data.items():
        _refuse_other(folder / "data" / name, written)
    for name, written in data.items():
        write_text(folder / "data" / name, written)
    write_text(path, text)
    return path


def _refuse_other(path: Path, text: str) -> None:
    """Raise UsageError if `path` holds anything else than `text`: it is somebody's work."""
    if path.exists() and (path.is_dir() or path.read_bytes() != text.encode()):
        raise UsageError(
            f"{path}: exists already; use --empty to keep it, or choose another folder"
        )


def starter_files() -> dict[str, str]:
    """Return {file name: text} of the starter set, the languages of each set joined."""
    root = files("pinchtune") / "starter"
    texts = {"base.jsonl": (root / "base.jsonl").read_text("utf-8")}
    for name in PARALLEL_SETS:
        rows = sorted((root / name).iterdir(), key=lambda p: p.name)
        texts[f"{name}.jsonl"] = "".join(row.read_text("utf-8") for row in rows)
    return texts


def starter_source(source: str | Path) -> str | Path:
    """Return where `starter:NAME` lies; any other source is returned as it is."""
    if not str(source).startswith(STARTER):
        return source
    name, root = str(source).removeprefix(STARTER), files("pinchtune") / "starter"
    names = sorted(p.name.partition(".")[0] for p in root.iterdir() if p.name != "README.md")
    if name not in names:
        known = ", ".join(f"{STARTER}{n}" for n in names)
        raise UsageError(f"there is no starter set {name!r}; use one of: {known}")
    folder = Path(str(root / name))
    return folder if folder.is_dir() else folder.with_suffix(".jsonl")


def head_of_toml(folder: Path, config: Config) -> str:
    """Return the beginning of a pinch.toml: name, base model and languages."""

    def quote(codes: tuple[str, ...]) -> str:
        return ", ".join(f'"{code}"' for code in codes)

    safe = folder.resolve().name.replace("\\", "").replace('"', "")
    languages, base = config.languages, json.dumps(config.model.base, ensure_ascii=False)
    tuned, unseen = quote(languages.tuned), quote(languages.unseen)
    return TOML.format(name=safe, base=base, tuned=tuned, unseen=unseen)


def list_options() -> dict[str, dict[str, Any]]:
    """Return {section.key: {default, about}} of every option of pinch.toml."""
    found: dict[str, dict[str, Any]] = {}
    for name, field in Config.model_fields.items():
        default = field.default
        if not isinstance(default, Section):
            found[name] = {"default": default, "about": "Name of the project, as reports show it."}
            continue
        abouts = _field_docs(type(default))
        values = default.model_dump(mode="json")
        found |= {f"{name}.{k}": {"default": v, "about": abouts[k]} for k, v in values.items()}
    return found


def _field_docs(section: type[Section]) -> dict[str, str]:
    """Return the sentence under each field, read from the source, where it is stated once."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(section))).body[0]
    docs: dict[str, str] = {}
    last = ""
    for node in getattr(tree, "body", []):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
        elif last and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docs[last] = " ".join(str(node.value.value).split())
            last = ""
    return docs
