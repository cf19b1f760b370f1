"""Mixing: the English arm and the pinch arm, from one draw, with proof of what differs.

Replacing keeps the budget fixed, as in the paper: `dose` English examples make room for as
many multilingual ones. Adding keeps every English example. Either way the rest of the English
set is the same in both arms, and the manifest holds its hash.
"""

from __future__ import annotations

import random
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pinchtune.config import ENGLISH, MixConfig
from pinchtune.errors import UsageError
from pinchtune.languages import get_language
from pinchtune.records import Example, content_hash

ARMS = ("english", "pinch")


class Mixture(NamedTuple):
    """The training rows of both arms and the facts of the draw."""

    english: list[Example]
    """The control arm: English only."""
    pinch: list[Example]
    """The treated arm: the pinch spread evenly among the English rows."""
    facts: dict[str, Any]
    """What the manifest says: recipe, counts, ids, hash of the untouched rest."""


def make_mixture(
    base: Sequence[Example],
    pool: Sequence[Example],
    evaluation: Sequence[Example],
    languages: Sequence[str],
    config: MixConfig,
    relatives: Sequence[Example] = (),
    unapproved: bool = False,
) -> Mixture:
    """Return both arms; UsageError if the sets cannot give what the recipe asks for.

    `relatives` are rows that are not drawn but tell which of the pool are twins of a prompt
    that is evaluated. `unapproved` draws rows of the pool that nobody approved.
    """
    usable = [e for e in base if _usable(e) and e.language == ENGLISH]
    refuse_contamination([*usable, *pool], evaluation, relatives)
    english = _draw_base(usable, config)
    dose = pinch_size(len(english), config)
    if config.mode == "replace" and dose > len(english):
        raise UsageError(
            f"mix.dose: {dose} examples cannot replace {len(english)} English ones; "
            "lower the dose, raise mix.budget, or set mix.mode to 'add'"
        )
    known = known_rows(pool, unapproved)
    pinch = draw_pinch(known, languages, dose, config.seed)
    replaced = _draw_replaced(english, dose if config.mode == "replace" else 0, config.seed)
    rest = [e for e in english if e.id not in replaced]
    facts = _facts(english, rest, pinch, languages, config)
    facts["not_used"] = {
        "base": len(base) - len(usable),
        "pinch": len(pool) - len(known),
    }
    return Mixture(english, spread(rest, pinch), facts)


def pinch_size(english: int, config: MixConfig) -> int:
    """Return how many multilingual examples are mixed into a base of `english` examples."""
    return config.dose if config.percent is None else round(config.percent / 100 * english)


def known_rows(pool: Sequence[Example], unapproved: bool = False) -> list[Example]:
    """Return the rows of a pool that can be drawn.

    A row whose language nobody could tell is of none of them; `pinch data check` lists it.
    """
    return [e for e in pool if (_usable(e) or (unapproved and e.response)) and e.language]


def _usable(example: Example) -> bool:
    """True if the example may be trained on: approved, with a response."""
    return example.status == "approved" and bool(example.response)


def _draw_base(usable: Sequence[Example], config: MixConfig) -> list[Example]:
    unique = list({e.id: e for e in usable}.values())
    if not unique:
        raise UsageError(
            "data.base: holds no approved English example with a response; check the language "
            "column (`pinch data list`)"
        )
    if config.budget > len(unique):
        raise UsageError(
            f"mix.budget: {config.budget} examples asked for, but the base set has {len(unique)}; "
            "lower the budget or add examples"
        )
    rng = random.Random(f"base-{config.seed}")
    return rng.sample(unique, config.budget or len(unique))


def draw_pinch(
    pool: Sequence[Example], languages: Sequence[str], dose: int, seed: int
) -> list[Example]:
    """Return `dose` examples, split evenly over `languages`, no instruction twice if avoidable."""
    cards = [Card(get_language(e.language).code, e.id, e.parallel_id or e.id) for e in pool]
    wanted = shares(dose, languages)
    for code, count in wanted.items():
        found = len({card.id for card in cards if card.group == code})
        if count > found:
            raise UsageError(
                f"mix.dose: {count} examples in {code} asked for, but the pinch pool has "
                f"{found}; lower the dose or add examples in {code}"
            )
    return [pool[place] for place in draw_in_turns(cards, wanted, seed)]


class Card(NamedTuple):
    """What a draw knows of an example."""

    group: str
    """Its language."""
    id: str
    twin: str
    """What its parallel versions share with it; its own id if it has none."""


