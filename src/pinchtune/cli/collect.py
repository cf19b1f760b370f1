"""pinch collect: the verbs on examples. Those on people and the database stand in `collectors`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinchtune.cli import collectors
from pinchtune.cli.collectors import Acting, acting
from pinchtune.cli.common import HERE, AsJson, Folder, Overrides, open_project, show
from pinchtune.cli.data import Format

if TYPE_CHECKING:
    from pinchtune.store import Person, Row, Store

app = typer.Typer(
    help="Collect examples from the people in the field, and have them approved.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
collectors.register(app)

Id = Annotated[str, typer.Argument(help="Id of the example (`pinch collect list`).")]
Status = Annotated[str, typer.Option(help="Status: draft, submitted, approved, rejected, or all.")]
Language = Annotated[str, typer.Option(help="Only this language.")]
Revision = Annotated[
    int | None,
    typer.Option(help="Refuse if the example was changed since this revision.", min=0),
]
SHOWN = 60
"""Characters of an instruction in a list."""


@app.command("status")
def status_command(
    folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Say how far each language is: goal, examples by status, the longest waiting."""
    from pinchtune.stages.collect import collection, read_status

    with collection(open_project(folder, overrides)) as store:
        found = read_status(store)
    lines = [_line(row) for row in found["languages"]] or ["nothing is collected yet"]
    show(found, "\n".join(lines), as_json)


def _line(row: dict[str, Any]) -> str:
    goal = f" of {row['goal']}" if row["goal"] else ""
    text = f"{row['language']}: {row['approved']}{goal} approved"
    counts = [(row[name], name) for name in ("submitted", "rejected", "draft")]
    text += "".join(f", {n} {name}" for n, name in counts if n)
    if row["oldest_waiting"]:
        text += f"; the longest waiting since {row['oldest_waiting']:%Y-%m-%d %H:%M} UTC"
    return text


@app.command("list")
def list_command(
    status: Status = "all",
    language: Language = "",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """List examples with their ids, the oldest first."""
    from pinchtune.stages.collect import collection, list_rows

    with collection(open_project(folder, overrides)) as store:
        rows = list_rows(store, status, language)
    lines = [f"{r.id}  {r.language}  {r.status:<9}  {_short(r.text.instruction)}" for r in rows]
    show([_facts(row) for row in rows], "\n".join([*lines, f"{len(rows)} examples"]), as_json)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _facts(row: Row) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(row)


def _tell(row: Row, as_json: bool) -> None:
    show(_facts(row), f"{row.id}: {row.status} (revision {row.revision})", as_json)


def _seen(store: Store, actor: Person, id: str, revision: int | None) -> int:
    """Return the revision that a change is about: the one named, else today's."""
    from pinchtune.store import examples

    return examples.get(store, actor, id).revision if revision is None else revision


@app.command("show")
def show_command(
    id: Id,
    person: Acting,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show an example whole."""
    from pinchtune.store import examples

    with acting(folder, overrides, person) as (store, actor):
        row = examples.get(store, actor, id)
    author = row.author_name or "nobody yet"
    head = f"{row.language}  {row.status}  revision {row.revision}  by {author}"
    reason = f"\n\nsent back: {row.reason}" if row.reason else ""
    show(_facts(row), f"{head}\n\n{row.text.instruction}\n\n{row.text.response}{reason}", as_json)


@app.command("submit")
def submit_command(
    id: Id,
    person: Acting,
    revision: Revision = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Hand a draft to the approvers."""
    from pinchtune.store import examples

    with acting(folder, overrides, person) as (store, actor):
        row = examples.submit(store, actor, id, _seen(store, actor, id, revision))
    _tell(row, as_json)


@app.command("approve")
def approve_command(
    id: Id,
    person: Acting,
    revision: Revision = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Approve what was handed in; never what holds words of one's own."""
    from pinchtune.store import examples

    with acting(folder, overrides, person) as (store, actor):
        row = examples.approve(store, actor, id, _seen(store, actor, id, revision))
    _tell(row, as_json)


@app.command("send-back")
def send_back_command(
    id: Id,
    person: Acting,
    reason: Annotated[str, typer.Option(help="What is to be mended; the author sees it.")],
    revision: Revision = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Give an example back to its author, with a reason."""
    from pinchtune.store import examples

    with acting(folder, overrides, person) as (store, actor):
        row = examples.send_back(store, actor, id, _seen(store, actor, id, revision), reason)
    _tell(row, as_json)


@app.command("assign")
def assign_command(
    id: Id,
    person: Acting,
    to: Annotated[str, typer.Option(help="Name of the author; empty: whoever takes it.")] = "",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Ask an author to write or mend an example."""
    from pinchtune.store import examples, people

    with acting(folder, overrides, person) as (store, actor):
        author = people.find_person(store, to).id if to else None
        row = examples.assign(store, actor, id, author)
    _tell(row, as_json)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="Spreadsheet, or any file of examples.")],
    person: Acting,
    language: Annotated[str, typer.Option(help="Language of the rows, if they declare none.")] = "",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Hand in the examples of a file; nothing is imported twice, exit code 2 if a row is wrong."""
    from pinchtune.errors import BAD_INPUT
    from pinchtune.stages.collect import import_rows

    with acting(folder, overrides, person) as (store, actor):
        done = import_rows(open_project(folder, overrides), store, actor, file, language)
    lines = [f"{p['place']}: {_SAID.get(p['kind'], p['kind'])}" for p in done.problems]
    text = f"{file}: {done.new} submitted, {done.known} known already, {len(lines)} not taken"
    show(done._asdict(), "\n".join([*lines, text]), as_json)
    raise typer.Exit(BAD_INPUT if done.problems else 0)


_SAID = {
    "empty": "instruction or response is empty",
    "long": "is too long",
    "encoding": "holds characters that cannot be stored",
    "formula": "holds a formula; write the text itself",
    "error": "holds an error of the spreadsheet",
    "language": "is of another, or an unknown, language; say --language if you are sure",
    "repeated": "stands in the file already",
    "column": "this column is not known",
    "conversation": "is a conversation; an example is one instruction with one response",
}


@app.command("export")
def export_command(
    path: Annotated[Path, typer.Argument(help="File: jsonl, json, csv, tsv, xlsx or parquet.")],
    status: Status = "approved",
    language: Language = "",
    format: Format = "auto",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Write examples to a file in any format; people are not named in it."""
    from pinchtune.stages.collect import collection, export_rows

    with collection(open_project(folder, overrides)) as store:
        count = export_rows(store, path, format, status, language)
    show({"path": str(path), "examples": count}, f"{path}: {count} examples", as_json)


@app.command("card")
def card_command(
    path: Annotated[Path | None, typer.Argument(help="File (default: print).")] = None,
    locale: Annotated[str, typer.Option(help="Language of the card: en or ja.")] = "en",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Write the dataset card of the approved examples."""
    from pinchtune.stages.collect import collection, write_card

    with collection(open_project(folder, overrides)) as store:
        card = write_card(store, path, locale)
    show({"path": str(path) if path else None, "card": card}, str(path) if path else card, as_json)
