"""What the base model makes of each language, measured once on parallel texts and kept.

The shipped set holds the same 64 examples in 13 languages. A language that it lacks is measured
on the project's own examples that share a `parallel_id` with an English one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pinchtune.advice.choice import Closeness
from pinchtune.advice.facts import LanguageFacts, Texts, describe_texts, fertility
from pinchtune.advice.mexa import mexa_of_layers
from pinchtune.config import ENGLISH
from pinchtune.data.mix import hash_examples
from pinchtune.files import RunFolder, atomic_write, read_json, write_json
from pinchtune.progress import Progress, Silent, Task
from pinchtune.records import Example
from pinchtune.stages.generate import MAX_REFERENCE
from pinchtune.stages.init import PARALLEL_SETS, starter_files
from pinchtune.stages.project import Project, stage_key, versions

SHIPPED, OWN = "shipped", "own"
FACTS = "facts.json"
LONGEST = 512
"""Tokens of a sentence that are read for MEXA."""
SCORED = 24
"""Parallel responses a language whose bits are counted: a mean over so many paragraphs."""
FEWEST = 10
"""Below so many parallel texts nothing is said about a language."""


class Unit(NamedTuple):
    """The parallel texts of one language in one source, by parallel id."""

    source: str
    code: str
    rows: Mapping[str, Example]

    @property
    def file(self) -> str:
        """Name of the file that its measurements are kept in."""
        return f"unit-{self.source}-{self.code}.npz"


Measured = dict[str, NDArray[Any]]
"""`states` [L, N, D], `tokens` [N], `bits` [S] and `bytes` [S], in the order of the rows."""


def measure_languages(
    project: Project, codes: Sequence[str], progress: Progress | None = None
) -> RunFolder:
    """Write runs/advise/facts: facts.json, what the base model makes of the languages."""
    progress = progress or Silent()
    units = parallel_units(project, codes)
    run = RunFolder(project.path("advise", "facts"), _key(project, units))
    if not run.complete():
        # Loaded first: what is wrong with the model shows before the folder is touched.
        model, tokenizer = _load(project)
        run.start()
        total = sum(len(u.rows) + len(_scored(u)) for u in units)
        with progress.task("measuring languages", total) as task:
            measured = [
                _kept(run.path / unit.file, unit, model, tokenizer, project, task) for unit in units
            ]
        write_json(run.path / FACTS, _facts(units, measured))
        run.finish(
            {"base": project.config.model.base, "versions": versions()},
            drop=[unit.file for unit in units],
        )
    return run


def _key(project: Project, units: Sequence[Unit]) -> str:
    inputs = {
        "model": project.config.model.model_dump(mode="json"),
        "texts": {u.file: hash_examples(list(u.rows.values())) for u in units},
    }
    return stage_key("advise facts", inputs)


def parallel_units(project: Project, codes: Sequence[str]) -> list[Unit]:
    """Return the parallel texts of the languages and of English, the shipped ones first."""
    shipped = _shipped()
    known = [code for code in dict.fromkeys((ENGLISH, *codes)) if code in shipped]
    units = [Unit(SHIPPED, code, shipped[code]) for code in known]
    missing = [code for code in dict.fromkeys(codes) if code not in shipped]
    own = _own(project, missing) if missing else {}
    return units + [Unit(OWN, code, own[code]) for code in own]


def _shipped() -> dict[str, dict[str, Example]]:
    found: dict[str, dict[str, Example]] = {}
    texts = starter_files()
    for name in PARALLEL_SETS:
        for line in texts[f"{name}.jsonl"].splitlines():
            row = json.loads(line)
            if row.get("parallel_id"):
                names = ("instruction", "response", "language", "parallel_id")
                example = Example(**{k: row[k] for k in names})
                found.setdefault(example.language, {})[example.parallel_id] = example
    shared = {i for code, rows in found.items() if code != ENGLISH for i in rows}
    shared &= set(found[ENGLISH])
    return {c: {i: rows[i] for i in sorted(rows) if i in shared} for c, rows in found.items()}


def _own(project: Project, codes: Sequence[str]) -> dict[str, dict[str, Example]]:
    rows = [e for name in ("evaluation", "pinch", "base") for e in project.examples(name)]
    return with_twins(rows, codes)


def with_twins(rows: Sequence[Example], codes: Sequence[str]) -> dict[str, dict[str, Example]]:
    """Return the rows in these languages that have an English twin, and the twins, by parallel id.

    A language with fewer than FEWEST of them is left out.
    """
    usable = {(e.language, e.parallel_id): e for e in rows if e.parallel_id and e.response}
    found = {}
    for code in codes:
        ids = sorted(i for c, i in usable if c == code and (ENGLISH, i) in usable)
        if len(ids) >= FEWEST:
            found[code] = {i: usable[code, i] for i in ids}
    twins = sorted({i for kept in found.values() for i in kept})
    return {ENGLISH: {i: usable[ENGLISH, i] for i in twins}, **found} if found else {}


def _load(project: Project) -> tuple[Any, Any]:
    from transformers.utils import logging

    from pinchtune.model.load import load_model, load_tokenizer
    from pinchtune.model.packed import pack_layers

    logging.disable_progress_bar()
    config = project.config.model
    model, tokenizer = load_model(config), load_tokenizer(config.base)
    if config.kernels == "auto":
        pack_layers(model)
    return model, tokenizer


def _scored(unit: Unit) -> list[Example]:
    return list(unit.rows.values())[:SCORED]


def _kept(
    path: Path, unit: Unit, model: Any, tokenizer: Any, project: Project, task: Task
) -> Measured:
    """Return the measurements of a unit; those that a killed run finished are read."""
    if path.is_file():
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        task.advance(len(unit.rows) + len(_scored(unit)))
        return found
    quick = project.config.model.kernels == "auto"
    found = _measure(unit, model, tokenizer, quick, task)
    with atomic_write(path, "wb") as file:
        np.savez(file, **found)  # type: ignore[arg-type]
    return found


def _measure(unit: Unit, model: Any, tokenizer: Any, quick: bool, task: Task) -> Measured:
    from pinchtune.model.alignment import mean_states
    from pinchtune.model.score import score_references

    rows = list(unit.rows.values())
    states: NDArray[np.float32] | None = None
    for part in mean_states(model, tokenizer, [e.prompt for e in rows], LONGEST):
        if states is None:
            layers, _, width = part.states.shape
            states = np.zeros((layers, len(rows), width), np.float32)
        states[:, part.places] = part.states
        task.advance(len(part.places), unit.code)
    bits: dict[str, tuple[float, int]] = {}
    for batch in score_references(model, tokenizer, _scored(unit), MAX_REFERENCE, quick):
        bits |= {row.prompt_id: (row.bits, row.size) for row in batch}
        task.advance(len(batch), unit.code)
    found = [bits.get(e.id, (np.nan, 0)) for e in _scored(unit)]
    tokens = [tokenizer(_text(e), add_special_tokens=False).input_ids for e in rows]
    return {
        "states": np.zeros((0, 0, 0), np.float32) if states is None else states,
        "tokens": np.array([len(ids) for ids in tokens]),
        "bits": np.array([b for b, _ in found]),
        "bytes": np.array([s for _, s in found]),
    }


def _text(example: Example) -> str:
    return f"{example.prompt}\n{example.response}"


def _facts(units: Sequence[Unit], measured: Sequence[Measured]) -> dict[str, Any]:
    """Return the content of facts.json."""
    found = dict(zip(((u.source, u.code) for u in units), measured, strict=True))
    languages = []
    for unit in units:
        if unit.code != ENGLISH or unit.source == SHIPPED:
            english = next(u for u in units if (u.source, u.code) == (unit.source, ENGLISH))
            languages.append(_language(unit, found[unit.source, unit.code], english, found))
    codes = [row["code"] for row in languages]
    pairs = [[_between(a, b, units, found) for b in codes] for a in codes]
    return {"languages": languages, "closeness": {"codes": codes, "values": pairs}}


def _language(
    unit: Unit, mine: Measured, english: Unit, found: Mapping[tuple[str, str], Measured]
) -> dict[str, Any]:
    theirs = found[unit.source, ENGLISH]
    here, there = common_places(unit, english)
    layers = mexa_of_layers(theirs["states"][:, there], mine["states"][:, here])
    is_english = unit.code == ENGLISH
    return {
        "code": unit.code,
        "source": unit.source,
        "pairs": len(here),
        **fertility(unit.code, _texts(unit, mine, here), _texts(english, theirs, there)),
        "bits_per_byte": float(np.nansum(mine["bits"]) / max(1, mine["bytes"].sum())),
        "parity": 1.0 if is_english else _parity(unit, mine, english, theirs),
        "mexa": 1.0 if is_english else float(layers.mean()),
        "mexa_best": 1.0 if is_english else float(layers.max()),
        "mexa_layers": [] if is_english else [round(float(v), 6) for v in layers],
    }


def common_places(a: Unit, b: Unit) -> tuple[list[int], list[int]]:
    """Return the places, in both units, of the parallel ids that both have."""
    ids = [i for i in a.rows if i in b.rows]
    first, second = (list(u.rows) for u in (a, b))
    return [first.index(i) for i in ids], [second.index(i) for i in ids]


def _texts(unit: Unit, measured: Measured, places: Sequence[int]) -> Texts:
    rows = list(unit.rows.values())
    return describe_texts([_text(rows[i]) for i in places], int(measured["tokens"][places].sum()))


def _parity(unit: Unit, mine: Measured, english: Unit, theirs: Measured) -> float | None:
    """Return the bits of English over ours, on the responses that both were scored on."""
    place = {i: k for k, i in enumerate(list(english.rows)[:SCORED])}
    pairs = [(place[i], k) for k, i in enumerate(list(unit.rows)[:SCORED]) if i in place]
    both = [(theirs["bits"][a], mine["bits"][b]) for a, b in pairs]
    known = [(float(a), float(b)) for a, b in both if np.isfinite(a) and np.isfinite(b)]
    return sum(a for a, _ in known) / sum(b for _, b in known) if known else None


def _between(
    a: str, b: str, units: Sequence[Unit], found: Mapping[tuple[str, str], Measured]
) -> float | None:
    """Return the MEXA of two languages, mean over the layers; None if no source has both."""
    for source in (SHIPPED, OWN):
        both = [u for code in (a, b) for u in units if (u.source, u.code) == (source, code)]
        if len(both) == 2:
            here, there = common_places(*both)
            if len(here) >= FEWEST:
                first, second = (found[source, code]["states"] for code in (a, b))
                return round(float(mexa_of_layers(first[:, here], second[:, there]).mean()), 6)
    return None


def read_facts(path: Path) -> tuple[dict[str, LanguageFacts], Closeness]:
    """Return what was measured: the facts by language, and how close the languages lie."""
    content = read_json(path)
    names = LanguageFacts.__dataclass_fields__
    facts = {
        row["code"]: LanguageFacts(**{k: v for k, v in row.items() if k in names})
        for row in content["languages"]
    }
    table = content["closeness"]
    values = [[np.nan if v is None else v for v in row] for row in table["values"]]
    return facts, Closeness(tuple(table["codes"]), np.array(values, float))


def known_facts(project: Project) -> dict[str, LanguageFacts]:
    """Return the facts by language that `pinch advise languages` has measured; {} if none.

    What was measured with another base model, or on other texts, says nothing of today's.
    """
    path = project.path("advise", "facts")
    if not path.is_dir():
        return {}
    run = RunFolder(path, _key(project, parallel_units(project, advised_languages(project))))
    return read_facts(run.path / FACTS)[0] if run.complete() else {}


def advised_languages(project: Project) -> list[str]:
    """Return the languages that must work, English left out, and the candidates."""
    must = [code for code in project.config.languages.evaluated if code != ENGLISH]
    return list(dict.fromkeys([*must, *project.config.advise.candidates]))


def add_own(
    project: Project, facts: Mapping[str, LanguageFacts], codes: Sequence[str]
) -> dict[str, LanguageFacts]:
    """Return the facts with what the project knows: enquiries, cost, examples in the pool."""
    costs = project.config.advise.cost
    usual = sum(costs.values()) / len(costs) if costs else 1.0
    asked = read_enquiries(project)
    pool = [e.language for e in project.pool().drawable if e.response]
    return {
        code: replace(
            facts.get(code, LanguageFacts(code)),
            cost=costs.get(code, usual),
            enquiries=None if asked is None else int(asked.get(code, 0)),
            examples=pool.count(code),
        )
        for code in codes
    }


def read_enquiries(project: Project) -> dict[str, int] | None:
    """Return {language: enquiries} of a finished runs/mine, or None."""
    path = project.path("mine", "summary.json")
    if not path.is_file():
        return None
    return {code: int(n) for code, n in read_json(path)["languages"].items()}
