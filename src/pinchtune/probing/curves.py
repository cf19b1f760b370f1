"""From what was measured of single sentences to curves over the layers, with intervals.

A sentence in all its languages is one draw, as in an evaluation; the score of several languages is
the unweighted mean of theirs. The rivals of a sentence are those of the set, in every resample.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pinchtune.advice.mexa import cosines, hits_of_cosines
from pinchtune.probing.lens import GROUPS, has_own_script
from pinchtune.probing.parts import Arrays, unit_name
from pinchtune.probing.similarity import centred, retrieval_hits
from pinchtune.probing.texts import Pairs, Texts
from pinchtune.stats import Array, ClusteredScores, Estimate, Resamples

ALIGNMENT = ("mexa", "retrieval", "retrieval_centred")
"""Measures of how alike a sentence lies in two languages."""


class Scores(NamedTuple):
    """What each sentence scored in each layer, in percent."""

    values: Array
    """[L, S]"""
    sentences: list[str]
    """Parallel id of each column."""
    languages: list[str]
    """Language of each column."""

    def of(self, layers: range) -> Scores:
        """Return the mean over some layers, as one layer."""
        return self._replace(values=self.values[layers].mean(axis=0, keepdims=True))

    def by_language(self) -> dict[str, list[float]]:
        """Return the mean of each language in each layer."""
        codes = np.array(self.languages)
        return {
            code: [float(v) for v in self.values[:, codes == code].mean(axis=1)]
            for code in dict.fromkeys(self.languages)
        }


def estimate_layers(scores: Scores, resamples: Resamples) -> list[Estimate]:
    """Return the score of each layer, all languages together."""
    return [layer.estimate() for layer in _clustered(scores, resamples)]


def change_of_layers(after: Scores, before: Scores, resamples: Resamples) -> list[Estimate]:
    """Return the difference of each layer, sentence by sentence."""
    pairs = zip(_clustered(after, resamples), _clustered(before, resamples), strict=True)
    return [mine.difference(theirs) for mine, theirs in pairs]


def _clustered(scores: Scores, resamples: Resamples) -> list[ClusteredScores]:
    return [
        ClusteredScores(resamples, row.tolist(), scores.sentences, scores.languages)
        for row in scores.values
    ]


def alignment_scores(states: Arrays, texts: Texts) -> dict[str, Scores]:
    """Return ALIGNMENT of each sentence that is not English, against English."""
    found: dict[str, list[Array]] = {name: [] for name in ALIGNMENT}
    pairs = texts.pairs()
    for pair in pairs:
        layers = [_align(*both) for both in zip(*beside(states, pair), strict=True)]
        for name, values in found.items():
            values.append(np.stack([layer[name] for layer in layers]))
    return {name: _join(values, pairs) for name, values in found.items()}


def beside(states: Arrays, pair: Pairs) -> tuple[Array, Array]:
    """Return the states [L, N, D] of a language and of the same sentences in English."""
    own = states[unit_name(pair.unit)][:, pair.own]
    return own, states[unit_name(pair.english)][:, pair.theirs]


def _align(own: Array, english: Array) -> dict[str, Array]:
    return {
        "mexa": hits_of_cosines(cosines(english, own)).astype(float),
        "retrieval": retrieval_hits(own, english).mean(axis=0),
        "retrieval_centred": retrieval_hits(centred(own), centred(english)).mean(axis=0),
    }


def lens_scores(shares: Arrays, texts: Texts) -> dict[str, Scores]:
    """Return the share that each layer gives to GROUPS, of each sentence that is not English.

    The groups by script have the languages that are never written in Latin letters alone.
    """
    found = {}
    for k, group in enumerate(GROUPS):
        pairs = [p for p in texts.pairs() if k < 2 or has_own_script(p.unit.code)]
        values = [shares[unit_name(p.unit)][:, p.own, k].astype(float) for p in pairs]
        if values:
            found[group] = _join(values, pairs)
    return found


def _join(values: list[Array], pairs: list[Pairs]) -> Scores:
    """Return the values [L, N] of each language beside each other, in percent."""
    return Scores(
        100 * np.concatenate(values, axis=1),
        [i for pair in pairs for i in pair.ids],
        [pair.unit.code for pair in pairs for _ in pair.ids],
    )


def resample_sentences(scores: Mapping[str, Scores], count: int, seed: int) -> Resamples:
    """Return resamples of all sentences that have scores."""
    return Resamples({i for one in scores.values() for i in one.sentences}, count, seed)