def draw_in_turns(cards: Sequence[Card], wanted: Mapping[str, int], seed: int) -> list[int]:
    """Return the places of a seeded draw, as many of each group as wanted or as there are.

    Groups take turns; one draws the first card of its shuffled row whose twins are still unused.
    """
    queues = {group: _shuffle(cards, group, seed) for group in wanted}
    left = {group: min(count, len(queues[group])) for group, count in wanted.items()}
    taken: list[int] = []
    used: set[str] = set()
    while any(left.values()):
        for group, queue in queues.items():
            if left[group]:
                fresh = next((i for i in queue if cards[i].twin not in used), queue[0])
                queue.remove(fresh)
                used.add(cards[fresh].twin)
                taken.append(fresh)
                left[group] -= 1
    return taken


def _shuffle(cards: Sequence[Card], group: str, seed: int) -> list[int]:
    """Return the places of a group in a seeded order; of one id the last counts."""
    places = list({card.id: i for i, card in enumerate(cards) if card.group == group}.values())
    random.Random(f"pinch-{group}-{seed}").shuffle(places)
    return places


def shares(dose: int, languages: Sequence[str]) -> dict[str, int]:
    """Return how many examples of each language a dose has: as even as can be, first ones first."""
    return {code: _share(dose, len(languages), i) for i, code in enumerate(languages)}


def _share(total: int, parts: int, index: int) -> int:
    return total // parts + (index < total % parts)


def _draw_replaced(english: Sequence[Example], dose: int, seed: int) -> set[str]:
    return {e.id for e in random.Random(f"replace-{seed}").sample(english, dose)}


def spread(rest: Sequence[Example], pinch: Sequence[Example]) -> list[Example]:
    """Return all rows in one list, the pinch at even distances among the rest."""
    total = len(rest) + len(pinch)
    rows: list[Example] = []
    rest_rows, pinch_rows = iter(rest), iter(pinch)
    for i in range(total):
        is_pinch = (i + 1) * len(pinch) // total > i * len(pinch) // total
        rows.append(next(pinch_rows if is_pinch else rest_rows))
    return rows


def _facts(
    english: Sequence[Example],
    rest: Sequence[Example],
    pinch: Sequence[Example],
    languages: Sequence[str],
    config: MixConfig,
) -> dict[str, Any]:
    kept = {e.id for e in rest}
    return {
        "recipe": {**config.model_dump(mode="json"), "languages": list(languages)},
        "examples": {
            "english": count_languages(english),
            "pinch": count_languages([*rest, *pinch]),
        },
        "pinch": [
            {"id": e.id, "language": e.language, "parallel_id": e.parallel_id} for e in pinch
        ],
        "replaced": [e.id for e in english if e.id not in kept],
        "untouched": {"examples": len(rest), "sha256_16": hash_examples(rest)},
    }


def count_languages(examples: Iterable[Example]) -> dict[str, int]:
    """Return {language: number of examples}, most first."""
    return dict(Counter(e.language for e in examples).most_common())


def hash_examples(examples: Iterable[Example]) -> str:
    """Return a hash of the set of examples that does not depend on their order."""
    return content_hash(sorted(content_hash(e.to_row()) for e in examples))


def refuse_contamination(
    training: Iterable[Example], evaluation: Sequence[Example], relatives: Iterable[Example] = ()
) -> None:
    """Raise UsageError if an example, or its parallel twin in any language, is evaluated too.

    `relatives` are not trained on: one that is evaluated makes its twins known as such.
    """
    prompts: dict[str, Example] = {_normal(e.prompt): e for e in evaluation}
    evaluated = [*evaluation, *(e for e in relatives if _normal(e.prompt) in prompts)]
    twins = {e.parallel_id for e in evaluated if e.parallel_id}
    found: dict[str, list[str]] = defaultdict(list)
    for example in training:
        if example.parallel_id in twins:
            found[f"its parallel twin {example.parallel_id!r}"].append(example.instruction)
        elif (same := prompts.get(_normal(example.prompt))) is not None:
            found[f"the same prompt ({same.language})"].append(example.instruction)
    if found:
        why, instructions = next(iter(found.items()))
        count = sum(map(len, found.values()))
        raise UsageError(
            f"contamination: {count} training example(s) are in the evaluation set, such as "
            f"“{instructions[0][:60]}” ({why}); remove them from one of the two"
        )


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
