"""Made-up runs to report on: answers in 13 languages, hostile texts, and gaps."""

import json
import random
from dataclasses import replace
from importlib.resources import files

from pinchtune.advice.costs import count_costs
from pinchtune.advice.ledger import Facts, Work
from pinchtune.config import Config
from pinchtune.data.mix import make_mixture
from pinchtune.evaluation.decision import decide, verdict_text
from pinchtune.records import Answer, Example, Verdict
from pinchtune.reporting import ReportData

LANGUAGES = ["en", "es", "ja", "ru", "ar", "cs", "et", "fi", "he", "hi", "it", "sw", "zh"]
FIELDS = ("instruction", "response", "language", "parallel_id")
MEASURES = {
    "right_language": "%",
    "line_pass_rate": "%",
    "lcb_line_pass_rate": "%",
    "lcb_word_pass_rate": "%",
    "bits_per_byte": "bits per byte",
    "chrf": "chrF",
    "stopped": "%",
    "repetition": "%",
}
NOTHING = {"value": None, "low": None, "high": None, "n": 0}


def read(folder, code, limit):
    path = files("pinchtune") / "starter" / folder / f"{code}.jsonl"
    for line in path.read_text("utf-8").splitlines()[:limit]:
        row = json.loads(line)
        yield Example(**{field: row[field] for field in FIELDS})


def estimate(value, half=6.0, n=24, top=100.0):
    value = min(max(value, 0.0), top)
    return {"value": value, "low": max(0.0, value - half), "high": min(top, value + half), "n": n}


def fake_scores(codes, tuned, seed=0, arms=("english", "pinch"), lift=45.0, english_low=42.0):
    """Return scores in the shape of scores.json; `lift` is what the pinch adds."""
    rng = random.Random(seed)
    group = {c: "english" if c == "en" else "seen" if c in tuned else "unseen" for c in codes}
    measures = {}
    for name, unit in MEASURES.items():
        measures[name] = fake_measure(rng, name, unit, codes, group, arms, lift)
    rates = {c: estimate(50 + lift * rng.uniform(-0.2, 0.6) * (c != "en"), 9) for c in codes}
    groups = {
        g: mean([rates[c] for c in codes if group[c] == g]) for g in ("english", "seen", "unseen")
    }
    if groups["english"]["n"]:
        groups["english"] = {"value": 49.0, "low": english_low, "high": 55.0, "n": 24}
    return {
        "arms": list(arms),
        "languages": [{"code": c, "group": group[c], "prompts": 24} for c in codes],
        "groups": ["english", "seen", "unseen"],
        "measures": measures,
        "win_rate": {
            "languages": rates, "groups": groups, "ties": 0.31, "flips": 0.0, "unscored": 3,
            "judge": "reference-1 (language, then chrF; tie within 2)",
        },
        "english": {"estimate": groups["english"], "margin": 10.0, "kept": english_low > 40},
    }  # fmt: skip


def mean(rows):
    known = [row for row in rows if row["value"] is not None]
    if not known:
        return dict(NOTHING)
    return estimate(sum(row["value"] for row in known) / len(known), 4, 24 * len(known))


def fake_measure(rng, name, unit, codes, group, arms, lift):
    low, half, top = (0.6, 0.04, 9.0) if unit == "bits per byte" else (30.0, 7.0, 100.0)
    tables = {}
    for k, arm in enumerate(arms):
        rows = {}
        for code in codes:
            if name == "lcb_word_pass_rate" and code not in ("ja", "ru", "ar", "hi", "zh"):
                continue
            share = 97.0 if code == "en" else low + rng.uniform(0, 15) + lift * k * (top > 50)
            value = low + rng.uniform(0, 0.5) - 0.05 * k if top < 50 else min(100.0, share)
            rows[code] = estimate(value, half, top=top) | ({"skipped": 2} if "pass" in name else {})
        tables[arm] = table(rows, group)
    rows = {c: {**estimate(0), "low": 0, "high": 0} for c in tables[arms[0]]["languages"]}
    for code in rows:
        gap = (
            tables[arms[-1]]["languages"][code]["value"]
            - tables[arms[0]]["languages"][code]["value"]
        )
        rows[code] = {"value": gap, "low": gap - half, "high": gap + half, "n": 24}
    difference = table(rows, group)
    for entry in difference["groups"].values():
        if entry["n"]:
            entry |= {"low": entry["value"] - half, "high": entry["value"] + half}
    better = "lower" if name in ("bits_per_byte", "repetition") else "higher"
    return {"unit": unit, "better": better, "arms": tables, "difference": difference}


