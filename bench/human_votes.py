"""How far the reference judge agrees with people, on public votes about English answers.

`python -m bench.human_votes TESTSET.json INSTRUCTIONS.jsonl [--json FILE]`: 999 pairs of answers
with the votes of three people (PandaLM, data/testset-v1.json), to instructions whose references are
in Self-Instruct (human_eval/user_oriented_instructions.jsonl). Fetch your own copies.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from pinchtune.evaluation.health import agreement, pooled
from pinchtune.evaluation.judge import LOSS, TIE, WIN, ReferenceJudge, judge_pair
from pinchtune.files import write_json
from pinchtune.records import Example, Verdict
from pinchtune.stats import Estimate

VOTES = {0: TIE, 1: LOSS, 2: WIN}
"""What a person's number means for the second answer."""
PEOPLE = ("annotator1", "annotator2", "annotator3")
ANSWERS = ("response1", "response2")
"""Some are numbers or true in the file: an answer is text."""
COUNT = 2000


class Pair(NamedTuple):
    """Two answers with what people and the judge said of them."""

    verdict: Verdict
    votes: tuple[float, ...]
    instruction: str
    """What both answer: pairs about the same one are one cluster."""


def read_pairs(testset: Path, instructions: Path, judge: ReferenceJudge) -> Iterator[Pair]:
    """Yield the pairs whose instruction has a reference."""
    rows = map(json.loads, instructions.read_text("utf-8").splitlines())
    references = {
        (row["instruction"].strip(), one["input"].strip()): one["output"]
        for row in rows
        for one in row["instances"]
    }
    for number, row in enumerate(json.loads(testset.read_text("utf-8"))):
        asked = row["instruction"].strip(), row["input"].strip()
        if asked in references:
            prompt = Example("\n".join(asked).strip(), references[asked], "en")
            verdict = judge_pair(judge, prompt, *(str(row[name]) for name in ANSWERS))
            verdict = replace(verdict, prompt_id=str(number))
            yield Pair(verdict, tuple(VOTES[row[name]] for name in PEOPLE), prompt.instruction)


def compare(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return how far the judge agrees with people, and they with each other."""
    said = [
        (person, Verdict(p.verdict.prompt_id, "en", vote, "", "", "", person))
        for p in pairs
        for person, vote in zip(PEOPLE, p.votes, strict=True)
    ]
    found = agreement([p.verdict for p in pairs], said, COUNT)["all"]
    ours = [p.verdict.score or 0.0 for p in pairs]
    people = [median(p.votes) for p in pairs]
    same = [score == vote for score, vote in zip(ours, people, strict=True)]
    near = [1 - abs(score - vote) for score, vote in zip(ours, people, strict=True)]
    decided = [i for i in range(len(pairs)) if TIE not in (ours[i], people[i])]
    return {
        "pairs": len(pairs),
        "instructions": len({p.instruction for p in pairs}),
        "judge_ties": share(pairs, [score == TIE for score in ours]),
        "people_tie": share(pairs, [vote == TIE for vote in people]),
        "same": share(pairs, same),
        "discounted": share(pairs, near),
        "same_where_neither_ties": share([pairs[i] for i in decided], [same[i] for i in decided]),
        "one_person_and_the_others": share(pairs, [others_agree(p.votes) for p in pairs]),
        "alpha_judge_people": found.alpha.to_json(),
        "alpha_among_people": found.among_people.to_json(),
    }


def others_agree(votes: Sequence[float]) -> float:
    """Return how often one person says what the median of the other two says, a tie half."""
    rest = [(vote, [v for j, v in enumerate(votes) if j != i]) for i, vote in enumerate(votes)]
    return sum(1 - abs(vote - median(others)) for vote, others in rest) / len(votes)


def share(pairs: Sequence[Pair], values: Sequence[float]) -> dict[str, Any]:
    """Return the mean in percent with its interval over instructions."""
    estimate: Estimate = pooled([100.0 * v for v in values], [p.instruction for p in pairs], COUNT)
    return estimate.to_json()


def main(arguments: Sequence[str]) -> int:
    """Judge the pairs, print and store the agreement."""
    parser = argparse.ArgumentParser(prog="python -m bench.human_votes", description=__doc__)
    parser.add_argument("testset", type=Path)
    parser.add_argument("instructions", type=Path)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args(arguments)
    pairs = list(read_pairs(options.testset, options.instructions, ReferenceJudge(["en"])))
    found = compare(pairs)
    if options.json:
        write_json(options.json, found)
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
