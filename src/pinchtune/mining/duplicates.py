"""Near-duplicates among a million texts: MinHash over stretches of three characters.

Two texts are near under the measure of data/similar. Texts that share a band of their MinHash
signatures are compared, each with the first and the previous text of that band; stretches of
characters need no words, so every script is treated alike. Memory: 128 bytes a text, and the
texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pinchtune.data.similar import LONGEST, THRESHOLD, normalise
from pinchtune.data.values import load_library

BANDS, ROWS = 16, 4
"""Two texts that share half of their stretches meet with 64 %, three quarters with 99.8 %."""
BATCH = 4096
"""Texts whose signatures are computed at a time."""
_MASK = (1 << 64) - 1

Keys = NDArray[np.uint64]


def find_leaders(texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.int64]:
    """Return for each text the first text that it is near to, itself if there is none.

    Texts come in the order of their importance; only texts of the same language are merged.
    """
    fuzz = load_library("rapidfuzz.fuzz", "mine")
    leaders = np.arange(len(texts))
    last, tried = -1, set[int]()
    for i, j in _pairs(band_keys(texts, languages)):
        if i != last:
            last, tried, mine = i, set(), normalise(texts[i])[:LONGEST]
        other = int(leaders[j])
        if leaders[i] != i or other in tried or languages[i] != languages[other]:
            continue
        tried.add(other)
        theirs = normalise(texts[other])[:LONGEST]
        if fuzz.ratio(mine, theirs, score_cutoff=THRESHOLD) >= THRESHOLD:
            leaders[i] = other
    return leaders


def _pairs(keys: Keys) -> Iterator[tuple[int, int]]:
    """Yield (text, an earlier text that shares a band), in the order of the texts."""
    count = len(keys)
    found = np.zeros(0, np.int64)
    for band in range(keys.shape[1]):
        order = np.argsort(keys[:, band], kind="stable")
        same = np.flatnonzero(keys[order[1:], band] == keys[order[:-1], band]) + 1
        starts = np.arange(count)
        starts[same] = 0
        first = np.maximum.accumulate(starts)
        for partner in (first[same], same - 1):
            found = np.union1d(found, order[same] * count + order[partner])
    for pair in found:
        yield int(pair // count), int(pair % count)


def band_keys(texts: Sequence[str], languages: Sequence[str]) -> Keys:
    """Return [N, BANDS]: texts that are equal in a band may be near-duplicates."""
    keys = np.zeros((len(texts), BANDS), np.uint64)
    for start in range(0, len(texts), BATCH):
        part = [normalise(text)[:LONGEST] or " " for text in texts[start : start + BATCH]]
        salts = np.array([crc32(x.encode()) for x in languages[start : start + BATCH]], np.uint64)
        keys[start : start + BATCH] = _bands(_signatures(part), salts)
    return keys


def _signatures(texts: Sequence[str]) -> Keys:
    """Return [N, BANDS * ROWS]: the least hash of each text's stretches, by many hashes."""
    hashes, starts = _stretches(texts)
    found = np.empty((len(texts), BANDS * ROWS), np.uint64)
    for k in range(BANDS * ROWS):
        mixed = hashes * np.uint64(_random(2 * k) | 1) + np.uint64(_random(2 * k + 1))
        found[:, k] = np.minimum.reduceat(mixed >> np.uint64(32), starts)
    return found


def _stretches(texts: Sequence[str]) -> tuple[Keys, NDArray[np.int64]]:
    """Return the hashes of all stretches of three characters, and where each text begins."""
    padded = "".join(f"{text}\0\0" for text in texts).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(padded, np.uint32).astype(np.uint64)
    lengths = np.array([len(text) for text in texts])
    inside = np.ones(len(codes), bool)
    ends = np.cumsum(lengths + 2)
    inside[ends - 1] = inside[ends - 2] = False
    near = np.zeros((2, len(codes)), np.uint64)
    near[0, :-1], near[1, :-2] = codes[1:], codes[2:]
    # A code point has 21 bits, so that three fit into one number.
    whole = (codes << np.uint64(42) | near[0] << np.uint64(21) | near[1])[inside]
    mixed = whole * np.uint64(_random(997) | 1)
    return mixed ^ (mixed >> np.uint64(29)), np.cumsum(lengths) - lengths


def _bands(signatures: Keys, salts: Keys) -> Keys:
    keys = np.repeat(salts[:, None], BANDS, axis=1)
    for row in range(ROWS):
        keys = (keys ^ signatures[:, row::ROWS]) * np.uint64(_random(2000 + row) | 1)
        keys ^= keys >> np.uint64(31)
    return keys


def _random(k: int) -> int:
    """Return a number that looks random and is the same with every version of every library."""
    x = (k + 1) * 0x9E3779B97F4A7C15 & _MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
    return x ^ x >> 31
