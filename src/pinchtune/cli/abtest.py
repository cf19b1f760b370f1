"""pinch ab: start, status, stop, report, export, sample, mark, crowd."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinchtune.cli.common import HERE, AsJson, Folder, Overrides, open_project, show
from pinchtune.errors import DONE, RUN_FAILED

if TYPE_CHECKING:
    from pinchtune.abtest.crowd import Met

app = typer.Typer(
    help="An A/B test in use: two arms, people who rate, a result that may be looked at daily.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
ArmPair = Annotated[str, typer.Option("--arms", help="Arm in use, and the one to try.")]
Split = Annotated[str, typer.Option("--split", help="Shares of users who get either arm.")]
Languages = Annotated[
    str, typer.Option("--languages", help="Languages that take part; default: the tuned ones.")
]
Days = Annotated[int | None, typer.Option("--days", help="The test ends by itself after these.")]
Users = Annotated[
    int | None,
    typer.Option("--users", help="About how many users of a language will rate in that time."),
]
Satisfaction = Annotated[
    float | None, typer.Option("--satisfaction", help="About how content they will be, 0 to 1.")
]
Level = Annotated[float | None, typer.Option("--level", help="Chance of any false claim, 0 to 1.")]
Slow = Annotated[
    float | None, typer.Option("--slow-seconds", help="An answer that takes longer is slow.")
]
Guards = Annotated[
    list[str] | None,
    typer.Option(
        "--guard",
        metavar="MEASURE=POINTS",
        help="How much worse it may be, in points; `off` instead of a number takes the guard away.",
    ),
]
GuardStops = Annotated[
    str | None,
    typer.Option("--guard-stops", help="What a guard of one language stops: test or language."),
]
UntilShown = Annotated[
    bool, typer.Option("--until-shown", help="End it as soon as a difference is shown.")
]
Language = Annotated[str, typer.Option("--language", help="Stop this language only.")]
Why = Annotated[str, typer.Option("--why", help="The reason; it stands in the report.")]
Target = Annotated[Path, typer.Argument(help="File to write.")]


@app.command("start")
def start_command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    arms: ArmPair = "production,candidate",
    split: Split = "50/50",
    languages: Languages = "",
    days: Days = None,
    users: Users = None,
    satisfaction: Satisfaction = None,
    level: Level = None,
    slow_seconds: Slow = None,
    guards: Guards = None,
    guard_stops: GuardStops = None,
    until_shown: UntilShown = False,
    as_json: AsJson = False,
) -> None:
    """Fix the plan and start: from now on users of these languages get either arm."""
    from pinchtune.abtest.plan import Plan, parse_guards, parse_split
    from pinchtune.stages import abtest

    project = open_project(folder, overrides)
    given = {
        "days": days, "users": users, "satisfaction": satisfaction, "level": level,
        "slow_seconds": slow_seconds, "guard_stops": guard_stops,
    }  # fmt: skip
    plan = Plan(
        arms=_pair(arms),
        languages=_codes(languages) or project.config.languages.tuned,
        split=parse_split(split),
        guards=parse_guards(guards or ()),
        until_shown=until_shown,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )
    path = abtest.start(project, plan)
    facts = {"name": path.name, "plan": plan.id, "promised": plan.to_json()}
    show(facts, _started(path, facts), as_json)


@app.command("status")
def status_command(
    folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """What is known now. One may look as often as one likes."""
    from pinchtune.stages import abtest

    found = abtest.result(open_project(folder, overrides))
    show(found, _status(found), as_json)


@app.command("stop")
def stop_command(
    folder: Folder = HERE,
    overrides: Overrides = None,
    language: Language = "",
    why: Why = "stopped by hand",
    as_json: AsJson = False,
) -> None:
    """Stop at once: the next request gets production."""
    from pinchtune.stages import abtest

    was_running = abtest.stop(open_project(folder, overrides), why, language)
    what = language or "the test"
    said = f"{what} is stopped" if was_running else f"{what} was stopped before"
    show({"stopped": was_running}, said, as_json)


@app.command("report")
def report_command(
    folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Write the page, English and Japanese, and result.json."""
    from pinchtune.stages import abtest

    path = abtest.report(open_project(folder, overrides))
    show({"report": str(path)}, str(path), as_json)


