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
    found = [m for m in raw["measurements"] if m["part"] == "profile"]
    if not found:
        sys.stderr.write(f"{arguments[0]} holds no profile; run the part `profile` first\n")
        return 2
    draw(found, Path(arguments[1]))
    return 0


def draw(records: list[dict[str, Any]], path: Path) -> None:
    """Write a bar for each kind of tuning, cut by kind of work, in milliseconds a token."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "pinchtune"})
    figure, axes = pyplot.subplots(figsize=(8, 3.2), layout="constrained")
    names = [record["options"]["method"] for record in records]
    left = [0.0] * len(records)
    for kind, shade in zip(records[0]["result"]["parts"], SHADES, strict=True):
        widths = [1000 * r["result"]["parts"][kind] / r["result"]["tokens"] for r in records]
        axes.barh(names, widths, left=left, color=shade, edgecolor="white", label=kind)
        left = [before + width for before, width in zip(left, widths, strict=True)]
    axes.set(xlabel="milliseconds a token, in one step")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
