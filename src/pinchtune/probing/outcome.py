"""All figures of a run as one JSON object; pages and tables are made from it alone.

Percentages are 0 to 100; a value with an interval is {value, low, high, n}. Lists go over the
layers. `changes`, `cka.arms` and `moved` name an arm and the arm before it: [after][before].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pinchtune.advice.mexa import chance
from pinchtune.config import ENGLISH, Config
from pinchtune.probing.arms import CONTROL, PINCH, Arm
from pinchtune.probing.curves import (
    Scores,
    alignment_scores,
    beside,
    change_of_layers,
    estimate_layers,
    lens_scores,
    resample_sentences,
)
from pinchtune.probing.neurons import lape
from pinchtune.probing.parts import Arrays, unit_name
from pinchtune.probing.similarity import cka, relative_move, unbiased_cka
from pinchtune.probing.texts import Texts
from pinchtune.stages.project import BASE_ARM
from pinchtune.stats import DIGITS, Resamples, correlate

Json = dict[str, Any]


class Measured(NamedTuple):
    """What was measured of one arm."""

    states: Arrays
    lens: Arrays
    neurons: Arrays
    weights: Json
    """How far the weights moved, by the arm before."""


def middle_layers(count: int) -> range:
    """Return the middle third of the layers, counted from 0."""
    return range(count // 3, max(count // 3 + 1, 2 * count // 3))


def describe(
    config: Config, arms: Sequence[Arm], texts: Texts, measured: Mapping[str, Measured]
) -> Json:
    """Return all figures but those of the interventions."""
    scores = {name: _scores(found, texts) for name, found in measured.items()}
    first = next(iter(scores.values()))
    layers = len(first["mexa"].values)
    settings = config.evaluate
    resamples = resample_sentences(first, settings.resamples, settings.seed)
    pairs = [(a.name, b.name) for a in arms for b in a.before() if b.name in measured]
    return {
        "arms": list(measured),
        "layers": layers,
        "middle": list(middle_layers(layers)),
        "languages": _languages(config, texts),
        "left_out": texts.left_out,
        "curves": _curves(scores, resamples),
        "changes": _changes(scores, pairs, resamples),
        "middle_changes": _middle_changes(scores, pairs, resamples, middle_layers(layers)),
        "by_language": {
            name: {measure: _rounded(one.by_language()) for measure, one in own.items()}
            for name, own in scores.items()
        },
        "cka": _similarity(measured, texts, pairs),
        "moved": _moved(measured, texts, pairs),
        "neurons": _neurons(measured, pairs),
    }


def _scores(found: Measured, texts: Texts) -> dict[str, Scores]:
    return {**alignment_scores(found.states, texts), **lens_scores(found.lens, texts)}


def _languages(config: Config, texts: Texts) -> list[Json]:
    tuned = config.languages.tuned
    return [
        {
            "code": pair.unit.code,
            "group": "seen" if pair.unit.code in tuned else "unseen",
            "source": pair.unit.source,
            "sentences": len(pair.ids),
            "chance": {"mexa": 100 * chance(len(pair.ids)), "retrieval": 100 / len(pair.ids)},
        }
        for pair in texts.pairs()
    ]


def _curves(scores: Mapping[str, Mapping[str, Scores]], resamples: Resamples) -> Json:
    found: Json = {}
    for name, own in scores.items():
        for measure, one in own.items():
            estimates = [e.to_json() for e in estimate_layers(one, resamples)]
            found.setdefault(measure, {})[name] = estimates
    return found


def _changes(
    scores: Mapping[str, Mapping[str, Scores]],
    pairs: Iterable[tuple[str, str]],
    resamples: Resamples,
) -> Json:
    found: Json = {}
    for after, before in pairs:
        for measure, one in scores[after].items():
            changes = change_of_layers(one, scores[before][measure], resamples)
            rows = [e.to_json() for e in changes]
            found.setdefault(measure, {}).setdefault(after, {})[before] = rows
    return found


def _middle_changes(
    scores: Mapping[str, Mapping[str, Scores]],
    pairs: Iterable[tuple[str, str]],
    resamples: Resamples,
    middle: range,
) -> Json:
    """Return the change of the mean over the middle layers."""
    only = {a: {m: one.of(middle) for m, one in own.items()} for a, own in scores.items()}
    found = _changes(only, pairs, resamples)
    return {
        measure: {a: {b: rows[0] for b, rows in own.items()} for a, own in by_arm.items()}
        for measure, by_arm in found.items()
    }


def _similarity(
    measured: Mapping[str, Measured], texts: Texts, pairs: Iterable[tuple[str, str]]
) -> Json:
    """Return CKA, unbiased and as published, between languages and between arms."""
    found: Json = {"languages": {}, "arms": {}}
    for name, own in measured.items():
        both = {p.unit.code: beside(own.states, p) for p in texts.pairs()}
        found["languages"][name] = _by_layer(both)
    for after, before in pairs:
        states = {
            unit_name(unit): (
                measured[before].states[unit_name(unit)],
                measured[after].states[unit_name(unit)],
            )
            for unit in texts.units
        }
        found["arms"].setdefault(after, {})[before] = _by_layer(states)
    return found


def _by_layer(both: Mapping[str, tuple[Any, Any]]) -> Json:
    """Return for each CKA its mean over the given pairs of states [L, N, D], and each of them."""
    found: Json = {}
    for name, measure in (("unbiased", unbiased_cka), ("biased", cka)):
        rows = {
            key: [measure(*layer) for layer in zip(*pair, strict=True)]
            for key, pair in both.items()
        }
        found[name] = {"mean": _means(rows.values()), "each": _rounded(rows)}
    return found


def _means(rows: Iterable[Sequence[float]]) -> list[float | None]:
    """Return the mean of each layer over what is known; null where nothing is."""
    columns = ([v for v in column if np.isfinite(v)] for column in zip(*rows, strict=True))
    return [round(float(np.mean(known)), DIGITS) if known else None for known in columns]


def _moved(
    measured: Mapping[str, Measured], texts: Texts, pairs: Iterable[tuple[str, str]]
) -> Json:
    """Return how far weights and states moved, relative to what they were."""
    states: Json = {}
    for after, before in pairs:
        old, new = measured[before].states, measured[after].states
        rows = [
            [relative_move(*layer) for layer in zip(old[name], new[name], strict=True)]
            for name in map(unit_name, texts.units)
        ]
        states.setdefault(after, {})[before] = _means(rows)
    weights = {name: _rounded(own.weights) for name, own in measured.items() if own.weights}
    return {"weights": weights, "states": states}


def _neurons(measured: Mapping[str, Measured], pairs: Iterable[tuple[str, str]]) -> Json:
    """Return how many neurons are specific, where, to what, and how many are those of before."""
    found: Json = {"arms": {}, "kept": {}}
    chosen = {}
    for name, own in measured.items():
        active, tokens = own.neurons["active"], own.neurons["tokens"]
        specific = lape(active / np.maximum(tokens, 1)[:, None, None])
        chosen[name] = specific.chosen
        codes = [str(code) for code in own.neurons["codes"]]
        found["arms"][name] = {
            "neurons": int(specific.chosen.size),
            "layers": specific.chosen.sum(axis=1).tolist(),
            "languages": dict(zip(codes, specific.owned.sum(axis=(1, 2)).tolist(), strict=True)),
            "tokens": dict(zip(codes, tokens.tolist(), strict=True)),
        }
    for after, before in pairs:
        shared = int((chosen[after] & chosen[before]).sum())
        of = max(1, int(chosen[before].sum()))
        found["kept"].setdefault(after, {})[before] = round(100 * shared / of, DIGITS)
    return found


def correlate_gain(found: Json, gains: Mapping[str, float]) -> Json:
    """Return what of the inside goes together with the gain of a language, as correlations.

    `gains` are differences of the pinch arm to the English arm, by language.
    """
    by, last, middle = found["by_language"], found["layers"] - 1, found["middle"]
    looked: Json = {}
    if BASE_ARM in by:
        mexa, centred = by[BASE_ARM]["mexa"], by[BASE_ARM]["retrieval_centred"]
        looked["mexa_before"] = {code: float(np.mean(v)) for code, v in mexa.items()}
        looked["retrieval_before"] = {c: _mean(v, middle) for c, v in centred.items()}
    if {CONTROL, PINCH} <= set(by):
        looked["mexa_change"] = {
            code: _mean(values, middle) - _mean(by[CONTROL]["mexa"][code], middle)
            for code, values in by[PINCH]["mexa"].items()
        }
        looked["target_change"] = {
            code: values[last] - by[CONTROL]["target"][code][last]
            for code, values in by[PINCH]["target"].items()
        }
    rows = {name: _against_gain(values, gains) for name, values in looked.items()}
    return {"gains": {c: v for c, v in gains.items() if c != ENGLISH}, "against": rows}


def _mean(values: Sequence[float], layers: Sequence[int]) -> float:
    return float(np.mean([values[k] for k in layers]))


def _against_gain(values: Mapping[str, float], gains: Mapping[str, float]) -> Json:
    codes = [code for code in values if code in gains]
    found = correlate([values[c] for c in codes], [gains[c] for c in codes])
    row: Json = {"values": _rounded({code: values[code] for code in codes})}
    if found:
        row |= {
            "pearson": found.r.to_json(),
            "spearman": round(found.rank, DIGITS),
            "slope": found.slope,
            "intercept": found.intercept,
        }
    return row


def _rounded(value: Any) -> Any:
    """Return numbers in lists and objects as JSON keeps them; NaN is null."""
    if isinstance(value, Mapping):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(value, DIGITS) if np.isfinite(value) else None
