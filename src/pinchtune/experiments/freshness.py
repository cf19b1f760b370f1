"""Which stored scores may stand beside each other in a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from pinchtune.errors import UsageError
from pinchtune.experiments.arms import Arm
from pinchtune.experiments.plan import Plan
from pinchtune.experiments.scores import Scored
from pinchtune.records import content_hash


def older_than_data(plan: Plan, scored: Mapping[str, Scored]) -> set[str]:
    """Return the arms whose scores are of other data or weights than those that are here.

    Where there are none, nobody knows.
    """
    arms = [arm for arm in plan.arms if arm.id in scored]
    return {arm.id for arm in arms if _key(plan, arm) not in ("", scored[arm.id].facts.get("key"))}


def _key(plan: Plan, arm: Arm) -> str:
    """Return what an arm would be made from today; nothing where that is not all here."""
    project = plan.source(arm).project
    names = ["evaluation"]
    names += [] if arm.untuned else ["base"]
    names += [] if arm.dose == 0 or project.collects else ["pinch"]
    if not all(project.data_file(name).exists() for name in names):
        return ""
    try:
        return plan.key(arm)
    except UsageError:
        return ""


def others_than_most(arms: Iterable[Arm], scored: Mapping[str, Scored]) -> set[str]:
    """Return the arms that were scored on other prompts, or by other measures, than most.

    Arms that are to answer other prompts, because the recipe says so, are looked at apart.
    """
    marks: dict[str, dict[str, str]] = {}
    for arm in arms:
        if one := scored.get(arm.id):
            asked = content_hash([arm.answering[name] for name in ("data", "languages", "prompts")])
            seen = content_hash([one.prompts, one.facts.get("version")])
            marks.setdefault(asked, {})[arm.id] = seen
    return {id for found in marks.values() for id in _rare(found)}


def _rare(marks: Mapping[str, str]) -> set[str]:
    counts = Counter(marks.values())
    most = max(counts, key=lambda mark: counts[mark])
    return {id for id, mark in marks.items() if mark != most}
