"""pinch costs: what the pinch cost in time and money, and what it brings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pinchtune.files import read_json
from pinchtune.stages.facts import read_enquiries
from pinchtune.stages.project import Project, finished
from pinchtune.stages.report import timings

if TYPE_CHECKING:
    from pinchtune.advice.costs import Costs
    from pinchtune.advice.ledger import Facts, Work

SECONDS = 3600.0


def costs(project: Project) -> Costs:
    """Return the costs and the return of the finished evaluation; asks nobody, writes nothing."""
    from pinchtune.advice.costs import count_costs

    return count_costs(cost_facts(project), project.config.costs)


def cost_key(project: Project) -> dict[str, Any]:
    """Return what the costs depend on, beside the evaluation, the mixture and what was mined."""
    prices = project.config.costs.model_dump(mode="json")
    return {"prices": prices, "work": [work._asdict() for work in _work(project)]}


def cost_facts(project: Project) -> Facts:
    """Return what the files of the project say of costs."""
    from pinchtune.advice.ledger import Facts

    evaluation = finished(project.path("evaluation"), "evaluate")
    mixture = finished(project.path("mixture"), "mix")
    return Facts(
        scores=read_json(project.path("evaluation", "scores.json")),
        pinch=dict(_pinch(mixture)),
        work=_work(project),
        computing=_hours(project),
        requests=int(evaluation.get("requests", 0)),
        judging=float(evaluation.get("cost", 0.0)),
        mined=read_enquiries(project),
        seed=project.config.evaluate.seed,
    )


def _pinch(mixture: Mapping[str, Any]) -> Counter[str]:
    return Counter(str(row["language"]) for row in mixture.get("pinch", ()))


def _work(project: Project) -> tuple[Work, ...]:
    mixture = finished(project.path("mixture"), "mix")
    is_collected = mixture.get("pool", {}).get("collected", False)
    # A collection that is gone tells nothing any more: then all is assumed.
    seen = is_collected and project.collects
    return _collected(project) if seen else _from_file(_pinch(mixture))


def _collected(project: Project) -> tuple[Work, ...]:
    """Return what the history of the collection shows, whether it was drawn or not."""
    from pinchtune.advice.ledger import Work
    from pinchtune.store.effort import measure_effort

    pause = timedelta(minutes=project.config.costs.pause_minutes)
    store = project.open_store()
    try:
        return tuple(
            Work(
                one.language, one.written, one.written_seen, one.writing / SECONDS,
                one.decisions, one.decisions_seen, one.approving / SECONDS,
            )
            for one in measure_effort(store, pause)
        )  # fmt: skip
    finally:
        store.close()


def _from_file(pinch: Counter[str]) -> tuple[Work, ...]:
    """Return the examples of the pinch, each to be written and approved once; nothing was seen."""
    from pinchtune.advice.ledger import Work

    return tuple(Work(code, n, decisions=n) for code, n in sorted(pinch.items()))


def _hours(project: Project) -> float | None:
    """Return the hours of tuning and answering; None if none were recorded."""
    found = [row["seconds"] for row in timings(project).values()]
    return sum(found) / SECONDS if found else None