@app.command("export")
def export_command(
    path: Target, folder: Folder = HERE, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Write the poor answers whose text was kept: `pinch mine FILE` reads them."""
    from pinchtune.stages import abtest

    count = abtest.export(open_project(folder, overrides), path)
    show({"answers": count}, f"{count} poor answers: {path}", as_json)


@app.command("sample")
def sample_command(
    path: Target,
    folder: Folder = HERE,
    overrides: Overrides = None,
    count: Annotated[int, typer.Option("--count", help="About how many answers.")] = 40,
    seed: Annotated[int, typer.Option("--seed", help="Which ones are drawn.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write answers as CSV for people to mark yes or no; the file does not say their arms."""
    from pinchtune.stages import abtest

    written = abtest.sample(open_project(folder, overrides), path, count, seed)
    show({"answers": written}, f"{written} answers to mark: {path}", as_json)


@app.command("mark")
def mark_command(
    path: Annotated[Path, typer.Argument(help="The sample, its column `correct` filled in.")],
    folder: Folder = HERE,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Keep the marks of a sample that came back."""
    from pinchtune.stages import abtest

    count = abtest.mark(open_project(folder, overrides), path)
    show({"marks": count}, f"{count} marks", as_json)


@app.command("crowd")
def crowd_command(
    url: Annotated[
        str, typer.Option(help="Base URL of the server, with /v1; its key from PINCH_API_KEY.")
    ],
    folder: Folder = HERE,
    overrides: Overrides = None,
    languages: Annotated[
        str, typer.Option(help="Languages they ask in; default: the tuned ones.")
    ] = "",
    better: Annotated[
        str, typer.Option(help="Language in which the candidate satisfies more; default: none.")
    ] = "",
    users: Annotated[int, typer.Option(help="People of each language.", min=1)] = 300,
    seconds: Annotated[float, typer.Option(help="How long they ask, at most.", min=0)] = 60.0,
    clients: Annotated[int, typer.Option(help="How many ask at a time.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Who comes, and what they say.", min=0)] = 0,
    until_over: Annotated[
        bool, typer.Option("--until-over", help="Go when the test is over: no rating is taken.")
    ] = False,
    tokens: Annotated[
        int | None, typer.Option(help="Most tokens of an answer; checks may need more.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send made-up people who ask and rate, to try out a test; exit code 1 if an answer failed."""
    from pinchtune.abtest.crowd import TOKENS
    from pinchtune.stages.crowd import send_crowd

    project = open_project(folder, overrides)
    met = send_crowd(
        project,
        url,
        _codes(languages),
        better,
        users,
        seconds,
        clients,
        seed,
        until_over=until_over,
        tokens=tokens or TOKENS,
    )
    show(asdict(met), _met(met), as_json)
    raise typer.Exit(RUN_FAILED if met.failed else DONE)


def _met(met: Met) -> str:
    answered = ", ".join(f"{name} {count}" for name, count in sorted(met.versions.items()))
    return (
        f"asked {met.asked}, failed {met.failed}, rated {met.rated}, ratings refused {met.refused}"
        f"\nanswered by {answered or 'nobody'}"
    )


def _pair(text: str) -> tuple[str, str]:
    from pinchtune.errors import UsageError

    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names):
        raise UsageError(f"--arms: {text!r} does not name two arms, as in production,candidate")
    return names[0], names[1]


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in text.split(",") if code.strip())


def _started(path: Path, facts: dict[str, Any]) -> str:
    promised = facts["promised"]
    first, second = promised["arms"]
    lines = [
        f"test {facts['name']}, plan {facts['plan']}: {path}",
        f"{first} {promised['split']:.0%}, {second} {1 - promised['split']:.0%}, "
        f"{promised['days']} days, in {', '.join(promised['languages'])}; others get production",
        "who names no user takes no part: there is nothing to know them again by",
    ]
    unwatched = [g for g in promised["guards"] if g["where"] not in ("all", "each")]
    lines += [
        f"note: {g['where']} takes no part, so its guard ({g['measure']}) sees nothing; add it to "
        "--languages to watch it"
        for g in unwatched
        if g["where"] not in promised["languages"]
    ]
    return "\n".join(lines)


def _status(found: dict[str, Any]) -> str:
    first, second = found["promised"]["arms"]
    lines = [
        f"test {found['name']}, plan {found['plan']}, "
        f"{'over' if found['is_over'] else 'running'}: {second} is {found['verdict']}",
        "",
        f"{'':12}  {'users':>11}  {first[:12]:>12}  {second[:12]:>12}  {'difference':>26}  "
        f"{'p':>7}  verdict",
    ]
    for name, group in found["groups"].items():
        claim = found["claims"][name]
        lines.append(
            f"{name:12}  {'/'.join(map(str, group['users'])):>11}  {_share(group['first']):>12}  "
            f"{_share(group['second']):>12}  {_span(group):>26}  {claim['adjusted']:>7.3f}  "
            f"{claim['verdict']}"
        )
    lines += ["", "satisfaction, 0 to 100; p: for all looks and languages together"]
    lines += [_guard(guard) for guard in found["guards"]]
    lines += _unguarded(found)
    lines += [f"stopped {what}: {stop['why']}" for what, stop in found["stops"].items()]
    return "\n".join(lines)


def _unguarded(found: dict[str, Any]) -> list[str]:
    """Return a line for what was counted and neither decides nor is guarded."""
    named = {found["promised"]["measure"], *(guard["measure"] for guard in found["guards"])}
    return [
        f"{measure} in {group}: {_share(facts['first'])} → {_share(facts['second'])}"
        for measure, groups in found["measures"].items()
        for group, facts in groups.items()
        if measure not in named and any(facts["users"])
    ]


def _guard(guard: dict[str, Any]) -> str:
    state = "BROKEN" if guard["is_broken"] else "holds"
    return (
        f"guard {guard['measure']} in {guard['group']}: {_share(guard['first'])} → "
        f"{_share(guard['second'])}, limit {100 * guard['limit']:g}: {state}"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _span(group: dict[str, Any]) -> str:
    if group["value"] is None:
        return "-"
    return f"{100 * group['value']:+.1f} ({100 * group['low']:+.1f} to {100 * group['high']:+.1f})"
