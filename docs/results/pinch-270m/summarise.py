"""Put the three projects of this experiment together: tables, figure, stored scores.

    python summarise.py FOLDER

Reads FOLDER/seed0 .. seed2 (after `pinch run`), writes tables.md, scores.json and
fidelity.svg beside this file. Each prompt's score is averaged over the seeds; the intervals
resample prompts, a prompt in all its languages being one draw. The spread over seeds, which
also draw other examples, is shown beside them.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean

from pinchtune.evaluation.measures import MEASURES, Case
from pinchtune.files import write_json, write_text
from pinchtune.languages import Identifier, language_name
from pinchtune.records import Example
from pinchtune.stages.evaluate import read_bits, read_verdicts
from pinchtune.stages.generate import read_answers
from pinchtune.stages.project import Project
from pinchtune.stats import ClusteredScores, Estimate, Resamples

HERE = Path(__file__).parent
SHOWN = (
    "right_language",
    "lcb_line_pass_rate",
    "lcb_word_pass_rate",
    "stopped",
    "repetition",
    "chrf",
    "bits_per_byte",
)
Scores = dict[str, tuple[float, float]]


def prompt_scores(project: Project, arm: str, prompts: list[Example]) -> dict[str, Scores]:
    """Return {measure: {prompt id: (value, weight)}} of one arm."""
    identifier = Identifier(project.config.languages.evaluated)
    bits = read_bits(project, arm)
    found: dict[str, Scores] = {}
    for measure in MEASURES:
        rows = {}
        for prompt, answer in zip(prompts, read_answers(project, arm, prompts), strict=True):
            if measure.languages and prompt.language not in measure.languages:
                continue
            score = measure.score(Case(prompt, answer, bits.get(prompt.id), identifier))
            if score:
                rows[prompt.id] = (score.value, score.weight)
        found[measure.name] = rows
    return found


def average(runs: list[Scores]) -> Scores:
    """Return each prompt's mean over the runs that scored it."""
    values = defaultdict(list)
    for run in runs:
        for name, pair in run.items():
            values[name].append(pair)
    return {
        name: (mean(v for v, _ in pairs), mean(w for _, w in pairs))
        for name, pairs in values.items()
    }


class Board:
    """Prompts, their clusters and the shared resamples."""

    def __init__(self, project: Project, prompts: list[Example]) -> None:
        self.prompts, languages = prompts, project.config.languages
        self.clusters = [p.parallel_id or p.id for p in prompts]
        self.resamples = Resamples(self.clusters, 5000, 0)
        self.groups = {"English": ("en",), "tuned": languages.tuned, "unseen": languages.unseen}

    def scores(self, found: Scores) -> ClusteredScores:
        rows = [found.get(p.id, (float("nan"), 1.0)) for p in self.prompts]
        return ClusteredScores(
            self.resamples,
            [v for v, _ in rows],
            self.clusters,
            [p.language for p in self.prompts],
            [w for _, w in rows],
        )


def cell(estimate: Estimate, digits: int = 1) -> str:
    if estimate.n == 0 or estimate.value != estimate.value:
        return "–"
    bounds = f"{estimate.low:.{digits}f}, {estimate.high:.{digits}f}"
    return f"{estimate.value:.{digits}f} [{bounds}]"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(folder: Path) -> None:
    projects = [Project.open(p) for p in sorted(folder.glob("seed*"))]
    prompts = projects[0].evaluation_prompts()
    board = Board(projects[0], prompts)
    per_seed = {
        arm: [prompt_scores(p, arm, prompts) for p in projects if arm in p.arms]
        for arm in ("english", "pinch")
    }
    pooled = {
        arm: {m: board.scores(average([run[m] for run in runs])) for m in SHOWN}
        for arm, runs in per_seed.items()
    }
    wins = [
        {v.prompt_id: (100.0 * v.score, 1.0) for v in read_verdicts(p) if v.score is not None}
        for p in projects
    ]
    win = board.scores(average(wins))
    parts = [
        f"## Groups\n\n{group_table(board, pooled, win)}",
        f"## Language by language\n\n{language_table(board, pooled, win)}",
        f"## Seed by seed\n\n{seed_table(board, per_seed, wins)}",
    ]
    write_text(HERE / "tables.md", "\n\n".join(parts) + "\n")
    write_json(HERE / "scores.json", stored(board, pooled, win))
    draw(board, pooled)


