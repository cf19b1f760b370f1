"""pinch versions: add, list, show, promote, rollback, verify, history, prune, mirror."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinchtune.cli.common import (
    HERE,
    AsJson,
    Folder,
    Overrides,
    Quiet,
    open_project,
    pick_progress,
    show,
)
from pinchtune.errors import DONE, RUN_FAILED

if TYPE_CHECKING:
    from pinchtune.stages.switching import Change

app = typer.Typer(
    help="Release a tuned arm, choose which version answers, and go back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="Name of the version.")]
By = Annotated[
    str,
    typer.Option("--by", metavar="NAME", help="Who does this (default: the machine's account)."),
]
NoSmoke = Annotated[
    bool,
    typer.Option("--no-smoke", help="Do not ask the model the prompts of its release."),
]
Pointer = Annotated[str, typer.Option(help="Pointer: production or candidate.")]


@app.command("add")
def add_command(
    name: Name,
    arm: Annotated[str, typer.Option(help="Arm to release.")] = "pinch",
    tuned_by: Annotated[
        str,
        typer.Option(metavar="NAME", help="Who tuned it (default: the machine's account)."),
    ] = "",
    note: Annotated[str, typer.Option(help="What it is, in a few words.")] = "",
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Release a tuned arm: copy it with its manifests, plan, decision, scores and report."""
    from pinchtune.stages.versions import add_version

    project = open_project(folder, overrides)
    version = add_version(project, name, arm, tuned_by, note, pick_progress(quiet))
    verdict = version.verdict or "no decision"
    person = version.facts["tuned_by"]["name"]
    text = f"{name}: {version.path}\n{verdict}, tuned by {person}; {len(version.files)} files"
    show(version.facts, text, as_json)


