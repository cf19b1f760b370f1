"""pinch web."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from pinchtune.cli.common import HERE, Folder, Overrides, open_project

PORT = 8765


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("web")(command)


def command(
    folder: Folder = HERE,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0: reachable from other machines.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = PORT,
    address: Annotated[
        str, typer.Option(help="Where people reach it, such as https://collect.example.com.")
    ] = "",
    database_url: Annotated[
        str, typer.Option(help="Database instead of collect.database: file or postgresql://…")
    ] = "",
    drafts: Annotated[
        str, typer.Option(help="Model that drafts responses on request: base, english or pinch.")
    ] = "",
    overrides: Overrides = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Log no requests.")] = False,
) -> None:
    """Start the workplace in the browser: write examples, approve them. Stops at Ctrl-C."""
    from pinchtune.web.serve import serve

    # Written as JSON, a text is a text of TOML too.
    chosen = [f"collect.database={json.dumps(database_url)}"] if database_url else []
    project = open_project(folder, [*(overrides or ()), *chosen])
    if database_url and open_project(folder, overrides).database != project.database:
        sys.stderr.write(
            "note: pinch mix takes approved examples from collect.database of pinch.toml; "
            "name this database there too\n"
        )
    serve(project, host, port, address, drafts, quiet)
