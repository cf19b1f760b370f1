"""How often intervals and decisions err, in thousands of made-up studies.

`python -m bench.error_rates [--studies 4000] [--only coverage,seeds] [--json FILE]`: prints a
table for each part and writes bench/results/error_rates.json; parts that are left out keep what
the file says of them. About ten minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

from bench.error_decisions import families, gate, seeds_gate, sequence
from bench.error_intervals import coverage, seeds, shrinkage
from bench.error_studies import Row

RESULTS = Path(__file__).with_name("results") / "error_rates.json"
PARTS: dict[str, Callable[[int, int], Iterator[Row]]] = {
    "coverage": coverage,
    "seeds": seeds,
    "gate": gate,
    "seeds-gate": seeds_gate,
    "sequence": sequence,
    "families": families,
    "shrinkage": shrinkage,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the studies up, count, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas")
    parser.add_argument("--json", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    unknown = set(options.only.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"no part {sorted(unknown)[0]!r}; there are: {' '.join(PARTS)}")
    found = json.loads(options.json.read_text("utf-8")) if options.json.is_file() else {}
    for name in options.only.split(","):
        start = perf_counter()
        rows = list(PARTS[name](options.studies, options.seed))
        found[name] = {"studies": options.studies, "seed": options.seed, "rows": rows}
        print(f"## {name}\n\n{make_table(rows)}\n", flush=True)
        print(f"{name}: {perf_counter() - start:.0f} s", file=sys.stderr)
    write_parts(options.json, {name: found[name] for name in PARTS if name in found})
    return 0


def write_parts(path: Path, found: dict[str, Row]) -> None:
    """Write JSON with a line for each row of a table."""
    parts = []
    for name, part in found.items():
        rows = ",\n  ".join(json.dumps(row) for row in part["rows"])
        head = json.dumps({k: v for k, v in part.items() if k != "rows"})[:-1]
        parts.append(f' "{name}": {head}, "rows": [\n  {rows}\n ]}}')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")


def make_table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table; a rate stands beside its Monte Carlo error."""
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([_cell(row[key]) for key in head] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return f"{value['percent']:.1f} ± {value['error']:.1f}"
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    raise SystemExit(main())
