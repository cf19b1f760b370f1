"""pinch data import | list | check | export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pinchtune.cli.common import HERE, AsJson, Folder, Overrides, open_project, show
from pinchtune.errors import BAD_INPUT

app = typer.Typer(
    help="Import, list, check and export examples.", no_args_is_help=True, rich_markup_mode=None
)
Format = Annotated[
    str,
    typer.Option(
        help="Shape of the rows: auto, pinchtune, messages, prompt-completion, alpaca, sharegpt."
    ),
]


@app.command("import")
def import_command(
    sources: Annotated[
        list[str], typer.Argument(help="Files, folders, data set ids, or starter:NAME.")
    ],
    into: Annotated[str, typer.Option(help="Data set: base, pinch or evaluation.")],
    format: Format = "auto",
    language: Annotated[str, typer.Option(help="Language of rows that declare none.")] = "",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Add examples to a data set of the project; nothing is imported twice."""
    from pinchtune.stages.data import import_data

    done = import_data(open_project(folder, overrides), sources, into, format, language)
    text = f"{done.path}: {done.new} new, {done.known} known already"
    if done.identified:
        text += f"; language identified in {done.identified} rows"
    show(done._asdict(), text, as_json)


@app.command("list")
def list_command(
    folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """List the data sets with their languages."""
    from pinchtune.stages.data import list_data

    found = list_data(open_project(folder, overrides))
    lines = [
        f"{name}: {facts['examples']} examples in {facts['path']} "
        + " ".join(f"{code} {n}" for code, n in facts["languages"].items())
        for name, facts in found.items()
    ]
    show(found, "\n".join(line.rstrip() for line in lines), as_json)


@app.command("check")
def check_command(
    sets: Annotated[
        list[str] | None, typer.Argument(help="Data sets (default: all).", show_default=False)
    ] = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """List what is wrong with the examples, by file and line; exit code 2 if anything is."""
    from pinchtune.stages.data import check_data

    findings = check_data(open_project(folder, overrides), sets or ())
    lines = [f"{f.path}:{f.line}, {f.field}: {f.kind}: {f.message}" for f in findings]
    text = "\n".join([*lines, f"{len(findings)} findings"])
    show([f._asdict() for f in findings], text, as_json)
    raise typer.Exit(BAD_INPUT if findings else 0)


@app.command("export")
def export_command(
    name: Annotated[str, typer.Argument(help="Data set: base, pinch or evaluation.")],
    path: Annotated[Path, typer.Argument(help="File: jsonl, json, csv, tsv, xlsx or parquet.")],
    format: Format = "auto",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Write a data set to a file in any format."""
    from pinchtune.stages.data import export_data

    where, count = export_data(open_project(folder, overrides), name, path, format)
    show({"path": str(where), "examples": count}, f"{where}: {count} examples", as_json)
