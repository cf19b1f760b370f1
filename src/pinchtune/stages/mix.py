"""pinch mix: make the mixture of both arms."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pinchtune.data.mix import ARMS, Mixture, make_mixture
from pinchtune.errors import UsageError
from pinchtune.files import RunFolder, write_jsonl
from pinchtune.progress import Progress, Silent
from pinchtune.records import Example
from pinchtune.stages.pool import OVERRIDE, Pool
from pinchtune.stages.project import Project, stage_key, versions
from pinchtune.stages.select import selected, selection_inputs


def mix(project: Project, progress: Progress | None = None, unapproved: bool = False) -> RunFolder:
    """Write runs/mixture: `<arm>.jsonl` for each arm and the manifest of the draw.

    Only approved examples are drawn, unless `unapproved` lets the others in; the manifest says so.
    Of several seeds each draws its own; the folder of the first is returned.
    """
    progress = progress or Silent()
    pool = project.pool(unapproved)
    if pool.worth_saying:
        progress.say(pool.sentence())
    runs = [_mix(seed, pool, progress) for seed in project.seeds]
    return runs[0]


def _mix(project: Project, pool: Pool, progress: Progress) -> RunFolder:
    run = RunFolder(project.path("mixture"), mixture_key(project, pool))
    if run.complete():
        return run
    mixture = _draw(project, pool, selected(project, pool, progress))
    tokens = {arm: _count_tokens(project.tokenizer, getattr(mixture, arm)) for arm in ARMS}
    run.start()
    for arm in ARMS:
        write_jsonl(run.path / f"{arm}.jsonl", (e.to_row() for e in getattr(mixture, arm)))
    run.finish({**mixture.facts, "tokens": tokens, "versions": versions()})
    counts = ", ".join(f"{n} {code}" for code, n in mixture.facts["examples"]["pinch"].items())
    progress.say(project.label(f"mixture: {counts}"))
    return run


def _draw(project: Project, pool: Pool, rows: list[Example]) -> Mixture:
    try:
        mixture = make_mixture(
            project.examples("base"),
            rows,
            project.examples("evaluation"),
            project.config.languages.tuned,
            project.config.mix,
            pool.relatives,
            pool.unapproved,
        )
    except UsageError as error:
        # What is missing may be there, and only not approved.
        raise UsageError(f"{error}{pool.aside}") from error
    mixture.facts["not_used"]["pinch"] += len(pool.rows) - len(pool.drawable)
    mixture.facts["pool"] = pool.facts(mixture.pinch)
    return mixture


def mixture_key(project: Project, pool: Pool | None = None) -> str:
    """Return the key of the mixture that the project would draw today."""
    config, pool = project.config, pool or project.pool()
    data = {name: project.data_hash(name) for name in ("base", "evaluation")}
    data["pinch"] = pool.hash if pool.collected else project.data_hash("pinch")
    return stage_key(
        "mix",
        {
            "mix": config.mix.model_dump(mode="json"),
            "tuned": config.languages.tuned,
            "evaluated": config.languages.evaluated,
            "base_model": config.model.base,
            "data": data,
            **selection_inputs(project),
            **({"override": OVERRIDE} if pool.unapproved else {}),
        },
    )


def _count_tokens(tokenizer: Any, examples: list[Example]) -> dict[str, Any]:
    """Return {language: {tokens, target_tokens}} as the model will see them."""
    from pinchtune.model.chat import encode_example

    tokens: Counter[str] = Counter()
    targets: Counter[str] = Counter()
    for example in examples:
        encoded = encode_example(tokenizer, example, 10**6)
        tokens[example.language] += len(encoded.ids)
        targets[example.language] += encoded.target_count
    return {code: {"tokens": n, "target_tokens": targets[code]} for code, n in tokens.most_common()}
