"""Training takes what was approved: the pool of the store, of a file, and the named way around."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

import pinchtune
from pinchtune.data.formats import read_examples
from pinchtune.errors import MissingExtra, UsageError
from pinchtune.files import read_json
from pinchtune.stages.collect import (
    collection,
    export_rows,
    import_rows,
    list_rows,
    read_status,
    write_card,
)
from pinchtune.stages.pool import OVERRIDE
from pinchtune.store import Grant, Person, Row, Settings, Store, Text, open_store, people
from pinchtune.store import examples as stored
from pinchtune.store.settings import write_settings

PASSWORD = "a long enough password"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ASK = {"es": "¿De qué color es la caja {}?", "ja": "{}番の箱は何色ですか。"}
ANSWER = {"es": "La caja {} es de color rojo.", "ja": "{}番の箱は赤い色です。"}


class Team:
    """A project that collects, and the people who do it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = pinchtune.Project.open(folder)
        self.store: Store = open_store(folder / "collect.db", hasher=HASHER)
        link = people.bootstrap(self.store)
        assert link
        self.ada = people.accept(self.store, link, "Ada", PASSWORD)
        self.ana = self.add("Ana Muñoz", "author")
        self.carla = self.add("Carla", "approver")

    def add(self, name: str, role: Any) -> Person:
        link = people.invite(self.store, self.ada, [Grant(role)], name)
        return people.accept(self.store, link, name, PASSWORD)

    def write(self, language: str, n: int, **words: str) -> Row:
        words = {
            "instruction": ASK[language].format(n),
            "response": ANSWER[language].format(n),
            **words,
        }
        row = stored.create(self.store, self.ana, language, Text(**words))
        return stored.submit(self.store, self.ana, row.id, row.revision)

    def approve(self, row: Row) -> Row:
        return stored.approve(self.store, self.carla, row.id, row.revision)

    def fill(self, each: int) -> list[Row]:
        return [self.approve(self.write(code, n)) for code in ASK for n in range(each)]


@pytest.fixture
def team(make_project: Callable[..., Path]) -> Iterator[Team]:
    found = Team(make_project())
    yield found
    found.store.close()


@pytest.fixture
def manifest(team: Team) -> Callable[[], dict[str, Any]]:
    return lambda: read_json(team.folder / "runs/mixture/manifest.json")


class Said:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, message: str) -> None:
        self.lines.append(message)


def drawn(folder: Path) -> list[Any]:
    rows = read_examples(folder / "runs/mixture/pinch.jsonl")
    return [row.example for row in rows if row.example.language != "en"]


def test_only_approved_rows_are_drawn_and_no_file(team, manifest):
    rows = {row.id for row in team.fill(2)}
    team.write("es", 7)
    stored.create(team.store, team.ana, "ja", Text("下書きですか。", "はい。"))
    said = Said()
    pinchtune.mix(team.project, said)
    assert {e.extra["row"] for e in drawn(team.folder)} == rows
    assert {e.status for e in drawn(team.folder)} == {"approved"}
    assert said.lines[0] == (
        "pinch pool: 4 approved examples of collect.db (not taken: 1 draft, 1 submitted); "
        "data.pinch is not read"
    )
    pool = manifest()["pool"]
    assert pool["collected"] and pool["source"] == "collect.db"
    assert pool["statuses"] == {"draft": 1, "submitted": 1, "approved": 4}
    assert (pool["override"], pool["unapproved_drawn"]) == ("", 0)
    assert manifest()["not_used"]["pinch"] == 2


def test_training_rows_name_nobody(team):
    team.fill(2)
    pinchtune.mix(team.project)
    text = (team.folder / "runs/mixture/pinch.jsonl").read_text("utf-8")
    for secret in ("Ana", "Muñoz", "Carla", team.ana.id, team.carla.id):
        assert secret not in text
    assert len({e.author for e in drawn(team.folder)}) == 1