@app.command("list")
def list_command(
    folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """List the versions, the oldest first, with what the pointers name."""
    from pinchtune.stages.versions import list_versions

    rows = list_versions(open_project(folder, overrides))
    show(rows, "\n".join(map(_row, rows)) or "there is no version yet", as_json)


def _row(row: dict[str, Any]) -> str:
    marks = " ".join(f"[{kind}]" for kind in row["pointers"])
    if row["damaged"]:
        return f"{row['name']}  damaged: pinch versions verify {row['name']}  {marks}".rstrip()
    verdict = row["verdict"] or "no decision"
    day = row["made"][:10]
    return f"{row['name']}  {day}  {verdict}  tuned by {row['tuned_by']}  {marks}".rstrip()


@app.command("show")
def show_command(
    name: Name, folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Show what is known of a version, and what was done with it."""
    from pinchtune.stages.versions import show_version

    found = show_version(open_project(folder, overrides), name)
    lines = [*found["about"], "", *map(_event, found["history"])]
    show(found, "\n".join(lines), as_json)


@app.command("promote")
def promote_command(
    name: Name,
    to: Pointer = "production",
    by: By = "",
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    override: Annotated[
        str,
        typer.Option(metavar="WHY", help="Why it may go without go or a second person."),
    ] = "",
    no_smoke: NoSmoke = False,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Let a version answer: after a go decision, by a person who did not tune it."""
    from pinchtune.stages.switching import promote_version

    project, progress = open_project(folder, overrides), pick_progress(quiet)
    change = promote_version(project, name, to, by, why, override, not no_smoke, progress)
    show(_json(change), _told(change), as_json)


@app.command("rollback")
def rollback_command(
    why: Annotated[str, typer.Option(help="Why, for the record.")],
    name: Annotated[
        str, typer.Argument(help="Version (default: the one before).", show_default=False)
    ] = "",
    of: Pointer = "production",
    by: By = "",
    no_smoke: NoSmoke = False,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Go back to the version before: verify it, switch, then ask it the prompts of its release."""
    from pinchtune.stages.switching import rollback_version

    project, progress = open_project(folder, overrides), pick_progress(quiet)
    change = rollback_version(project, name, of, by, why, not no_smoke, progress)
    failed = change.smoke is not None and bool(change.smoke.problems)
    show(_json(change), _told(change), as_json)
    raise typer.Exit(RUN_FAILED if failed else DONE)


def _json(change: Change) -> dict[str, Any]:
    smoke = change.smoke.to_json() if change.smoke else None
    return {**change._asdict(), "smoke": smoke}


def _told(change: Change) -> str:
    line = f"{change.pointer}: {change.before or 'none'} -> {change.version or 'none'}"
    lines = [f"{line} by {change.by} ({change.seconds:.1f} s)"]
    lines += [f"  {difference}" for difference in change.differences]
    lines += [f"note: {remark}" for remark in change.remarks]
    smoke = change.smoke
    if smoke and smoke.problems:
        lines += ["", f"WARNING: {change.version} answers, but not as at its release:"]
        lines += [f"  {problem}" for problem in smoke.problems]
        lines += [f"{change.pointer} stays {change.version}. {_ADVICE}"]
    elif smoke:
        lines.append(f"smoke evaluation: {smoke.text()}")
    return "\n".join(lines)


_ADVICE = (
    "Its files are as released, so look for another base model, device or library on this machine "
    "(`pinch doctor`); if its answers are wrong, go further back: pinch versions rollback"
)


@app.command("verify")
def verify_command(
    names: Annotated[
        list[str] | None, typer.Argument(help="Versions (default: all).", show_default=False)
    ] = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Compare every file with its hash; exit code 1 if anything is not as released."""
    from pinchtune.stages.versions import verify_versions

    found = verify_versions(open_project(folder, overrides), tuple(names or ()))
    lines = [f"{name}: {'; '.join(problems) or 'whole'}" for name, problems in found.items()]
    show(found, "\n".join(lines) or "there is no version yet", as_json)
    raise typer.Exit(RUN_FAILED if any(found.values()) else DONE)


@app.command("history")
def history_command(
    folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Say who changed what, when and why, the oldest first."""
    from pinchtune.stages.versions import version_history

    events = version_history(open_project(folder, overrides))
    show(events, "\n".join(map(_event, events)) or "nothing happened yet", as_json)


def _event(event: dict[str, Any]) -> str:
    if "line" in event:
        return f"line {event['line']} is damaged"
    way = event.get("pointer", "")
    moved = f" {way}: {event.get('from') or 'none'} ->" if way else ""
    text = f"{event['since'][:19]}  {event['action']}{moved} {event['version'] or 'none'}"
    text += f"  by {event['by']}"
    reasons = [event.get("why"), *event.get("problems", ())]
    if event.get("override"):
        reasons.append(f"override: {event['override']} ({'; '.join(event['objections'])})")
    return "; ".join([text, *(str(reason) for reason in reasons if reason)])


@app.command("prune")
def prune_command(
    keep: Annotated[int, typer.Option(help="Versions to keep on each way back.")],
    by: By = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say which would go.")] = False,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Remove the versions that neither production nor candidate can need."""
    from pinchtune.stages.versions import prune_versions

    names = prune_versions(open_project(folder, overrides), keep, by, dry)
    said = "would be removed" if dry else "removed"
    show(names, f"{said}: {', '.join(names) or 'none'}", as_json)


@app.command("mirror")
def mirror_command(
    mlflow: Annotated[
        str, typer.Option("--mlflow", metavar="URI", help="Address of the MLflow server.")
    ],
    names: Annotated[
        list[str] | None, typer.Argument(help="Versions (default: all).", show_default=False)
    ] = None,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the versions in an MLflow model registry; what is changed there changes nothing here."""
    from pinchtune.stages.mirror import mirror_versions

    project, progress = open_project(folder, overrides), pick_progress(quiet)
    found = mirror_versions(project, mlflow, tuple(names or ()), progress)
    said = {True: "sent", False: "as before"}
    lines = [f"{row.name}: number {row.number}, {said[row.is_new]}" for row in found]
    show([row._asdict() for row in found], "\n".join(lines) or "there is no version yet", as_json)
