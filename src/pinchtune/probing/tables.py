"""What a run says in sentences and tables, from its JSON object alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pinchtune.probing.arms import CONTROL, PINCH
from pinchtune.reporting.grids import Table
from pinchtune.reporting.wording import Wording

Json = Mapping[str, Any]
GROUPS = ("english", "seen", "unseen")
HEADLINE = "right_language"


def name_arm(name: str, words: Wording) -> str:
    """Return the name of an arm: that of the report, with the seed of a later one."""
    seed, _, arm = name.rpartition("/")
    said = words(f"arm.{arm}")
    return words("arm.seeded", arm=said, seed=seed.removeprefix("seed")) if seed else said


def name_trial(name: str, found: Json, words: Wording) -> str:
    """Return the name of an intervention, or of an arm beside it."""
    if words.knows("arm", name):
        return words(f"arm.{name}")
    setting = found["interventions"]["setting"]
    early = setting["layers"] - setting["last"]
    return words(f"trial.{name}", last=setting["last"], early=early, strength=setting["strength"])


def name_pair(after: str, before: str, words: Wording) -> str:
    """Return the name of an arm against one before it."""
    return words("arm.pair", after=name_arm(after, words), before=name_arm(before, words))


def write(estimate: Json, words: Wording, digits: int = 1, sign: bool = False) -> str:
    """Return a value with its interval."""
    number = words.number(estimate["value"], digits, sign)
    return f"{number} {words.bracket(estimate, digits, sign)}".strip()


def summarise(found: Json, words: Wording) -> list[str]:
    """Return what the figures say of the hypothesis, part by part, if both arms are there."""
    if not {CONTROL, PINCH} <= set(found["arms"]):
        return [words("says.missing")]
    return [
        *_say_middle(found, words),
        _say_moved(found, words),
        *_say_lens(found, words),
        *_say_trials(found, words),
    ]


def _say_middle(found: Json, words: Wording) -> Iterator[str]:
    middle = found["middle"]
    for measure in ("mexa", "retrieval_centred"):
        change = found["middle_changes"][measure][PINCH][CONTROL]
        yield words(
            "says.middle",
            first=middle[0] + 1,
            last=middle[-1] + 1,
            layers=found["layers"],
            measure=words(f"curve.{measure}"),
            change=write(change, words, sign=True),
            result=words(f"says.{_result(change)}"),
        )


def _result(change: Json) -> str:
    """Return whether an interval lies above 0, below it, or around it."""
    if change["low"] is None:
        return "unknown"
    return "above" if change["low"] > 0 else "below" if change["high"] < 0 else "around"


def _say_moved(found: Json, words: Wording) -> str:
    last, layers = found["last"], found["layers"]
    shares = found["moved"]["weights"][PINCH][CONTROL]["shares"]
    return words(
        "says.moved",
        last=last,
        layers=layers,
        share=words.number(100 * sum(shares[-last:])),
        even=words.number(100 * last / layers),
    )


def _say_lens(found: Json, words: Wording) -> Iterator[str]:
    """Yield what is told after the middle layers, and after the last one."""
    curves, changes = found["curves"]["target"], found["changes"]["target"][PINCH][CONTROL]
    for layer in dict.fromkeys((found["middle"][-1], found["layers"] - 1)):
        yield words(
            "says.lens",
            layer=layer + 1,
            pinch=words.number(curves[PINCH][layer]["value"], 1),
            english=words.number(curves[CONTROL][layer]["value"], 1),
            change=write(changes[layer], words, sign=True),
        )


def _say_trials(found: Json, words: Wording) -> Iterator[str]:
    trials = found.get("interventions")
    if not trials:
        yield words("says.no_trials")
        return
    for name, scores in trials["scores"].items():
        if name not in (CONTROL, PINCH):
            own, pinch = (scores[HEADLINE][part] for part in ("value", "against_pinch"))
            yield words(
                "says.trial",
                name=name_trial(name, found, words),
                seen=write(own["groups"]["seen"], words),
                seen_pinch=write(pinch["groups"]["seen"], words, sign=True),
                unseen=write(own["groups"]["unseen"], words),
                unseen_pinch=write(pinch["groups"]["unseen"], words, sign=True),
            )


def build_tables(found: Json, words: Wording) -> list[Table]:
    """Return the tables of a run."""
    tables = [
        _middle(found, words),
        *_trials(found, words),
        *_gain(found, words),
        _neurons(found, words),
        *_by_language(found, words),
    ]
    return [table for table in tables if table.rows]


def _middle(found: Json, words: Wording) -> Table:
    measures = list(found["middle_changes"])
    changes = found["middle_changes"].values()
    pairs = dict.fromkeys((a, b) for by in changes for a, own in by.items() for b in own)
    rows = [
        [
            name_pair(after, before, words),
            *(write(found["middle_changes"][m][after][before], words, sign=True) for m in measures),
        ]
        for after, before in pairs
    ]
    header = [words("table.pair"), *(words(f"curve.{m}") for m in measures)]
    middle = found["middle"]
    title = words("table.middle", first=middle[0] + 1, last=middle[-1] + 1)
    return Table(title, header, rows)


def _trials(found: Json, words: Wording) -> Iterator[Table]:
    trials = found.get("interventions")
    if not trials:
        return
    header = [words("table.arm"), *(words(f"group.{group}") for group in GROUPS)]
    for measure in next(iter(trials["scores"].values())):
        for part in ("value", "against_english", "against_pinch"):
            rows = [
                [
                    name_trial(name, found, words),
                    *(write(scores[measure][part]["groups"][g], words, sign=part != "value")
                      for g in GROUPS),
                ]
                for name, scores in trials["scores"].items()
            ]  # fmt: skip
            title = words(f"table.{part}", measure=words(f"measure.{measure}"))
            yield Table(title, header, rows)


def _gain(found: Json, words: Wording) -> Iterator[Table]:
    if not found["gain"]:
        return
    rows = [
        [
            words(f"against.{name}"),
            words.number(row["pearson"]["n"]),
            write(row["pearson"], words, 2),
            words.number(row["spearman"], 2),
        ]
        for name, row in found["gain"]["against"].items()
        if "pearson" in row
    ]
    names = ("against", "languages", "pearson", "spearman")
    yield Table(words("table.gain"), [words(f"table.{name}") for name in names], rows)


def _neurons(found: Json, words: Wording) -> Table:
    arms = found["neurons"]["arms"]
    codes = next(iter(arms.values()))["languages"]
    header = [words("page.language"), *(name_arm(name, words) for name in arms)]
    rows = [
        [words.language(code), *(words.number(a["languages"][code]) for a in arms.values())]
        for code in codes
    ]
    kept = found["neurons"]["kept"]
    rows += [
        [
            words("table.kept", before=name_arm(before, words)),
            *_row(kept, before, list(arms), words),
        ]
        for before in dict.fromkeys(b for own in kept.values() for b in own)
    ]
    return Table(words("table.neurons"), header, rows)


def _row(kept: Json, before: str, arms: Sequence[str], words: Wording) -> list[str]:
    values = [kept.get(name, {}).get(before) for name in arms]
    none = words("page.unknown")
    return [none if v is None else words("page.percent", value=words.number(v)) for v in values]


def _by_language(found: Json, words: Wording) -> Iterator[Table]:
    """Yield each alignment measure by language, mean over the middle layers."""
    middle = found["middle"]
    for measure in ("mexa", "retrieval", "retrieval_centred"):
        chance = "mexa" if measure == "mexa" else "retrieval"
        rows = [
            [
                words.language(row["code"]),
                words.number(row["sentences"]),
                words.number(row["chance"][chance], 1),
                *(_mean(found["by_language"][name][measure][row["code"]], middle, words)
                  for name in found["arms"]),
            ]
            for row in found["languages"]
        ]  # fmt: skip
        header = [words("page.language"), words("table.sentences"), words("table.chance")]
        header += [name_arm(name, words) for name in found["arms"]]
        yield Table(words("table.by_language", measure=words(f"curve.{measure}")), header, rows)


def _mean(values: Sequence[float], layers: Sequence[int], words: Wording) -> str:
    return words.number(sum(values[k] for k in layers) / len(layers), 1)
