"""One workload for all competitors: the same token ids, targets, batches and prompts.

It is made once, with pinchtune's own tokenizer, template and plan of steps, and stored as one
file. Reading it needs the standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from bench.common import HOME, SCHEMA, WARMUP_STEPS, BenchError, short_hash

if TYPE_CHECKING:
    from pinchtune.records import Example

BATCH = 8
"""Examples in a tuning step."""
LONGEST = 512
"""Longest example, prompt or reference in tokens."""
LEARNING_RATES = {"lora": 5e-4, "full": 2e-5}
RANK = 16

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """What the workload is made from."""

    base: str
    """Name or folder of the base model."""
    data: str
    """Folder of the data; empty = the starter set."""
    data_name: str
    """What the results call the data."""
    steps: int
    """Timed tuning steps; the warm-up comes before them."""
    prompts: int
    """Evaluation prompts to answer."""
    references: int
    """References to score."""
    new_tokens: int
    """Longest answer in tokens."""
    seed: int = 0


class TuneRow(NamedTuple):
    """One tuning example."""

    ids: list[int]
    """Token ids, the begin token first."""
    targets: list[int]
    """1 for the tokens that the loss counts."""
    language: str
    prompt: str
    """The prompt as text without the begin token, for a trainer that tokenizes by itself."""
    response: str


class Prompt(NamedTuple):
    """One evaluation prompt."""

    row: dict[str, Any]
    """The example as pinchtune reads it."""
    ids: list[int]
    """Token ids that generation starts from."""


class Reference(NamedTuple):
    """One reference response to score."""

    row: dict[str, Any]
    ids: list[int]
    targets: list[int]
    size: int
    """Bytes of the response, the end token counted as one."""


@dataclass(frozen=True)
class Workload:
    """What all competitors work on."""

    base: str
    """The base model as pinchtune names it."""
    model: str
    """Its folder of safetensors."""
    english: str
    """The file of tuning examples."""
    rows: list[TuneRow]
    steps: list[list[int]]
    """The rows of each tuning step, shortest first."""
    prompts: list[Prompt]
    references: list[Reference]
    ends: list[int]
    """Token ids that end an answer."""
    pad: int
    new_tokens: int
    facts: dict[str, Any]
    """What the results say about it."""

    @classmethod
    def load(cls, path: Path) -> Workload:
        """Return the workload in a file."""
        values = json.loads(path.read_text("utf-8"))
        values["rows"] = [TuneRow(*row) for row in values["rows"]]
        values["prompts"] = [Prompt(*row) for row in values["prompts"]]
        values["references"] = [Reference(*row) for row in values["references"]]
        return cls(**values)

    def first_steps(self, count: int) -> list[list[int]]:
        """Return the first `count` steps; all of them for 0."""
        return self.steps[: count or None]


def prepare(settings: Settings) -> Path:
    """Return the workload file of these settings, made if it is not there."""
    english, evaluation = find_data(settings.data)
    files = [path_facts(english), path_facts(evaluation)]
    key = short_hash([SCHEMA, asdict(settings), files])
    path = HOME / "workloads" / f"{key}.json"
    if not path.is_file():
        work = _make(settings, english, evaluation)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(asdict(work), ensure_ascii=False), "utf-8")
        unfinished.replace(path)
    return path


def find_data(folder: str) -> tuple[Path, Path]:
    """Return the tuning file and the evaluation file or folder; BenchError if one is missing."""
    if not folder:
        import pinchtune

        folder = str(Path(pinchtune.__file__).parent / "starter")
    found = []
    for names in (
        ("english_train.jsonl", "base.jsonl"),
        ("eval_prompts.jsonl", "evaluation.jsonl", "evaluation"),
    ):
        path = next((p for n in names if (p := Path(folder) / n).exists()), None)
        if path is None:
            raise BenchError(f"{folder}: has none of {', '.join(names)}; name another folder")
        found.append(path)
    return found[0], found[1]


def path_facts(path: Path) -> list[list[str]]:
    """Return name and hash of a file, or of the files of a folder: a copy is the same data."""
    files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    return [[f.name, sha256(f.read_bytes()).hexdigest()[:16]] for f in files]


def _make(settings: Settings, english: Path, evaluation: Path) -> Workload:
    from pinchtune.data.formats import read_examples
    from pinchtune.model.chat import end_token_ids
    from pinchtune.model.embedded import resolve_base
    from pinchtune.model.load import load_tokenizer

    tokenizer = load_tokenizer(settings.base)
    rng = Random(settings.seed)
    rows, steps = _tuning(tokenizer, [r.example for r in read_examples(english)], settings, rng)
    tests = [r.example for r in read_examples(evaluation)]
    prompts = _prompts(tokenizer, tests, settings.prompts, rng)
    references = _references(tokenizer, tests, settings.references, rng)
    return Workload(
        base=settings.base,
        model=resolve_base(settings.base),
        english=str(english),
        rows=rows,
        steps=steps,
        prompts=prompts,
        references=references,
        ends=end_token_ids(tokenizer),
        pad=int(tokenizer.pad_token_id),
        new_tokens=settings.new_tokens,
        facts=_facts(settings, rows, steps, prompts, references),
    )


def _tuning(
    tokenizer: Any, examples: list[Example], settings: Settings, rng: Random
) -> tuple[list[TuneRow], list[list[int]]]:
    from pinchtune.model.chat import render_prompt
    from pinchtune.stages.train import encode_rows
    from pinchtune.training.batches import plan_epoch

    count = (settings.steps + WARMUP_STEPS) * BATCH
    drawn = rng.sample(examples, min(len(examples), count + count // 4))
    kept, encoded, _ = encode_rows(tokenizer, drawn, LONGEST)
    if len(kept) < count:
        raise BenchError(f"the data hold {len(kept)} usable examples, not {count}; lower --steps")
    begin = str(tokenizer.bos_token or "")
    rows = [
        TuneRow(
            row.encoded.ids,
            [int(t) for t in row.encoded.targets],
            row.language,
            render_prompt(tokenizer, example).removeprefix(begin),
            str(example.response).strip(),
        )
        for example, row in zip(kept[:count], encoded[:count], strict=True)
    ]
    lengths = [len(row.ids) for row in rows]
    steps = plan_epoch(lengths, [r.is_pinch for r in encoded[:count]], BATCH, settings.seed, 0)
    return rows, [sorted(step, key=lambda i: (lengths[i], i)) for step in steps]


def _prompts(tokenizer: Any, tests: list[Example], count: int, rng: Random) -> list[Prompt]:
    from pinchtune.model.chat import encode_prompt

    found: list[Prompt] = []
    for example in take_turns(tests, rng):
        ids = encode_prompt(tokenizer, example)
        if len(found) < count and len(ids) <= LONGEST:
            found.append(Prompt(example.to_row(), ids))
        if len(found) == count:
            return found
    raise BenchError(f"the data hold {len(found)} evaluation prompts, not {count}; lower --prompts")


def _references(tokenizer: Any, tests: list[Example], count: int, rng: Random) -> list[Reference]:
    from pinchtune.model.chat import encode_example
    from pinchtune.model.score import reference_size

    found: list[Reference] = []
    for example in take_turns([e for e in tests if e.response], rng):
        code = encode_example(tokenizer, example, LONGEST)
        if len(found) < count and not code.cut:
            row, targets = example.to_row(), [int(t) for t in code.targets]
            found.append(Reference(row, code.ids, targets, reference_size(example)))
    return found


def take_turns(examples: Sequence[Example], rng: Random) -> Iterable[Example]:
    """Yield all examples, each language in its turn, drawn at random within it."""
    by_language: dict[str, list[Example]] = {}
    for example in examples:
        by_language.setdefault(example.language, []).append(example)
    for rows in by_language.values():
        rng.shuffle(rows)
    while by_language:
        for language in sorted(by_language):
            yield by_language[language].pop()
            if not by_language[language]:
                del by_language[language]


def _facts(
    settings: Settings,
    rows: list[TuneRow],
    steps: list[list[int]],
    prompts: list[Prompt],
    references: list[Reference],
) -> dict[str, Any]:
    timed = [rows[i] for step in steps[WARMUP_STEPS:] for i in step]
    widths = [max(len(rows[i].ids) for i in step) for step in steps[WARMUP_STEPS:]]
    return {
        "model": Path(settings.base).name,
        "data": settings.data_name or ("own data" if settings.data else "starter set"),
        "tune": {
            "steps": settings.steps,
            "batch": BATCH,
            "tokens": sum(len(r.ids) for r in timed),
            "targets": sum(sum(r.targets) for r in timed),
            "padded": sum(BATCH * width for width in widths),
        },
        "generate": {
            "prompts": len(prompts),
            "languages": len({p.row["language"] for p in prompts}),
            "tokens": sum(len(p.ids) for p in prompts),
            "shortest": min(len(p.ids) for p in prompts),
            "longest": max(len(p.ids) for p in prompts),
            "new_tokens": settings.new_tokens,
        },
        "score": {
            "references": len(references),
            "tokens": sum(len(r.ids) for r in references),
            "targets": sum(sum(r.targets) for r in references),
            "bytes": sum(r.size for r in references),
        },
    }
