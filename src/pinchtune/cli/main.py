"""The `pinch` command: its verbs, and how an error becomes one sentence and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback

import typer

from pinchtune.cli import (
    abtest,
    advise,
    arm,
    benchmark,
    collect,
    costs,
    data,
    decide,
    doctor,
    evaluate,
    experiment,
    export,
    generate,
    init,
    judge,
    mine,
    mix,
    plan,
    preview,
    probe,
    report,
    run,
    scale,
    select,
    serve,
    stage,
    train,
    versions,
    web,
)
from pinchtune.errors import RUN_FAILED, PinchError, UsageError
from pinchtune.training.processes import count_processes, process_number

INTERRUPTED = 130
DEBUG = "PINCH_DEBUG"
"""Environment variable that shows the traceback of any error."""

app = typer.Typer(
    name="pinch",
    help="Mix a pinch of multilingual examples in, tune, and see whether it helped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS = (
    *(init, mine, select, plan, mix, preview, train, generate, evaluate, decide, costs, report),
    *(benchmark, scale, run, probe, web, doctor),
)
for verb in VERBS:
    verb.register(app)
app.add_typer(data.app, name="data")
app.add_typer(advise.app, name="advise")
app.add_typer(stage.app, name="stage")
app.add_typer(judge.app, name="judge")
app.add_typer(serve.app, name="serve")
app.add_typer(versions.app, name="versions")
app.add_typer(export.app, name="export")
app.add_typer(arm.app, name="arm")
app.add_typer(abtest.app, name="ab")
app.add_typer(experiment.app, name="experiment")
app.add_typer(collect.app, name="collect")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"pinchtune {version('pinchtune')}\n")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    show_version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Mix a pinch of multilingual examples in, tune, and see whether it helped.

    Exit codes: 0 done or go, 1 a run failed, 2 bad input or usage, 3 no-go or unclear
    (of `decide` and `stage finish`, and of `evaluate` and `run` with --gate).
    """
    verb, count = context.invoked_subcommand, count_processes()
    if count > 1 and verb != train.VERB:
        raise UsageError(
            f"`pinch {verb}` was started by {count} processes at once, and only `pinch train` can "
            "be; start it once, without a launcher"
        )


def main() -> None:
    """Run the command line; every error is one sentence on stderr."""
    # Nothing phones home: libraries are told so before they are imported.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        app()
    except SystemExit as end:
        # Typer has caught the Ctrl-C by then.
        if end.code == INTERRUPTED:
            _fail("stopped; run the command again to go on where it was", INTERRUPTED)
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            traceback.print_exc()
        _fail(_sentence(error), getattr(error, "exit_code", RUN_FAILED))


def _sentence(error: Exception) -> str:
    """Return what to say of an error; of an unforeseen one also how to see more."""
    if isinstance(error, PinchError):
        return str(error)
    # By name: torch has an own class for the memory of a GPU, and is not imported here.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "out of memory; lower train.device_tokens, train.max_length or generate.batch_size"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full; free some space and run the command again"
    what = ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
    return f"unforeseen error ({what}); run it again with {DEBUG}=1 to see the traceback"


def _fail(sentence: str, code: int) -> None:
    number = process_number()
    sys.stderr.write(f"pinch: {f'process {number}: ' if number else ''}{sentence}\n")
    raise SystemExit(code)
