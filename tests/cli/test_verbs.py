"""The verbs as a person or a script meets them: results on stdout, the rest on stderr."""

from __future__ import annotations

import json
import sys

import pytest

from pinchtune.cli.common import PlainProgress, exit_code
from pinchtune.cli.main import main


@pytest.fixture
def pinch(monkeypatch, capsys):
    """Run the command line; return its exit code, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pinch", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return left.value.code or 0, printed.out, printed.err

    return call


def test_whole_circle_in_json(pinch, make_project):
    folder = make_project()
    code, out, err = pinch("run", "-p", folder, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["verdict"] in ("go", "no-go", "unclear")
    assert found["report"].endswith("report.html")
    assert "tuning pinch: 0/6" in err
    gated, _, _ = pinch("run", "-p", folder, "--gate", "--quiet")
    assert gated == (0 if found["verdict"] == "go" else 3)
    code, out, err = pinch("run", "-p", folder, "--quiet")
    assert (code, err) == (0, "")
    assert found["text"].split()[0] in out


def test_stages_one_by_one(pinch, make_project):
    folder = make_project()
    assert "pinch arm en 20, es 2, ja 2" in pinch("mix", "-p", folder)[1]
    code, out, _ = pinch("preview", "-p", folder)
    assert (code, "### Response:" in out, "<eos>" in out) == (0, True, True)
    assert set(json.loads(pinch("train", "pinch", "-p", folder, "--json", "-q")[1])) == {"pinch"}
    assert pinch("train", "english", "-p", folder, "-q")[0] == 0
    assert pinch("generate", "-p", folder, "-q")[0] == 0
    assert pinch("evaluate", "-p", folder, "-q")[0] == 0
    assert pinch("report", "-p", folder, "-q")[1].strip().endswith("report.html")


def test_init_and_data(pinch, tmp_path):
    folder = tmp_path / "new"
    assert pinch("init", folder)[0] == 0
    code, out, _ = pinch("data", "list", "-p", folder, "--json")
    assert (code, json.loads(out)["pinch"]["languages"]["ja"]) == (0, 40)
    exported = tmp_path / "pool.xlsx"
    assert pinch("data", "export", "pinch", exported, "-p", folder)[0] == 0
    code, out, _ = pinch("data", "import", exported, "--into", "pinch", "-p", folder)
    assert (code, out.strip().endswith("0 new, 520 known already")) == (0, True)
    assert pinch("data", "check", "base", "-p", folder)[1].strip() == "0 findings"


def test_options_are_listed_with_defaults(pinch):
    code, out, _ = pinch("init", "--options", "--json")
    options = json.loads(out)
    assert (code, options["mix.dose"]["default"]) == (0, 40)
    assert options["mix.dose"]["about"] == "Number of multilingual examples in all."


def test_version(pinch):
    assert pinch("--version")[1].startswith("pinchtune ")


def test_the_gate():
    assert exit_code({"verdict": "go"}, gate=True) == 0
    assert exit_code({"verdict": "unclear"}, gate=True) == 3
    assert exit_code({"verdict": "no-go"}, gate=True) == 3
    assert exit_code({"verdict": "no-go"}, gate=False) == 0


def test_progress_of_an_unknown_total_is_a_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pinchtune.cli.common.PLAIN_SECONDS", -1.0)
    with PlainProgress().task("reading", 0) as task:
        task.advance(500)
        task.advance(20)
    said = capsys.readouterr().err.splitlines()
    assert said[:3] == ["reading: 0", "reading: 500", "reading: 520"]
    assert said[3].startswith("reading: 520 in ")


def test_plain_progress_says_how_much_and_how_long(capsys, monkeypatch):
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr("pinchtune.cli.common.monotonic", lambda: next(clock))
    with PlainProgress().task("tuning", 10, done=4) as task:
        for _ in range(6):
            task.advance(note="loss 1.0")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "tuning: 4/10"
    assert lines[-1].startswith("tuning: 10/10 in ")
    assert any("s left loss 1.0" in line for line in lines[1:-1])


def test_advice_in_words_and_in_json(pinch, make_project, monkeypatch):
    from pinchtune.stages import facts

    whole = facts._shipped()
    cut = {c: dict(list(rows.items())[:10]) for c, rows in whole.items()}
    monkeypatch.setattr(facts, "_shipped", lambda: cut)
    monkeypatch.setattr(facts, "SCORED", 1)
    folder = make_project()
    code, out, err = pinch("advise", "languages", "-p", folder)
    assert (code, out.splitlines()[0]) == (0, "# Which languages to collect for")
    assert "measuring languages: 0/44" in err
    code, out, err = pinch("advise", "languages", "-p", folder, "--json", "-q")
    assert (code, err, json.loads(out)["must"]) == (0, "", ["es", "ja", "ar"])
    pinch("run", "-p", folder, "-q")
    code, out, err = pinch("advise", "next", "-p", folder, "--json", "-q")
    assert (code, err, len(json.loads(out)["steps"])) == (0, "", 3)
    assert pinch("advise", "next", "-p", folder, "-q")[1].startswith("# What to collect next")


def test_costs_in_words_and_in_json(pinch, make_project):
    folder = make_project()
    code, _, err = pinch("costs", "-p", folder)
    assert (code, "run `pinch evaluate` first" in err) == (2, True)
    pinch("run", "-p", folder, "-q")
    code, out, err = pinch("costs", "-p", folder, "--set", "costs.hourly_rate=30", "--json")
    found = json.loads(out)
    assert (code, err, found["back"]) == (0, "", None)
    assert {line["basis"] for line in found["lines"]} == {"measured", "assumed"}
    assert pinch("costs", "-p", folder)[1].startswith("Costs and return\n\nWriting examples")
    assert pinch("costs", "-p", folder, "--language", "ja")[1].startswith("費用と効果")
    assert pinch("costs", "-p", folder, "--language", "fr")[0] == 2
    wrong = pinch("costs", "-p", folder, "--set", "costs.translated=['es']")
    assert (wrong[0], "translated needs prices; set translation" in wrong[2]) == (2, True)
