"""pinch collect, second part: people, tokens, and the database as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinchtune.cli.common import HERE, AsJson, Folder, Overrides, open_project, show

if TYPE_CHECKING:
    from pinchtune.store import Grant, Person, Store

Acting = Annotated[
    str,
    typer.Option("--as", metavar="NAME", help="Who does this: name or address of mail."),
]
ADDRESS = "http://127.0.0.1:8765"


@contextmanager
def acting(
    folder: Path, overrides: Sequence[str] | None, name: str
) -> Iterator[tuple[Store, Person]]:
    """Yield the project's database and the person who acts, until the block ends."""
    from pinchtune.stages.collect import collection
    from pinchtune.store import people

    with collection(open_project(folder, overrides)) as store:
        yield store, people.find_person(store, name)


def register(app: typer.Typer) -> None:
    """Add these verbs to `pinch collect`."""
    for name, verb in (
        ("invite", invite),
        ("people", list_people),
        ("token", make_token),
        ("backup", make_backup),
        ("restore", restore_backup),
    ):
        app.command(name)(verb)


def welcome_link(address: str, token: str) -> str:
    """Return the link by which an invitation is accepted."""
    return f"{address.rstrip('/')}/welcome/{token}"


def invite(
    person: Acting,
    role: Annotated[
        list[str],
        typer.Option(
            metavar="ROLE[:LANGUAGE[:SITE]]",
            help="administrator, author, approver, reader; such as author:ja or approver:es:Lima.",
        ),
    ],
    name: Annotated[str, typer.Option(help="Name of the invited person.")] = "",
    email: Annotated[str, typer.Option(help="Address of mail, to log in with.")] = "",
    days: Annotated[int, typer.Option(help="How long the link is valid.")] = 14,
    address: Annotated[str, typer.Option(help="Where the workplace is reached.")] = ADDRESS,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that makes a person; it works once. Send it to nobody else."""
    from pinchtune.store import people

    grants = [_grant(text) for text in role]
    with acting(folder, overrides, person) as (store, actor):
        token = people.invite(store, actor, grants, name, email, days)
    link = welcome_link(address, token)
    show({"link": link, "days": days}, link, as_json)


def _grant(text: str) -> Grant:
    from pinchtune.store import Grant

    role, _, rest = text.partition(":")
    language, _, site = rest.partition(":")
    return Grant(role, language, site)  # type: ignore[arg-type]  # the store refuses other roles


def list_people(
    person: Acting,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """List the people with their roles."""
    from dataclasses import asdict

    from pinchtune.store import people

    with acting(folder, overrides, person) as (store, actor):
        found = people.list_people(store, actor)
    lines = [
        f"{p.name}: {', '.join(map(_show_grant, p.grants)) or 'no role'}"
        + ("" if p.active else " (not active)")
        for p in found
    ]
    show([asdict(p) for p in found], "\n".join(lines), as_json)


def _show_grant(grant: Grant) -> str:
    return ":".join(grant).rstrip(":")


def make_token(
    person: Acting,
    label: Annotated[str, typer.Option(help="What the token is for.")],
    days: Annotated[int, typer.Option(help="How long it is valid.")] = 90,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Instead, make the tokens with this label invalid.")
    ] = False,
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Print a new token of the API that acts for this person; it is shown only now."""
    from pinchtune.store import people

    with acting(folder, overrides, person) as (store, actor):
        if revoke:
            found = [t for t in people.list_tokens(store, actor) if t.label == label]
            for token in found:
                people.revoke_token(store, actor, token.id)
            show({"revoked": len(found)}, f"{len(found)} tokens revoked", as_json)
            return
        secret = people.create_token(store, actor, label, days)
    show({"token": secret, "days": days}, secret, as_json)


def make_backup(
    path: Annotated[Path, typer.Argument(help="File to write, such as collect.jsonl.gz.")],
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that is collected to one file; keep it as safe as the database."""
    from pinchtune.stages.collect import collection
    from pinchtune.store import backup

    with collection(open_project(folder, overrides)) as store:
        count = backup(store, path)
    show({"path": str(path), "rows": count}, f"{path}: {count} rows", as_json)


def restore_backup(
    path: Annotated[Path, typer.Argument(help="File that `pinch collect backup` wrote.")],
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Fill the project's database from a backup; it must be empty or not be there."""
    from pinchtune.store import restore

    project = open_project(folder, overrides)
    count = restore(path, project.database)
    name = project.config.collect.database if "://" not in project.database else "the database"
    show({"database": name, "rows": count}, f"{name}: {count} rows restored", as_json)
