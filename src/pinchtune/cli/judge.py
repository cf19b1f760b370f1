"""pinch judge: answers go before people, and what they said comes back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinchtune.cli.collectors import Acting, acting
from pinchtune.cli.common import HERE, AsJson, Folder, Overrides, open_project, show

if TYPE_CHECKING:
    from pinchtune.store.rounds import Round

app = typer.Typer(
    help="Let people judge the answers, blind, in `pinch web`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("open")
def open_command(
    person: Acting,
    language: Annotated[
        list[str] | None, typer.Option(help="Only this language; may be repeated.")
    ] = None,
    prompts: Annotated[int, typer.Option(help="Questions a language; 0 takes all.", min=0)] = 0,
    mode: Annotated[
        str | None,
        typer.Option(help="pairs: side by side; grades: excellent, pass or fail, one by one."),
    ] = None,
    raters: Annotated[int | None, typer.Option(help="People who judge each.")] = None,
    share: Annotated[
        float | None, typer.Option(help="Share (0 to 1) that one person more judges.")
    ] = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Open a round over the finished answers; for administrators."""
    from pinchtune.stages.people import gather, name_answers
    from pinchtune.store import rounds

    project = open_project(folder, overrides)
    # What is not said is the store's to decide, and it refuses a mode that there is not.
    said: dict[str, Any] = {"mode": mode, "raters": raters, "share": share}
    said = {name: value for name, value in said.items() if value is not None}
    with acting(folder, overrides, person) as (store, actor):
        found = gather(project, language or (), prompts)
        made = rounds.open_round(store, actor, found, name_answers(project), **said)
    show(asdict(made), f"{made.id}: opened\n{_lines(made)}", as_json)


@app.command("status")
def status_command(
    folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Say how far each round is, by language."""
    from pinchtune.stages.collect import collection
    from pinchtune.stages.people import is_stale
    from pinchtune.store.rounds import all_rounds

    project = open_project(folder, overrides)
    with collection(project) as store:
        found = all_rounds(store)
    told: list[dict[str, Any]] = [{**asdict(r), "stale": is_stale(project, r)} for r in found]
    texts = [
        f"{r.id}: {r.mode}, {'open' if r.is_open else 'closed'}"
        + (", about older answers" if t["stale"] else "")
        + f"\n{_lines(r)}"
        for r, t in zip(found, told, strict=True)
    ]
    show(told, "\n".join(texts) or "no round was opened yet", as_json)


def _lines(round: Round) -> str:
    return "\n".join(f"  {c.language}: {c.given} of {c.wanted} judged" for c in round.counts)


@app.command("close")
def close_command(
    id: Annotated[str, typer.Argument(help="Id of the round (`pinch judge status`).")],
    person: Acting,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Let nobody judge in a round any more; what was said stays."""
    from pinchtune.store import rounds

    with acting(folder, overrides, person) as (store, actor):
        made = rounds.close_round(store, actor, id)
    show(asdict(made), f"{made.id}: closed\n{_lines(made)}", as_json)


@app.command("export")
def export_command(
    path: Annotated[Path, typer.Argument(help="File to write, in JSON Lines.")],
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Write what people said in all rounds; they have numbers in it, no names."""
    from pinchtune.files import write_jsonl
    from pinchtune.stages.collect import collection
    from pinchtune.store.judging import judgements

    with collection(open_project(folder, overrides)) as store:
        count = write_jsonl(path, (judgement.to_row() for judgement in judgements(store)))
    show({"path": str(path), "judgements": count}, f"{path}: {count} judgements", as_json)