def group_table(board: Board, pooled: dict, win: ClusteredScores) -> str:
    rows = []
    for name in SHOWN:
        for group, codes in board.groups.items():
            arms = {arm: pooled[arm][name].estimate(codes) for arm in pooled}
            gain = pooled["pinch"][name].difference(pooled["english"][name], codes)
            digits = 3 if name == "bits_per_byte" else 1
            rows.append([name, group, *(cell(arms[a], digits) for a in pooled), cell(gain, digits)])
    rows += [["win rate", g, "–", cell(win.estimate(c)), "–"] for g, c in board.groups.items()]
    return table(["measure", "languages", "english", "pinch", "pinch - english"], rows)


def language_table(board: Board, pooled: dict, win: ClusteredScores) -> str:
    rows = []
    for group, codes in board.groups.items():
        for code in codes:
            right = {arm: pooled[arm]["right_language"] for arm in pooled}
            rows.append(
                [
                    f"{language_name(code)} ({group})",
                    *(f"{right[arm].estimate([code]).value:.0f}" for arm in ("english", "pinch")),
                    cell(right["pinch"].difference(right["english"], [code])),
                    cell(win.estimate([code])),
                ]
            )
    return table(["language", "english", "pinch", "gain in right language", "win rate"], rows)


def seed_table(board: Board, per_seed: dict, wins: list[Scores]) -> str:
    rows = []
    for seed, won in enumerate(wins):
        for group, codes in board.groups.items():
            right = [
                board.scores(per_seed[arm][seed]["right_language"]).estimate(codes).value
                for arm in ("english", "pinch")
            ]
            rows.append(
                [
                    str(seed),
                    group,
                    *(f"{v:.1f}" for v in right),
                    cell(board.scores(won).estimate(codes)),
                ]
            )
    return table(["seed", "languages", "right, english", "right, pinch", "win rate"], rows)


def stored(board: Board, pooled: dict, win: ClusteredScores) -> dict:
    codes = [c for group in board.groups.values() for c in group]
    return {
        "right_language": {
            arm: {c: scores["right_language"].estimate([c]).to_json() for c in codes}
            for arm, scores in pooled.items()
        },
        "win_rate": {c: win.estimate([c]).to_json() for c in codes},
    }


def draw(board: Board, pooled: dict) -> None:
    """Draw the right-language share of both arms, by language."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    plt.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "pinchtune", "font.size": 10}
    codes = [c for group in board.groups.values() for c in group][::-1]
    figure, axes = plt.subplots(figsize=(7, 5.4))
    for y, code in enumerate(codes):
        right = {arm: pooled[arm]["right_language"].estimate([code]) for arm in pooled}
        axes.plot([right["english"].value, right["pinch"].value], [y, y], color="#bbb", zorder=1)
        axes.plot(
            [right["pinch"].low, right["pinch"].high], [y, y], color="#0b6e99", lw=3, alpha=0.3
        )
        for arm, mark, colour in (
            ("english", "o", "#c05a00"),
            ("pinch", "D", "#0b6e99"),
        ):
            label = arm if y == 0 else None
            axes.plot(right[arm].value, y, mark, color=colour, label=label, markersize=7)
    group_of = {c: g for g, group in board.groups.items() for c in group}
    axes.set_yticks(range(len(codes)), [f"{language_name(c)} ({group_of[c]})" for c in codes])
    axes.set_xlabel("answers in the language of the question, %")
    axes.set_xlim(0, 102)
    axes.grid(axis="x", color="#eee")
    axes.legend(loc="lower left", frameon=False)
    figure.savefig(HERE / "fidelity.svg", bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