def test_without_enough_approved_rows_nothing_is_mixed(team):
    team.fill(1)
    team.write("es", 5)
    with pytest.raises(UsageError, match=r"2 examples in es asked for.*not taken: 1 submitted"):
        pinchtune.mix(team.project)
    assert not (team.folder / "runs/mixture/manifest.json").exists()


def test_the_key_follows_the_approvals_and_nothing_else(team, manifest):
    rows = team.fill(3)
    waiting = team.write("es", 9)

    def key() -> str:
        pinchtune.mix(team.project)
        return str(manifest()["key"])

    first, when = key(), (team.folder / "runs/mixture/manifest.json").stat().st_mtime_ns
    draft = stored.create(team.store, team.ana, "es", Text("¿Y?"))
    stored.save(team.store, team.ana, draft.id, Text("¿Y esto?"), draft.revision)
    assert key() == first
    assert (team.folder / "runs/mixture/manifest.json").stat().st_mtime_ns == when
    team.approve(waiting)
    second = key()
    assert second != first
    row = stored.get(team.store, team.carla, rows[0].id)
    stored.send_back(team.store, team.carla, row.id, row.revision, "No")
    third = key()
    assert third not in (first, second)
    assert manifest()["pool"]["approved_sha256_16"] in json.dumps(manifest())


def test_the_override_takes_all_and_everybody_is_told(team, manifest):
    team.fill(1)
    for language in ASK:
        team.write(language, 8)
    found = pinchtune.run(team.project, unapproved=True)
    assert manifest()["pool"]["override"] == OVERRIDE == "--train-on-unapproved-examples"
    assert manifest()["pool"]["unapproved_drawn"] == 2
    assert "nobody approved 2 of the examples" in found["warning"]
    decision = read_json(team.folder / "runs/evaluation/decision.json")
    assert decision["unapproved_examples"] == 2
    page = Path(found["report"]).read_text("utf-8")
    folder = team.folder / "runs/report"
    summaries = [(folder / name).read_text("utf-8") for name in ("summary.md", "summary.ja.md")]
    plain = [text.replace("\\", "") for text in summaries]
    assert "nobody approved 2 of the examples" in page and "2件は、誰の承認も" in page
    assert "nobody approved 2 of the examples" in plain[0] and "2件は、誰の承認も" in plain[1]
    assert "approved by a second person" not in page


def test_after_the_approval_the_warning_goes(team):
    team.fill(1)
    rows = [team.write(language, 8) for language in ASK]
    assert "warning" in pinchtune.run(team.project, unapproved=True)
    for row in rows:
        team.approve(row)
    found = pinchtune.run(team.project)
    assert "warning" not in found
    page = Path(found["report"]).read_text("utf-8")
    assert 'class="warning"' not in page
    assert "collect.db" in page and "approved by a second person" in page
    assert "書いた本人とは別の人が承認" in page


def test_mixing_anew_does_not_clear_a_model_of_its_warning(team):
    team.fill(2)
    team.write("es", 8)
    team.write("ja", 8)
    project = pinchtune.Project.open(team.folder, ["mix.dose=6"])
    assert "warning" in pinchtune.run(project, unapproved=True)
    pinchtune.mix(team.project)  # approved rows only, but nothing is tuned on them yet
    page = pinchtune.report(team.project).path / "report.html"
    assert 'class="warning"' in page.read_text("utf-8")


def test_a_file_with_unapproved_rows(make_project):
    folder = make_project()
    path = folder / "data/pinch.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for row, status in zip(rows, ("draft", "submitted", "rejected"), strict=False):
        row["status"] = status
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    project, said = pinchtune.Project.open(folder, ["mix.dose=6"]), Said()
    pinchtune.mix(project, said)
    assert {e.status for e in drawn(folder)} == {"approved"}
    assert "9 approved examples of data/pinch.jsonl" in said.lines[0]
    assert "not taken: 1 draft, 1 submitted, 1 rejected" in said.lines[0]
    more = pinchtune.Project.open(folder, ["mix.dose=12"])
    with pytest.raises(UsageError, match="has 3"):
        pinchtune.mix(more)
    pinchtune.mix(more, unapproved=True)
    assert {e.status for e in drawn(folder)} == {"approved", "draft", "submitted", "rejected"}


