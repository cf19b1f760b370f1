"""The protocol: what somebody needs to repeat the test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pinchtune.reporting.inputs import Json, ReportData
from pinchtune.reporting.safety import clip
from pinchtune.reporting.wording import Wording

VALUE_CHARACTERS = 160


class Facts(NamedTuple):
    """A table of plain text: a title, a header, rows whose first cell is their name."""

    title: str
    header: list[str]
    rows: list[list[str]]


def build_protocol(data: ReportData, words: Wording) -> list[Facts]:
    """Return the tables of the protocol in a locale; empty ones are left out."""
    config = data.config
    header = [words("protocol.setting"), words("protocol.value")]
    pairs: dict[str, Iterator[list[str]]] = {
        "seeds": _seeds(data),
        "model": _flatten({**config.model.model_dump(mode="json"), **_model(data)}, "model"),
        "mix": _flatten(data.mixture.get("recipe", {}), "mix"),
        "train": _flatten(_train(data), "train"),
        "generate": _flatten(config.generate.model_dump(mode="json"), "generate"),
        "evaluate": _flatten(config.evaluate.model_dump(mode="json"), "evaluate"),
    }
    tables = [Facts(words(f"protocol.{name}"), header, list(rows)) for name, rows in pairs.items()]
    tables += [_arms(data, words), _timings(data, words), _tokens(data, words)]
    for name, rows in (("versions", _versions(data)), ("hashes", _hashes(data))):
        tables.append(Facts(words(f"protocol.{name}"), header, list(rows)))
    return [table for table in tables if table.rows]


def same_settings(data: ReportData) -> bool | None:
    """Return True if all arms were tuned alike; None if their settings are not known."""
    settings = [arm["train"] for arm in data.arms.values() if "train" in arm]
    return all(s == settings[0] for s in settings) if settings else None


def _seeds(data: ReportData) -> Iterator[list[str]]:
    config = data.config
    for name in ("mix", "train", "generate", "evaluate"):
        yield [f"{name}.seed", str(getattr(config, name).seed)]


def _train(data: ReportData) -> Json:
    """Return the settings that the arms were tuned with; the configuration's if not known."""
    settings: Json = next((a["train"] for a in data.arms.values() if "train" in a), {})
    return settings or data.config.train.model_dump(mode="json")


def _model(data: ReportData) -> Json:
    facts: Json = next((a["model"] for a in data.arms.values() if "model" in a), {})
    return {name: value for name, value in facts.items() if name != "config"}


def _flatten(value: Any, name: str) -> Iterator[list[str]]:
    """Yield [dotted name, text] of every leaf of a nested object."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flatten(inner, f"{name}.{key}")
    else:
        yield [clip(name, VALUE_CHARACTERS, 1).text, as_text(value)]


def as_text(value: Any) -> str:
    """Return a value of a setting as a short text."""
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    if isinstance(value, bool):
        value = str(value).lower()
    text = "\N{EN DASH}" if value in (None, "") else str(value)
    return clip(text, VALUE_CHARACTERS, 1).text


def _arms(data: ReportData, words: Wording) -> Facts:
    names = ("arm", "steps", "rows", "cut", "dropped", "dtype", "rate")
    rows = []
    for arm, facts in data.arms.items():
        used = facts.get("rows", {})
        values = [facts.get("steps"), used.get("used"), used.get("cut"), used.get("dropped")]
        values += [
            str(facts.get("dtype", "")).removeprefix("torch."),
            facts.get("train", {}).get("learning_rate"),
        ]
        rows.append([words.choose("arm", arm), *map(as_text, values)])
    return Facts(words("protocol.arms"), [words(f"protocol.{name}") for name in names], rows)


def _timings(data: ReportData, words: Wording) -> Facts:
    rows = []
    for name, spent in data.timings.items():
        stage, _, arm = name.partition(" ")
        numbers = [words.number(spent.get("seconds"), 1), words.number(spent.get("tokens"))]
        rows.append([words.choose("protocol", stage), words.choose("arm", arm), *numbers])
    names = ("stage", "arm", "seconds", "token_count")
    return Facts(words("protocol.timings"), [words(f"protocol.{name}") for name in names], rows)


def _tokens(data: ReportData, words: Wording) -> Facts:
    rows = []
    for arm, languages in data.mixture.get("tokens", {}).items():
        for code, counts in languages.items():
            numbers = [words.number(counts[key]) for key in ("tokens", "target_tokens")]
            rows.append([words.choose("arm", arm), words.language(code), *numbers])
    header = [words("protocol.arm"), words("page.language")]
    header += [words("protocol.token_count"), words("protocol.target_count")]
    return Facts(words("protocol.tokens"), header, rows)


def _versions(data: ReportData) -> Iterator[list[str]]:
    found: dict[str, set[str]] = {}
    for manifest in (data.mixture, *data.arms.values()):
        for name, version in manifest.get("versions", {}).items():
            found.setdefault(name, set()).add(str(version))
    for name, versions in found.items():
        yield [name, ", ".join(sorted(versions))]


def _hashes(data: ReportData) -> Iterator[list[str]]:
    untouched = data.mixture.get("untouched", {})
    if "sha256_16" in untouched:
        yield ["untouched", as_text(untouched["sha256_16"])]
    manifests = {"mixture": data.mixture, **{f"arms/{k}": v for k, v in data.arms.items()}}
    for name, manifest in manifests.items():
        if "key" in manifest:
            yield [clip(name, VALUE_CHARACTERS, 1).text, as_text(manifest["key"])]
        for file, digest in manifest.get("files", {}).items():
            yield [clip(f"{name}/{file}", VALUE_CHARACTERS, 1).text, as_text(digest)]