def table(rows, group):
    groups = {
        g: mean([r for c, r in rows.items() if group[c] == g])
        for g in ("english", "seen", "unseen")
    }
    return {"languages": rows, "groups": groups}


def fake_answers(prompts, tuned, seed=1):
    """Return answers of both arms: English only often answers in English."""
    rng = random.Random(seed)
    english = {p.parallel_id: p.response for p in prompts if p.language == "en"}
    arms = {"english": [], "pinch": []}
    for p in prompts:
        for arm, share in (("english", 0.35), ("pinch", 0.93 if p.language in tuned else 0.8)):
            right = p.language == "en" or rng.random() < share
            text = p.response if right else english.get(p.parallel_id, "I cannot say.")
            stopped = rng.random() < 0.7
            text = text if stopped else text[: len(text) // 2]
            arms[arm].append(Answer(p.id, p.language, text, stopped, 40))
    return arms


def fake_verdicts(prompts, answers, seed=2):
    """Return verdicts that put the right language first, and chance second."""
    rng = random.Random(seed)
    for p, first, second in zip(prompts, answers["english"], answers["pinch"], strict=True):
        right = [p.response.startswith(a.text) for a in (first, second)]
        even = [0.4, 0.3, 0.25, 0.05]
        weights = even if right[0] == right[1] else [1, 0, 0, 0] if right[1] else [0, 0, 1, 0]
        score = rng.choices([1.0, 0.5, 0.0, None], weights)[0]
        yield Verdict(p.id, p.language, score, "b", "b", "closer to the reference", "reference-1")


def fake_arm(name, seed=0):
    return {
        "arm": name, "train": Config().train.model_dump(mode="json"), "steps": 60,
        "model": {"base": "gemma-3-270m", "weights": {"model.safetensors": "ab" * 32}},
        "dtype": "torch.bfloat16", "rows": {"used": 480, "cut": 2, "dropped": 0},
        "versions": {"torch": "2.9.0", "transformers": "5.1.0"}, "key": "0123456789abcdef",
        "files": {"adapter_model.safetensors": "cd" * 32},
    }  # fmt: skip


def fake_mixture(config, codes):
    base = [Example(f"Question {i}?", f"Answer {i}.", "en") for i in range(480)]
    pool = [e for code in config.languages.tuned for e in read("pinch", code, 40)]
    facts = make_mixture(base, pool, [], config.languages.tuned, config.mix).facts
    tokens = {c: {"tokens": 900, "target_tokens": 700} for c in ("en", *config.languages.tuned)}
    rest = {"tokens": {"pinch": tokens}, "versions": {"pinchtune": "0.1.0"}, "key": "fe" * 8}
    return facts | rest | {"files": {"pinch.jsonl": "ef" * 32}}


def make_data(scores=None, prompts=4, config=None, **changes):
    config = config or Config(name="Customer service, spring")
    tuned, codes = config.languages.tuned, list(config.languages.evaluated)
    scores = scores or fake_scores(codes, tuned)
    rows = [p for c in codes if c in LANGUAGES for p in read("evaluation", c, prompts)]
    decision = decide(scores)
    spent = {"seconds": 412.0, "tokens": 181_000}
    answers = fake_answers(rows, tuned)
    data = ReportData(
        name=config.name,
        scores=scores,
        decision=decision.to_json(),
        verdict={locale: verdict_text(decision, scores, locale) for locale in ("en", "ja")},
        mixture=fake_mixture(config, codes),
        prompts=rows,
        answers=answers,
        verdicts=list(fake_verdicts(rows, answers)),
        arms={"english": fake_arm("english"), "pinch": fake_arm("pinch")},
        timings={f"{stage} {arm}": spent for stage in ("train", "generate") for arm in answers},
        config=config,
        costs=count_costs(cost_facts(scores, tuned), config.costs),
    )
    return replace(data, **changes)


def cost_facts(scores, tuned):
    """Return 10 examples a tuned language, of which 4 were seen being written."""
    work = tuple(Work(code, 10, 4, 0.5, 10, 8, 0.25) for code in tuned)
    return Facts(scores, dict.fromkeys(tuned, 10), work, 0.5, 0, 0.0, None)


def make_small(**changes):
    """Return a run in four languages."""
    config = Config(languages={"tuned": ("es", "ja"), "unseen": ("ar",)})
    return make_data(
        fake_scores(list(config.languages.evaluated), ("es", "ja"), **changes), 2, config
    )
