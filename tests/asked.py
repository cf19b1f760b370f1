"""A finished mining run and a finished choice, made up: for pages, for the report, at any size."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pinchtune.files import write_json, write_jsonl

RUN = "mined-1"
HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> \u202egnp\u202c {{ 7*7 }} {text}"
)


class Subject(NamedTuple):
    """What is asked about, in the words of each language, most often first."""

    terms: tuple[str, ...]
    texts: dict[str, tuple[tuple[str, int], ...]]


SUBJECTS = (
    Subject(
        ("filtro", "limpiar", "フィルター", "فلتر", "掃除"),
        {
            "es": (("¿Cómo limpio el filtro de la bomba?", 61), ("¿Cada cuánto se lava?", 12)),
            "ja": (("フィルターの掃除のしかたを教えてください。", 40),),
            "ar": (("كيف أنظف فلتر المضخة؟", 22),),
        },
    ),
    Subject(
        ("موعد", "التسليم", "entrega", "納期"),
        {
            "ar": (("متى يصل طلبي [name]؟", 45), ("هل تأخر التسليم؟", 9)),
            "es": (("¿Cuándo llega mi pedido? Escríbanme a [e-mail].", 30),),
        },
    ),
    Subject(
        ("見積もり", "値引き", "descuento"),
        {"ja": (("見積もりをお願いできますか。", 33),), "unknown": (("???", 4),)},
    ),
    Subject(
        (HOSTILE, "\u202eruido\u202c"), {"es": ((HOSTILE, 18),), "hi": (("पंप शोर करता है।", 7),)}
    ),
    Subject((), {"en": (("Hello", 5),)}),
)
PICKS = (
    ("es", "¿Cómo se cambia el filtro?", 0, ("filtro",)),
    ("ja", "見積もりの有効期限を教えてください。", 2, ("見積もり",)),
    ("ar", "كيف أعتني بالمضخة؟", 0, ()),
    ("es", HOSTILE, 3, (HOSTILE,)),
)


def many_subjects(count: int, seed: int = 0) -> list[Subject]:
    """Return as many made-up subjects, asked as unevenly as real ones are."""
    rng, codes = random.Random(seed), ("es", "ja", "ar", "en", "de", "fr", "pt", "hi", "zh", "ko")
    subjects = []
    for n in range(count):
        languages = rng.sample(codes, rng.randint(1, 6))
        times = max(1, 3000 // (n + 4))
        texts = {
            code: ((f"{code} {n}?", max(1, times // (k + 1))),) for k, code in enumerate(languages)
        }
        subjects.append(Subject((f"subject{n}", f"more{n}", "納期"), texts))
    return subjects


def write_mined(runs: Path, subjects: Sequence[Subject] = SUBJECTS, key: str = RUN) -> Path:
    """Write runs/mine: groups, texts, incidents, counts."""
    folder = runs / "mine"
    candidates = list(_candidates(subjects))
    incidents = [
        {
            "id": row["id"],
            "language": row["language"],
            "answer_language": "en",
            "text": row["text"],
            "answer": f"Please see page 7. {HOSTILE}",
            "source": "log:1",
        }
        for row in candidates
        if row["wrong_language"]
    ]
    write_jsonl(folder / "candidates.jsonl", candidates)
    write_jsonl(folder / "clusters.jsonl", _clusters(subjects))
    write_jsonl(folder / "incidents.jsonl", incidents)
    summary = _summary(candidates, len(incidents), len(subjects))
    write_json(folder / "summary.json", summary)
    return _finish(folder, summary | {"key": key, "embedder": "scripted"})


def _candidates(subjects: Sequence[Subject]) -> Iterable[dict[str, Any]]:
    for group, subject in enumerate(subjects):
        for language, texts in subject.texts.items():
            for n, (text, times) in enumerate(texts):
                yield {
                    "id": f"{group}-{language}-{n}",
                    "language": language,
                    "text": text,
                    "count": times,
                    "mixed": False,
                    "wrong_language": int(language in ("es", "ar") and n == 0),
                    "sources": ["log:1"],
                    "cluster": group,
                }


def _clusters(subjects: Sequence[Subject]) -> Iterable[dict[str, Any]]:
    for group, subject in enumerate(subjects):
        languages = {code: sum(n for _, n in texts) for code, texts in subject.texts.items()}
        yield {
            "cluster": group,
            "terms": list(subject.terms),
            "candidates": sum(map(len, subject.texts.values())),
            "enquiries": sum(languages.values()),
            "languages": dict(sorted(languages.items(), key=lambda kv: (-kv[1], kv[0]))),
            "example": next(iter(subject.texts.values()))[0][0],
        }


def _summary(candidates: list[dict[str, Any]], wrong: int, groups: int) -> dict[str, Any]:
    languages: dict[str, int] = {}
    for row in candidates:
        languages[row["language"]] = languages.get(row["language"], 0) + row["count"]
    enquiries = sum(languages.values())
    return {
        "read": enquiries + 9,
        "unread": 2,
        "unread_first": [],
        "dropped": {"empty": 3, "automatic": 4},
        "enquiries": enquiries,
        "duplicates": {"exact": enquiries - len(candidates), "near": 0},
        "candidates": len(candidates),
        "languages": dict(sorted(languages.items(), key=lambda kv: (-kv[1], kv[0]))),
        "candidates_by_language": {},
        "personal": {"e-mail": 12, "phone": 5, "name": 3},
        "wrong_language": wrong,
        "mixed": 0,
        "clusters": groups,
    }


def write_selection(runs: Path, mined: str = RUN, picks: Sequence[Any] = PICKS) -> Path:
    """Write runs/selection: examples with reasons, what is left open, the coverage."""
    folder = runs / "selection"
    rows = [
        {
            "rank": rank,
            "id": f"pick-{rank}",
            "language": language,
            "instruction": text,
            "gain": 0.1,
            "stands_for": 3,
            "cluster": group,
            "share": 0.2,
            "new_terms": list(terms),
            "terms": [*terms, "término"],
            "quoted_language": "fr",
            "reason_alone": {
                "en": "Closest chosen example to 3 enquiries.",
                "ja": "選ばれた例のうち、問い合わせ3件に最も近いもの。",
            },
            "reason": {
                "en": f"Closest chosen example to 3 texts, such as “{HOSTILE}”.",
                "ja": f"選ばれた例のうち3件の文に最も近いもの。例：「{HOSTILE}」",
            },
        }
        for rank, (language, text, group, terms) in enumerate(picks, 1)
    ]
    gap = {"row": 1, "size": 4, "share": 0.31, "closeness": 0.2}
    gaps = [
        gap | {"text": "متى يصل طلبي؟", "language": "ar", "cluster": 1},
        gap | {"text": HOSTILE, "language": "es", "cluster": 3},
    ]
    write_jsonl(folder / "selection.jsonl", rows)
    write_json(folder / "gaps.json", gaps)
    coverage = {"chosen": 0.412, "facility": 0.412, "random": 0.35, "random_most": 0.38}
    facts = {
        "method": "facility",
        "embedder": "scripted",
        "candidates": 160,
        "ground": {
            "texts": 9,
            "mined": bool(mined),
            "run": mined,
            "different": 12,
            "enquiries": 34_567,
        },
        "chosen": len(rows),
        "random_draws": 20,
        "coverage": coverage | {"spread": 0.37, "longest": 0.3, "cluster": 0.36, "whole_pool": 0.5},
        "key": "chosen-1",
    }
    return _finish(folder, facts)


def _finish(folder: Path, facts: dict[str, Any]) -> Path:
    (folder / "manifest.json").write_text(json.dumps(facts | {"files": {}}), "utf-8")
    return folder