def test_the_override_of_a_file_is_a_mixture_of_its_own(make_project):
    folder = make_project()
    path = folder / "data/pinch.jsonl"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"language"', '"status": "draft", "language"', 8), "utf-8")
    project, found = pinchtune.Project.open(folder, ["mix.dose=2", 'languages.tuned=["ja"]']), []
    for unapproved in (False, True, False):
        pinchtune.mix(project, unapproved=unapproved)
        found.append(read_json(folder / "runs/mixture/manifest.json"))
    assert [m["pool"]["override"] for m in found] == ["", OVERRIDE, ""]
    assert found[0] == found[2]


def test_the_report_names_the_pool_that_the_manifest_names(team):
    team.fill(2)
    page = Path(pinchtune.run(team.project)["report"])
    assert "collect.db" in page.read_text("utf-8")
    path = team.folder / "runs/mixture/manifest.json"
    path.write_text(path.read_text("utf-8").replace('"collect.db"', '"moved.db"'), "utf-8")
    pinchtune.report(team.project)
    assert "moved.db" in page.read_text("utf-8")


def test_a_project_that_does_not_collect_is_as_before(make_project):
    folder, said = make_project(), Said()
    pinchtune.mix(pinchtune.Project.open(folder), said)
    assert len(said.lines) == 1 and said.lines[0].startswith("mixture: ")
    assert read_json(folder / "runs/mixture/manifest.json")["pool"]["collected"] is False


