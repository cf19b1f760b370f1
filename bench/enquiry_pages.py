"""How long the pages of what people ask take: `python -m bench.enquiry_pages`.

Makes a finished mining run of any size and looks at it in this process, without a browser. The
first look reads the whole run; the others are given as their median. Seconds of the processor: the
clock would measure the neighbours.
"""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from starlette.testclient import TestClient

from bench.common import say
from bench.web_fill import CHEAP, PASSWORD
from pinchtune.config import Config
from pinchtune.files import write_json, write_jsonl
from pinchtune.stages.project import Project
from pinchtune.store import open_store, people
from pinchtune.web.app import make_app
from pinchtune.web.security import SESSION

LANGUAGES = "es", "ja", "ar", "en", "de", "fr", "pt", "hi", "zh", "ko", "ru", "it", "vi", "tr", "he"
OF_A_GROUP = 8
"""Languages of a group."""
PAGES = ("/enquiries", "/enquiries?language=ja", "/enquiries?text=term19", "/enquiries/3", "/")
LOOKS = 20
WORDS = "palabra de una consulta como las que se escriben " * 2


def candidates(count: int, groups: int) -> Iterator[dict[str, Any]]:
    """Yield different enquiries, asked as unevenly as by the law of Zipf."""
    rng = Random(0)
    spoken = [rng.sample(LANGUAGES, OF_A_GROUP) for _ in range(groups)]
    for n in range(count):
        group, place = n % groups, n // groups
        language = spoken[group][place % OF_A_GROUP]
        yield {
            "id": f"{n:016x}",
            "language": language,
            "text": f"{language} {n} {WORDS}",
            "count": max(1, 3000 // ((group + 3) * (1 + place // OF_A_GROUP))),
            "mixed": False,
            "wrong_language": int(n % 500 == 0),
            "sources": [f"log.jsonl:{n}"],
            "cluster": group,
        }


def write_run(folder: Path, count: int, groups: int) -> None:
    """Write a finished mining run."""
    asked: list[dict[str, int]] = [{} for _ in range(groups)]
    total: dict[str, int] = {}
    for row in candidates(count, groups):
        for counts in (asked[row["cluster"]], total):
            counts[row["language"]] = counts.get(row["language"], 0) + row["count"]
    write_jsonl(folder / "candidates.jsonl", candidates(count, groups))
    write_jsonl(
        folder / "clusters.jsonl",
        (
            {
                "cluster": group,
                "terms": [f"{name}{group}" for name in ("term", "otro", "更に", "納期")],
                "candidates": count // groups,
                "enquiries": sum(languages.values()),
                "languages": languages,
                "example": "",
            }
            for group, languages in enumerate(asked)
        ),
    )
    write_jsonl(folder / "incidents.jsonl", ())
    enquiries = sum(total.values())
    write_json(
        folder / "summary.json",
        {
            **{"read": enquiries, "unread": 0, "dropped": {}, "enquiries": enquiries},
            **{"duplicates": {}, "candidates": count, "languages": total},
            **{"personal": {}, "wrong_language": 0},
        },
    )
    write_json(folder / "manifest.json", {"key": "made", "files": {}})


def look(folder: Path) -> dict[str, Any]:
    """Return how long each page takes: the very first look, then the median of many."""
    project = Project(folder, Config())
    store = open_store(folder / "collect.db", hasher=CHEAP)
    admin = people.accept(store, people.bootstrap(store) or "", "Ada", PASSWORD)
    client = TestClient(make_app(store, project=project))
    client.cookies.set(SESSION, people.start_session(store, admin))
    found = {"first_seconds": _seconds(client, PAGES[0])}
    for page in PAGES:
        found[page] = round(median(_seconds(client, page) for _ in range(LOOKS)), 3)
    store.close()
    return found


def _seconds(client: TestClient, page: str) -> float:
    begin = process_time()
    answer = client.get(page)
    assert answer.status_code == 200, answer.text
    return round(process_time() - begin, 3)


def main() -> None:
    """Measure and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=200_000)
    parser.add_argument("--groups", type=int, default=200)
    asked = parser.parse_args()
    with TemporaryDirectory() as name:
        write_run(Path(name) / "runs" / "mine", asked.candidates, asked.groups)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = look(Path(name))
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    say(json.dumps({**vars(asked), **found, "more_megabytes": round(more * 1024 / 1e6)}))


if __name__ == "__main__":
    main()
