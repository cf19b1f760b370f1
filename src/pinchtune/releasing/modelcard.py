"""The model card of an export: Markdown with the YAML head that model hubs read.

What people wrote (names of the project and the version) stands in it as text.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from pinchtune.config import ENGLISH
from pinchtune.data.markdown import one_line, plain, table
from pinchtune.languages import get_language, language_name
from pinchtune.model.embedded import hub_license, hub_name
from pinchtune.releasing.probes import Comparison

LOCALES = ("en", "ja")
_LIBRARIES = {"merged": "transformers", "adapter": "peft", "gguf": "gguf"}
_GROUPS = {"english": "english", "seen": "seen", "unseen": "unseen_group"}


def make_card(
    project: str,
    facts: Mapping[str, Any],
    mixture: Mapping[str, Any],
    parity: Comparison,
    target: str,
    locale: str = "en",
) -> str:
    """Return the card of a model that was exported as `target`, in English or Japanese."""
    card = _Card(facts, mixture, locale)
    title = card("title", project=plain(project), name=plain(facts.get("name") or facts["arm"]))
    parts = [
        _head(facts, target),
        f"# {title}",
        card.joined([card("intro"), card(target)]),
        card.languages(),
        card.making(),
        card.data(),
        card.figures(),
        card.section("limits", "\n".join(f"- {line}" for line in card.words["limit_lines"])),
        card.license(),
        card.parity(parity),
    ]
    return "\n\n".join(parts) + "\n"


def _head(facts: Mapping[str, Any], target: str) -> str:
    """Return the YAML head; JSON strings are YAML strings."""
    codes = dict.fromkeys((ENGLISH, *facts["languages"]["tuned"]))
    base = json.dumps(one_line(hub_name(facts["base"])), ensure_ascii=False)
    # Quoted: a bare `no`, Norwegian, is false in YAML.
    lines = ["---", "language:", *(f'- "{get_language(code).code}"' for code in codes)]
    lines += [f"license: {hub_license(facts['base'])}", f"base_model: {base}"]
    lines += [f"library_name: {_LIBRARIES[target]}", "pipeline_tag: text-generation"]
    return "\n".join([*lines, "tags:", "- pinchtune", "- instruction-tuning", "---"])


@cache
def _words(locale: str) -> dict[str, Any]:
    text = files("pinchtune.releasing").joinpath("wording", f"{locale}.toml").read_text("utf-8")
    return tomllib.loads(text)


class _Card:
    """The sections of a card, each a piece of Markdown."""

    def __init__(self, facts: Mapping[str, Any], mixture: Mapping[str, Any], locale: str) -> None:
        self.facts, self.mixture, self.locale = facts, mixture, locale
        self.words = _words(locale)

    def __call__(self, key: str, **values: object) -> str:
        return str(self.words[key]).format(**values)

    def section(self, key: str, body: str) -> str:
        """Return a section with its heading."""
        return f"## {self(key)}\n\n{body}"

    def joined(self, sentences: Sequence[str]) -> str:
        """Return sentences as a paragraph."""
        return self("space").join(sentences)

    def _names(self, codes: Sequence[str]) -> str:
        return self("comma").join(language_name(code, self.locale) for code in codes)

    def languages(self) -> str:
        """Return which languages were tuned and evaluated."""
        codes = self.facts["languages"]
        lines = [self("tuned", names=self._names([ENGLISH, *codes["tuned"]]))]
        if codes["unseen"]:
            lines.append(self("unseen", names=self._names(codes["unseen"])))
        return self.section("languages", self.joined([*lines, self("others")]))

    def making(self) -> str:
        """Return base model and method."""
        base = plain(hub_name(self.facts["base"]))
        lines = [self("base", base=base), self("method", method=self(self.facts["method"]))]
        return self.section("making", self.joined(lines))

    def data(self) -> str:
        """Return the examples by language, and where they come from."""
        arm = self.facts["arm"]
        counts, tokens = self.mixture["examples"][arm], self.mixture["tokens"][arm]
        rows = [[self("language"), self("examples"), self("tokens")]]
        for code, count in counts.items():
            spent = str(tokens.get(code, {}).get("tokens", ""))
            rows.append([f"{language_name(code, self.locale)} ({code})", str(count), spent])
        rows.append([self("total"), str(sum(counts.values())), ""])
        return self.section("data", "\n\n".join([table(rows), *self._origin(counts)]))

    def _origin(self, counts: Mapping[str, int]) -> list[str]:
        if set(counts) <= {ENGLISH}:
            return []
        pool = self.mixture.get("pool", {})
        said = self("filed")
        if pool.get("collected"):
            said = self("collected", n=self.facts["unapproved"])
        replaced = len(self.mixture["replaced"])
        return [self("replaced", n=replaced), said] if replaced else [said]

    def figures(self) -> str:
        """Return decision and win rates with their intervals."""
        decision = self.facts.get("decision")
        if not decision:
            return self.section("figures", self("no_decision"))
        rows = [[self(key) for key in ("group", "rate", "interval", "prompts")]]
        for group, rate in self.facts["figures"].items():
            value, low, high = (_number(rate[key]) for key in ("value", "low", "high"))
            rows.append([self(_GROUPS[group]), value, f"{low} \u2013 {high}", str(rate["n"])])
        verdict = self("decision", verdict=decision["verdict"])
        return self.section(
            "figures", "\n\n".join([verdict, self("rates"), table(rows), self("judge")])
        )

    def license(self) -> str:
        """Return the licence of the base model, as far as it is known."""
        name = hub_license(self.facts["base"])
        known = name != "other"
        said = self("licensed", license=name) if known else self("unknown_license")
        return self.section("license", said)

    def parity(self, found: Comparison) -> str:
        """Return how the exported model compares with the tuned one, by language."""
        rows = [[self(key) for key in ("language", "prompts", "same", "ties", "bits")]]
        for row in found.languages:
            bits = f"{row.bits_before:.4f}, {row.bits_after:.4f}"
            counts = [str(n) for n in (row.prompts, row.same, row.ties)]
            rows.append([row.language, *counts, bits])
        return self.section("parity", f"{self('compared')}\n\n{table(rows)}")


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"