def test_a_twin_of_an_evaluated_prompt_is_contamination(team):
    """A translation of a row that is evaluated gives its answer away in another language."""
    rows = team.fill(3)
    source = next(row for row in rows if row.language == "es")
    task = stored.hand_over(team.store, team.carla, source.id, "ja", team.ana.id)
    text = Text("箱0の色を教えてください。", "箱0は赤です。")
    task = stored.save(team.store, team.ana, task.id, text, task.revision)
    team.approve(stored.submit(team.store, team.ana, task.id, task.revision))
    pinchtune.mix(team.project)
    source = stored.get(team.store, team.carla, source.id)
    stored.send_back(team.store, team.carla, source.id, source.revision, "Also evaluated")
    line = {"language": "es", "instruction": source.text.instruction, "response": "Roja."}
    with (team.folder / "data/evaluation.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    with pytest.raises(UsageError, match=r"contamination: 1 .*parallel twin"):
        pinchtune.mix(team.project)


def test_an_evaluation_row_with_the_parallel_id_is_contamination(team):
    rows = team.fill(2)
    stored.hand_over(team.store, team.carla, rows[0].id, "ja", team.ana.id)
    shared = stored.get(team.store, team.carla, rows[0].id).parallel_id
    assert shared
    line = {"language": "ar", "instruction": "ما لون الصندوق؟", "response": "أحمر."}
    with (team.folder / "data/evaluation.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({**line, "parallel_id": shared}) + "\n")
    with pytest.raises(UsageError, match="contamination"):
        pinchtune.mix(team.project)


def test_a_missing_library_never_falls_back_to_the_file(team, monkeypatch):
    def missing(*_: object, **__: object) -> None:
        raise MissingExtra("sqlalchemy", "web")

    monkeypatch.setattr("pinchtune.store.open_store", missing, raising=False)
    with pytest.raises(UsageError, match=r"pinchtune\[web\]"):
        pinchtune.mix(team.project)


def test_the_address_of_a_server_keeps_its_password(make_project):
    address = "postgresql://pinch:hunter2@127.0.0.1:1/pinch"
    project = pinchtune.Project.open(make_project(), [f'collect.database="{address}"'])
    with pytest.raises(UsageError) as caught:
        pinchtune.mix(project)
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_the_data_verbs_show_the_collected_pinch(team, tmp_path):
    team.fill(2)
    team.write("es", 9)
    assert pinchtune.list_data(team.project)["pinch"]["languages"] == {"es": 2, "ja": 2}
    assert pinchtune.export_data(team.project, "pinch", tmp_path / "out.jsonl")[1] == 4
    with pytest.raises(UsageError, match="pinch collect import"):
        pinchtune.import_data(team.project, [tmp_path / "out.jsonl"], "pinch")
    found = pinchtune.check_data(team.project, ["pinch"])
    assert {(f.path, f.kind) for f in found} == {("collect.db", "near-duplicate")}


def test_status_and_lists(team):
    write_settings(team.store, team.ada, Settings("Boxes", ("es",), {"es": 3}))
    team.approve(team.write("es", 1))
    waiting = team.write("es", 2)
    found = read_status(team.store)["languages"][0]
    expected = {"goal": 3, "approved": 1, "submitted": 1, "draft": 0, "rejected": 0}
    assert found == {"language": "es", "oldest_waiting": waiting.updated, **expected}
    assert [r.id for r in list_rows(team.store, "submitted")] == [waiting.id]
    assert list_rows(team.store, language="ja") == []
    with pytest.raises(UsageError, match="unknown status"):
        list_rows(team.store, "done")


def test_a_file_comes_in_once_as_submitted(team, tmp_path):
    source = team.folder / "data/pinch.jsonl"
    done = import_rows(team.project, team.store, team.ana, source)
    assert (done.new, done.known, done.problems) == (12, 0, [])
    assert {r.status for r in list_rows(team.store)} == {"submitted"}
    assert {r.author for r in list_rows(team.store)} == {team.ana.id}
    assert import_rows(team.project, team.store, team.ana, source)[:2] == (0, 12)
    # And back in from what the workplace wrote itself.
    for row in list_rows(team.store):
        team.approve(row)
    for name in ("out.jsonl", "out.csv", "out.xlsx"):
        assert export_rows(team.store, tmp_path / name) == 12
        again = import_rows(team.project, team.store, team.ana, tmp_path / name)
        assert again == (0, 12, [])


def test_a_sheet_with_wrong_cells(team, tmp_path):
    path = tmp_path / "hoja.csv"
    good = "¿Cuánto cuesta el envío a Lima?,Cuesta diez soles.\n"
    path.write_text(f"instruction,response\n{good}¿Y a Cusco?,\n", "utf-8")
    done = import_rows(team.project, team.store, team.ana, path, "es")
    assert done.new == 1
    assert [p["place"] for p in done.problems] == ["B3"]
    assert list_rows(team.store)[0].origin == "sheet"


def test_a_conversation_is_not_taken(team, tmp_path):
    talk = [{"role": r, "content": "Hola, ¿qué tal?"} for r in ("user", "assistant") * 2]
    path = tmp_path / "talk.jsonl"
    path.write_text(json.dumps({"messages": talk, "language": "es"}) + "\n", "utf-8")
    done = import_rows(team.project, team.store, team.ana, path)
    assert (done.new, [p["kind"] for p in done.problems]) == (0, ["conversation"])


def test_export_by_status_names_nobody(team, tmp_path):
    team.approve(team.write("es", 1))
    team.write("ja", 2)
    assert export_rows(team.store, tmp_path / "a.jsonl") == 1
    assert export_rows(team.store, tmp_path / "b.jsonl", status="all") == 2
    assert export_rows(team.store, tmp_path / "c.jsonl", status="all", language="ja") == 1
    assert not re.search("Ana|Muñoz", (tmp_path / "b.jsonl").read_text("utf-8"))


def test_the_card(team, tmp_path):
    team.fill(1)
    with collection(team.project) as store:
        card = write_card(store, tmp_path / "card.md")
        assert "Muñoz" not in card and "2" in card
        assert (tmp_path / "card.md").read_text("utf-8") == card
        assert "承認" in write_card(store, locale="ja")
