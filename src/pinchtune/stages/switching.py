"""pinch versions promote and rollback: what moves a pointer.

Going back is for somebody whose production is burning: the files are verified, the pointer moves,
and only then is the model asked the prompts of the release. What that finds is told, and the
pointer stays. Promoting is in no hurry: there the question comes first.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, NamedTuple

from pinchtune.errors import RunError, UsageError
from pinchtune.progress import Progress, Silent
from pinchtune.releasing import Registry, Version
from pinchtune.releasing.describing import describe_change
from pinchtune.releasing.names import Kind, check_kind
from pinchtune.releasing.people import state_person, state_text
from pinchtune.releasing.probes import ROUNDED, Comparison
from pinchtune.releasing.registry import PROMOTE, ROLLBACK
from pinchtune.releasing.rules import find_objections, remarks
from pinchtune.stages.probing import compare_again, load_folder, read_probes
from pinchtune.stages.project import Project
from pinchtune.stages.versions import SMOKE, identify, open_registry, readable

WITHDRAW, CHECK = "withdraw", "smoke"


class Change(NamedTuple):
    """A pointer that moved."""

    pointer: str
    before: str | None
    """Version that it named before."""
    version: str | None
    """Version that it names now; None: there is no candidate any more."""
    by: str
    why: str
    seconds: float
    """Until the pointer was moved, verification included."""
    differences: list[str]
    """What is other now, a line each."""
    remarks: list[str]
    """What a reader should know."""
    smoke: Comparison | None
    """What the smoke evaluation found; None if there was none."""


def promote_version(
    project: Project,
    name: str,
    to: str = "production",
    by: str = "",
    why: str = "",
    override: str = "",
    smoke: bool = True,
    progress: Progress | None = None,
) -> Change:
    """Let a pointer name a version, once it is verified and says what it said at its release.

    That needs a go decision, and a person who did not tune it; `override` says why it may be
    done without, and is recorded.
    """
    start, registry, kind = perf_counter(), open_registry(project), check_kind(to)
    version, person = _verified(registry, name), identify(project, by)
    why, override = state_text(why, "--why"), state_text(override, "--override")
    if registry.last_change(kind).get("version") == name:
        raise UsageError(f"{name} is {kind} already")
    objections = find_objections(version, person)
    if objections and not override:
        said = "; ".join(objections)
        raise UsageError(f"{name} cannot be promoted: {said}; --override WHY does it all the same")
    found = _ask(project, version, progress or Silent()) if smoke else None
    if found and found.problems:
        raise RunError(f"{name} was not promoted: {_failed(found)}")
    facts: dict[str, Any] = {"remarks": remarks(version, person)}
    if objections:
        facts |= {"override": override, "objections": objections}
    facts["smoke"] = found.to_json() if found else None
    change = registry.point(kind, version, PROMOTE, person, why, facts)
    seconds = perf_counter() - start
    if kind == "production" and registry.last_change("candidate").get("version") == name:
        registry.point("candidate", None, WITHDRAW, person, f"{name} is production now")
    return _told(registry, change, seconds, found)


def rollback_version(
    project: Project,
    name: str = "",
    of: str = "production",
    by: str = "",
    why: str = "",
    smoke: bool = True,
    progress: Progress | None = None,
) -> Change:
    """Let a pointer name the version before (or `name`) again; then ask it a dozen prompts.

    What the smoke evaluation finds stands in the result; the pointer stays where it is.
    """
    start, registry, kind = perf_counter(), open_registry(project), check_kind(of)
    # The database of people may be what is burning: a stated name is enough to go back.
    person, why = state_person(by), state_text(why, "--why")
    target = name or _version_before(registry, kind)
    version = _verified_before(registry, kind, target) if target else None
    change = registry.point(kind, version, ROLLBACK, person, why)
    seconds, progress = perf_counter() - start, progress or Silent()
    progress.say(f"{kind} is {target or 'nothing'} now ({seconds:.1f} s)")
    found = _ask_in_any_case(project, version, progress) if smoke and version else None
    if found:
        event = {"version": target, "by": person.name, "why": why, "action": CHECK}
        registry.note({**event, **found.to_json()})
    return _told(registry, change, seconds, found)


def _version_before(registry: Registry, kind: Kind) -> str | None:
    way = registry.predecessors(kind)
    if way:
        return way[-1]
    if kind == "candidate" and registry.last_change(kind).get("version"):
        return None
    raise UsageError(
        f"there is no version before to roll {kind} back to; see `pinch versions list`"
    )


def _verified_before(registry: Registry, kind: Kind, name: str) -> Version:
    """Return a version that the pointer named before; what was never promoted is refused."""
    if name not in registry.names():
        registry.path(name)
    if registry.last_change(kind).get("version") == name:
        raise UsageError(f"{name} is {kind} already")
    if name not in registry.named_before(kind):
        raise UsageError(f"{name} was never {kind}; use `pinch versions promote {name}`")
    try:
        return _verified(registry, name)
    except RunError as error:
        whole = (n for n in reversed(registry.predecessors(kind)) if not registry.verify(n))
        other = next(whole, None)
        advice = f"; {other} is whole: pinch versions rollback {other}" if other else ""
        raise RunError(f"{error}{advice}") from error


def _verified(registry: Registry, name: str) -> Version:
    problems = registry.verify(name)
    if problems:
        more = f" (and {len(problems) - 1} more)" if problems[1:] else ""
        raise RunError(f"{name} is damaged: {problems[0]}{more}; nothing was changed")
    return registry.get(name)


def _ask(project: Project, version: Version, progress: Progress) -> Comparison:
    stored = read_probes(version.evidence_path / SMOKE)
    progress.say(f"asking {version.name} the {len(stored)} prompts of its release")
    config = project.config.model.model_copy(update={"base": version.base})
    return compare_again(load_folder(version.model_path, config), stored, ROUNDED)


def _ask_in_any_case(project: Project, version: Version, progress: Progress) -> Comparison:
    try:
        return _ask(project, version, progress)
    except Exception as error:  # the pointer has moved: whatever happens here must not hide that
        return Comparison((), (f"it could not be asked ({type(error).__name__}: {error})",))


def _failed(found: Comparison) -> str:
    more = f" (and {len(found.problems) - 1} more)" if found.problems[1:] else ""
    return (
        f"it does not say what it said at its release: {found.problems[0]}{more}; look for another "
        "base model, device or library (`pinch doctor`), or skip the question with --no-smoke"
    )


def _told(
    registry: Registry, change: dict[str, Any], seconds: float, found: Comparison | None
) -> Change:
    old, new = (readable(registry, change[key]) for key in ("from", "version"))
    return Change(
        pointer=change["pointer"],
        before=change["from"],
        version=change["version"],
        by=change["by"],
        why=change["why"],
        seconds=seconds,
        differences=describe_change(old, new),
        remarks=change.get("remarks", []),
        smoke=found,
    )
