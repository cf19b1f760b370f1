"""pinch mix: make the mixture of both arms."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pinchtune.data.mix import ARMS, make_mixture
from pinchtune.files import RunFolder, write_jsonl
from pinchtune.progress import Progress, Silent
from pinchtune.records import Example
from pinchtune.stages.project import Project, stage_key, versions


def mix(project: Project, progress: Progress | None = None) -> RunFolder:
    """Write runs/mixture: `<arm>.jsonl` for each arm and the manifest of the draw."""
    progress = progress or Silent()
    config = project.config
    run = RunFolder(project.path("mixture"), _key(project))
    if run.complete():
        return run
    mixture = make_mixture(
        project.examples("base"),
        project.examples("pinch"),
        project.examples("evaluation"),
        config.languages.tuned,
        config.mix,
    )
    tokens = {arm: _count_tokens(config.model.base, getattr(mixture, arm)) for arm in ARMS}
    run.start()
    for arm in ARMS:
        write_jsonl(run.path / f"{arm}.jsonl", (e.to_row() for e in getattr(mixture, arm)))
    run.finish({**mixture.facts, "tokens": tokens, "versions": versions()})
    counts = ", ".join(f"{n} {code}" for code, n in mixture.facts["examples"]["pinch"].items())
    progress.say(f"mixture: {counts}")
    return run


def _key(project: Project) -> str:
    config = project.config
    return stage_key(
        "mix",
        {
            "mix": config.mix.model_dump(mode="json"),
            "tuned": config.languages.tuned,
            "evaluated": config.languages.evaluated,
            "base_model": config.model.base,
            "data": {name: project.data_hash(name) for name in ("base", "pinch", "evaluation")},
        },
    )


def _count_tokens(base: str, examples: list[Example]) -> dict[str, Any]:
    """Return {language: {tokens, target_tokens}} as the model will see them."""
    from pinchtune.model.chat import encode_example
    from pinchtune.model.load import load_tokenizer

    tokenizer = load_tokenizer(base)
    tokens: Counter[str] = Counter()
    targets: Counter[str] = Counter()
    for example in examples:
        encoded = encode_example(tokenizer, example, 10**6)
        tokens[example.language] += len(encoded.ids)
        targets[example.language] += encoded.target_count
    return {code: {"tokens": n, "target_tokens": targets[code]} for code, n in tokens.most_common()}
