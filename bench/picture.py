"""Draw where the time of a tuning step goes, from stored figures.

python -m bench.picture bench/results/FILE.json docs/images/tuning-step.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SHADES = ("#1b4965", "#5fa8d3", "#bee9e8", "#f4a259", "#bc4b51", "#8d99ae")


def main(arguments: list[str]) -> int:
    """Read the raw figures, write the picture."""
    raw = json.loads(Path(arguments[0]).read_text("utf-8"))
    found = [m["result"] for m in raw["measurements"] if m["part"] == "profile"]
    if not found:
        sys.stderr.write(f"{arguments[0]} holds no profile; run the part `profile` first\n")
        return 2
    draw(found[-1], Path(arguments[1]))
    return 0


def draw(result: dict[str, Any], path: Path) -> None:
    """Write one bar, cut by kind of work, with seconds and shares in its legend."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "pinchtune"})
    figure, axes = pyplot.subplots(figsize=(8, 2.6), layout="constrained")
    left = 0.0
    for (kind, seconds), shade in zip(result["parts"].items(), SHADES, strict=True):
        label = f"{kind}: {seconds:.2f} s, {seconds / result['seconds']:.0%}"
        axes.barh(0, seconds, left=left, color=shade, edgecolor="white", label=label)
        left += seconds
    axes.set(yticks=[], xlabel=f"seconds of one step of {result['tokens']} tokens")
    axes.spines[["top", "left", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
