"""pinch serve, and the verbs on its API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pinchtune.cli.common import HERE, AsJson, Folder, Overrides, open_project, show

if TYPE_CHECKING:
    from pathlib import Path

    from pinchtune.serving.keys import Keys

PORT = 8766
app = typer.Typer(
    help="Serve the version in production, OpenAI-compatible. Stops at Ctrl-C.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="Name of the key, as `pinch serve keys` lists it.")]


@app.callback()
def command(
    context: typer.Context,
    folder: Folder = HERE,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0: reachable from other machines.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = PORT,
    overrides: Overrides = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Log no requests.")] = False,
) -> None:
    """Serve the version in production, OpenAI-compatible. Stops at Ctrl-C."""
    if context.invoked_subcommand is None:
        from pinchtune.serving.serve import serve

        serve(open_project(folder, overrides), host, port, quiet)


def _keys(folder: Path, overrides: list[str] | None) -> Keys:
    from pinchtune.serving.keys import Keys, keys_file

    return Keys(keys_file(open_project(folder, overrides)))


@app.command("key")
def key_command(
    name: Name, folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Make an API key and show it, once; a running server knows it at once."""
    key = _keys(folder, overrides).make(name)
    show({"name": name, "key": key}, key, as_json)


@app.command("keys")
def keys_command(
    folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """List the names of the keys and when they were made."""
    rows = [{"name": h.name, "made": h.made} for h in _keys(folder, overrides).holders()]
    text = "\n".join(f"{row['name']}  {row['made']}" for row in rows) or "no key is known"
    show(rows, text, as_json)


@app.command("revoke")
def revoke_command(
    name: Name, folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Take a key back; a running server refuses it at once."""
    _keys(folder, overrides).revoke(name)
    show({"name": name}, f"{name}: revoked", as_json)
