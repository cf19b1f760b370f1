"""Ways to get it wrong: each is one exact sentence, exit code 2, and an untouched project."""

from __future__ import annotations

import gzip
import json
import pickle
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from pinchtune.errors import BAD_INPUT, RUN_FAILED
from pinchtune.languages import LANGUAGES

KNOWN = f"use one of: {' '.join(LANGUAGES)}"
SHAPES = (
    "rename them to one of: pinchtune (instruction, response), alpaca (instruction, output), "
    "messages, sharegpt (conversations), prompt-completion (prompt, completion or question, answer)"
)
FORMATS = "auto pinchtune alpaca messages sharegpt prompt-completion"
SUFFIXES = ".jsonl .ndjson .json .csv .tsv .xlsx .parquet"
RESAVE = "save the file as UTF-8 and try again"
NOT_LOADED = (
    "name a model folder, a hub id that is downloaded already or reachable, or one of: "
    "gemma-3-270m, smollm2-135m"
)
TURNS = "after an optional system message, user and assistant take turns"
TOO_LONG = b'{"instruction": "' + b"x" * 17_000_000 + b'"}\n'


def row(**columns: object) -> str:
    return json.dumps({"instruction": "Say hello.", "response": "Hello!"} | columns) + "\n"


def talk(*roles: str) -> str:
    return json.dumps({"messages": [{"role": r, "content": "Hello!"} for r in roles]}) + "\n"


class Case(NamedTuple):
    """A command that goes wrong; P is the project, … is a library's own words."""

    name: str
    command: str
    message: str
    prepare: Callable[[Path], object] = lambda project: None
    code: int = BAD_INPUT


def put(name: str, content: str | bytes, project: Path) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def put_sheet(rows: list[list[str]], project: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for cells in rows:
        book.active.append(cells)
    book.save(project / "x.xlsx")


def edit(name: str, change: Callable[[dict], dict | None], project: Path) -> None:
    """Change the rows of a data set; a row that becomes None is left out."""
    path = project / f"data/{name}.jsonl"
    rows = [change(json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    put(f"data/{name}.jsonl", "".join(json.dumps(r) + "\n" for r in rows if r), project)


def importing(name: str, file: str, content: str | bytes, message: str, options: str = "") -> Case:
    command = f"data import P/{file} --into pinch -p P {options}"
    return Case(name, command, message, partial(put, file, content))


def configured(name: str, toml: str | bytes, message: str) -> Case:
    return Case(
        name, "data list -p P", f"P/pinch.toml: {message}", partial(put, "pinch.toml", toml)
    )


def overridden(name: str, override: str, message: str) -> Case:
    return Case(name, f"data list -p P --set {override}", f"--set {override}: {message}")


LOGS = ".jsonl .ndjson .json .csv .tsv .xlsx .parquet .mbox .eml .txt .log"


def mining(name: str, file: str, content: str | bytes, message: str) -> Case:
    return Case(name, f"mine P/{file} -p P", message, partial(put, file, content))


MINED = (
    Case("no log", "mine P/x.csv -p P", "P/x.csv: does not exist; check the name"),
    Case(
        "folder without logs",
        "mine P/x -p P",
        f"P/x: holds no logs; expected {LOGS}, each also .gz or .zst",
        lambda project: (project / "x").mkdir(),
    ),
    mining(
        "log of an unknown kind",
        "x.docx",
        "x",
        f"P/x.docx: has no suffix that tells its format; use one of {LOGS}",
    ),
    mining(
        "log without a column of questions",
        "x.csv",
        "when,who\n1,2\n",
        "no row of the file can be read; the first: P/x.csv:2: has no column that is known to hold "
        "what was asked (found: when, who); name it with --set mine.question=NAME",
    ),
    mining(
        "zst that is none",
        "x.txt.zst",
        b"plain",
        "P/x.txt.zst: is not a whole zstd file; pack it again",
    ),
)
CHECKED = tuple(
    Case(name, f"{verb} -p P", f"P/{message}", partial(put, file, row(checks=checks)))
    for name, verb, file, checks, message in (
        (
            "check of another name",
            "data import P/x.jsonl --into evaluation",
            "x.jsonl",
            [{"check": "words", "at_most": 9}, {"check": "quote"}],
            "x.jsonl:1, checks[1].check: is 'quote', which is no check; did you mean 'quoted'?",
        ),
        (
            "check without its parameter",
            "data import P/x.jsonl --into evaluation",
            "x.jsonl",
            [{"check": "starts_with"}],
            "x.jsonl:1, checks[0].text: is missing in starts_with; give a text that is not empty",
        ),
        (
            "checks that are none, by hand",
            "data check",
            "data/evaluation.jsonl",
            "short",
            'data/evaluation.jsonl:1, checks: is no list in JSON; write it as [{"check": "words", '
            '"at_most": 50}]',
        ),
        (
            "bad checks before anything is answered",
            "generate",
            "data/evaluation.jsonl",
            [{"check": "digits", "system": "roman"}],
            "data/evaluation.jsonl:1, checks[0].system: is 'roman'; give one of latn, arab, "
            "arabext, deva, beng, thai, fullwide",
        ),
    )
)
FILES = (
    *CHECKED,
    Case(
        "no starter set of that name",
        "data import starter:extra --into evaluation -p P",
        "there is no starter set 'extra'; use one of: starter:base, starter:evaluation, "
        "starter:pinch, starter:verifiable",
    ),
    Case(
        "no file",
        "data import P/x.jsonl --into base -p P",
        "P/x.jsonl: does not exist; check the name",
    ),
    Case(
        "folder without examples",
        "data import P/x --into base -p P",
        f"P/x: holds no file of examples; add one ({SUFFIXES})",
        lambda project: (project / "x").mkdir(),
    ),
    importing(
        "folder named as a file",
        "x.jsonl/notes.txt",
        "",
        f"P/x.jsonl/notes.txt: has no suffix that tells its format; save it as one of {SUFFIXES}",
    ),
    importing(
        "broken JSON",
        "x.jsonl",
        row() + row() + '{"instruction": "Say\n',
        "P/x.jsonl:3: is not valid JSON (Invalid control character at); correct or remove the line",
    ),
    importing(
        "broken JSON in a list",
        "x.json",
        f"[\n{row()},\n{{]",
        "P/x.json:4: is not valid JSON (Expecting property name enclosed in double quotes); "
        "correct or remove the line",
    ),
    importing(
        "cut gz",
        "x.jsonl.gz",
        gzip.compress(row().encode() * 999, mtime=0)[:-20],
        "P/x.jsonl.gz: is not a whole gzip file; pack it again",
    ),
    importing(
        "gz that is none", "x.csv.gz", row(), "P/x.csv.gz: is not a whole gzip file; pack it again"
    ),
    importing(
        "list on a line",
        "x.jsonl",
        row() + '["Say hello.", "Hello!"]\n',
        "P/x.jsonl:2: holds a list where an object {…} was expected; correct or remove the line",
    ),
    importing(
        "mixed shapes",
        "x.jsonl",
        row() + talk("user", "assistant"),
        "P/x.jsonl:2: has the shape messages, but line 1 has the shape pinchtune; split the file "
        "by shape, or say which one to read with --format",
    ),
    importing(
        "unknown shape",
        "x.jsonl",
        '{"q": "a", "a": "b"}\n',
        f"P/x.jsonl:1: has columns of no known shape (found: q, a); {SHAPES}",
    ),
    importing(
        "empty file", "x.jsonl", "", "P/x.jsonl: holds no rows; check that this is the right file"
    ),
    importing(
        "binary file",
        "x.jsonl",
        bytes(range(128)),
        "P/x.jsonl:1: holds binary data; expected text in UTF-8 (export the file as JSON Lines)",
    ),
    importing(
        "endless line",
        "x.jsonl",
        TOO_LONG,
        "P/x.jsonl:1: is longer than 16 MB; split the file by lines",
    ),
    importing(
        "latin-1",
        "x.jsonl",
        '{"instruction": "é"}\n'.encode("latin-1"),
        f"P/x.jsonl:1: is not UTF-8 (byte 17); {RESAVE}",
    ),
    importing(
        "UTF-16",
        "x.csv",
        "instruction,response\na,b\n".encode("utf-16"),
        f"P/x.csv: is not UTF-8 (byte 0); {RESAVE}",
    ),
    importing(
        "number for text",
        "x.jsonl",
        row() + row(instruction=3),
        "P/x.jsonl:2, instruction: is a number where text was expected; put it in quotes",
    ),
    importing(
        "unknown status",
        "x.jsonl",
        row(status="ok"),
        "P/x.jsonl:1, status: is 'ok'; use one of draft, submitted, approved, rejected",
    ),
    importing(
        "half a turn in the history",
        "x.jsonl",
        row(history=[["Hello!"]]),
        "P/x.jsonl:1, history[0]: has 1 turns; expected [what the user said, what was answered]",
    ),
    importing(
        "roles in the wrong order",
        "x.jsonl",
        talk("user", "assistant") + talk("user", "user", "assistant"),
        "P/x.jsonl:2, messages[1]: is of the user where the assistant was expected; " + TURNS,
    ),
    importing(
        "two system messages",
        "x.jsonl",
        talk("system", "system", "user", "assistant"),
        "P/x.jsonl:1, messages[1]: is of the system where the user was expected; " + TURNS,
    ),
    importing(
        "a tool's turn",
        "x.jsonl",
        talk("user", "tool", "assistant"),
        "P/x.jsonl:1, messages[1]: has the role 'tool'; use system, user or assistant, and leave "
        "tools out",
    ),
    Case(
        "xlsx without a header",
        "data import P/x.xlsx --into base -p P",
        f"P/x.xlsx:2: has columns of no known shape (found: Say hello., Hello!); {SHAPES}",
        partial(put_sheet, [["Say hello.", "Hello!"], ["Say bye.", "Bye!"]]),
    ),
    importing(
        "broken xlsx",
        "x.xlsx",
        "PK\3\4 nothing",
        "P/x.xlsx: is no .xlsx workbook; save it again as .xlsx",
    ),
    importing(
        "broken parquet",
        "x.parquet",
        "PAR1 nothing",
        "P/x.parquet: is no parquet file; export it again",
    ),
    importing(
        "ragged csv",
        "x.csv",
        "instruction,response\na,b\nc,d,e\n",
        "P/x.csv:3: has a cell in column 3, which has no name; name it in row 1",
    ),
    importing(
        "csv with a column twice",
        "x.csv",
        "instruction,response,response\na,b,c\n",
        "P/x.csv:1, header: names the column 'response' twice; rename one",
    ),
    importing(
        "csv with an open quote",
        "x.csv",
        'instruction,response\n"a,b\n',
        "P/x.csv:2: is not valid CSV (unexpected end of data); export the table again",
    ),
    importing(
        "unknown format",
        "x.jsonl",
        row(),
        f"unknown format 'chatml'; use one of: {FORMATS}",
        "--format chatml",
    ),
    importing(
        "unknown language in a row",
        "x.jsonl",
        row(language="klingon"),
        f"P/x.jsonl:1, language: unknown language 'klingon'; {KNOWN}",
    ),
    importing(
        "unknown language",
        "x.jsonl",
        row(),
        f"unknown language 'klingon'; {KNOWN}",
        "--language klingon",
    ),
    importing(
        "into an unknown data set",
        "x.jsonl",
        row(),
        "unknown data set 'training'; use one of: base, pinch, evaluation",
        "--into training",
    ),
    importing(
        "into a table",
        "x.jsonl",
        row(),
        "data.pinch: P/pool.csv is not JSON Lines, so nothing can be imported into it; "
        "set data.pinch to a .jsonl file",
        "--set data.pinch=pool.csv",
    ),
    importing(
        "into a folder",
        "pool.jsonl/x.jsonl",
        row(),
        "P/pool.jsonl: is a folder; name a file",
        "--set data.pinch=pool.jsonl",
    ),
    Case(
        "hub data set without network",
        "data import no/such --into base -p P",
        "no/such: is neither a file nor a data set that can be loaded (…); check the name, the "
        "split 'train', the configuration (org/name:config) and the network",
    ),
    Case(
        "export to an unknown suffix",
        "data export base P/x.docx -p P",
        "P/x.docx: has no suffix of a known file; use one of .jsonl .json .csv .tsv .xlsx .parquet",
    ),
    Case(
        "export over a folder",
        "data export base P/x.csv -p P",
        "P/x.csv: is a folder; name a file",
        lambda project: (project / "x.csv").mkdir(),
    ),
    Case(
        "export below a file",
        "data export base P/pinch.toml/x.csv -p P",
        "P/pinch.toml/x.csv: cannot be written (a file stands where a folder should be); "
        "move it away",
        code=RUN_FAILED,
    ),
    Case(
        "check an unknown data set",
        "data check train -p P",
        "unknown data set 'train'; use one of: base, pinch, evaluation",
    ),
)

CONFIG = (
    configured(
        "unknown key",
        "[train]\nlearningrate = 0.1\n",
        "unknown key 'train.learningrate'; did you mean 'learning_rate'?",
    ),
    configured(
        "unknown section", "[trian]\nrank = 1\n", "unknown key 'trian'; did you mean 'train'?"
    ),
    configured(
        "wrong type",
        '[train]\nrank = "many"\n',
        "train.rank: expected a whole number, found 'many'; correct it",
    ),
    configured(
        "true for a number",
        "[mix]\ndose = true\n",
        "mix.dose: expected a whole number, found True; correct it",
    ),
    configured(
        "text for a list",
        '[languages]\ntuned = "es"\n',
        'languages.tuned: expected a list such as ["es", "ja"], found \'es\'; correct it',
    ),
    configured(
        "negative",
        "[mix]\ndose = -1\n",
        "mix.dose: expected a number greater than or equal to 0, found -1; correct it",
    ),
    configured(
        "out of range",
        "[train]\nlearning_rate = 2\n",
        "train.learning_rate: expected a number less than 1, found 2; correct it",
    ),
    configured(
        "no choice",
        '[mix]\nmode = "swap"\n',
        "mix.mode: expected 'replace' or 'add', found 'swap'; correct it",
    ),
    configured(
        "value for a section",
        "train = 3\n",
        "train: expected a section such as [train], found 3; correct it",
    ),
    configured(
        "no model",
        '[model]\nbase = ""\n',
        "model.base: expected text that is not empty, found ''; correct it",
    ),
    configured(
        "broken TOML",
        "[mix]\ndose = 4\n[train\n",
        "is not valid TOML (Expected ']' at the end of a table declaration (at line 3, column 7)); "
        "correct it",
    ),
    configured("toml in latin-1", b'name = "\xe9"\n', f"is not UTF-8 (byte 8); {RESAVE}"),
    configured(
        "tuned and unseen",
        '[languages]\ntuned = ["es"]\nunseen = ["cs", "es"]\n',
        "languages: es is both tuned and unseen; remove it from one list",
    ),
    configured(
        "English tuned",
        '[languages]\ntuned = ["es", "en"]\n',
        "languages: en is always evaluated; remove it from tuned and unseen",
    ),
    configured(
        "a language twice",
        '[languages]\ntuned = ["es", "es-MX"]\n',
        "languages: tuned names a language twice; remove one",
    ),
    configured(
        "shares of more than all",
        "[advise]\nscript_share = 0.8\n",
        "advise: script_share and family_share are more than 1 together; lower one",
    ),
    configured(
        "collecting English",
        '[advise]\ncandidates = ["en", "es"]\n',
        "advise: candidates names en, which is in every mixture; remove it",
    ),
    configured(
        "examples for nothing",
        "[advise.cost]\nes = 0\n",
        "advise.cost.es: expected a number greater than 0, found 0; correct it",
    ),
    configured(
        "cost of a language that is none",
        "[advise.cost]\nxx = 2.0\n",
        f"advise.cost.xx.[key]: unknown language 'xx'; {KNOWN}",
    ),
    configured(
        "no language",
        "[languages]\ntuned = []\n",
        "languages: tuned is empty; name at least one language",
    ),
    configured(
        "language that is none",
        '[languages]\ntuned = ["es", "xx"]\n',
        f"languages.tuned.1: unknown language 'xx'; {KNOWN}",
    ),
    Case(
        "no pinch.toml",
        "mix -p P",
        "P/pinch.toml: does not exist; run `pinch init` to make a project",
        lambda project: (project / "pinch.toml").unlink(),
    ),
    overridden(
        "no seed at all",
        "train.seeds=0",
        "train.seeds: expected a number greater than 0, found 0; correct it",
    ),
    configured(
        "doses of other stages",
        "[ladder]\ndoses = [10]\n",
        "ladder: doses must be empty or have a number for each stage of languages",
    ),
    Case(
        "ladder that is none",
        "mix -p P",
        "P/ladder.json: is no ladder; put the file back as it was",
        partial(put, "ladder.json", "[]"),
    ),
    Case(
        "stage that is none",
        "stage start 9 -p P",
        "there is no stage '9'; use one of: 4-in-2, 4-in-3, next",
    ),
    Case(
        "no stage to finish",
        "stage finish -p P",
        "no stage is running; begin one with `pinch stage start next`",
    ),
    Case(
        "decide before evaluate",
        "decide -p P",
        "P/runs/evaluation is not complete; run `pinch evaluate` first, or `pinch run`",
    ),
    overridden("--set without =", "mix.dose", "expected section.key=value; correct it"),
    overridden(
        "--set of an unknown key", "mix.dosis=3", "unknown key 'mix.dosis'; did you mean 'dose'?"
    ),
    overridden(
        "--set of a wrong type",
        "mix.dose=many",
        "mix.dose: expected a whole number, found 'many'; correct it",
    ),
    overridden(
        "judge that is none",
        "judge.kind=dice",
        "judge.kind: expected 'reference', 'llm' or 'people', found 'dice'; correct it",
    ),
    configured(
        "model as judge without an address",
        '[judge]\nkind = "llm"\nmodel = "big-1"\n',
        "judge: kind llm needs an endpoint and a model; set both",
    ),
    overridden(
        "cost limit without prices",
        "judge.cost_limit=5.0",
        "judge: cost_limit needs prices; set input_price and output_price",
    ),
    Case(
        "judge whose address holds a key",
        "run -p P --set judge.kind=llm --set judge.model=m --set "
        "judge.endpoint=http://h/v1?key=secret",
        "judge.endpoint: holds more than a base URL; a key goes into the environment variable "
        "PINCH_JUDGE_API_KEY",
    ),
    overridden("--set below a value", "name.x=3", "'name' is not a section; name section.key"),
    Case("init in a project", "init P", "P/pinch.toml: exists already; choose another folder"),
    Case(
        "init where a file is", "init P/pinch.toml", "P/pinch.toml: is a file; choose another name"
    ),
    Case(
        "init over own data",
        "init P",
        "P/data/base.jsonl: exists already; use --empty to keep it, or choose another folder",
        lambda project: (project / "pinch.toml").unlink(),
    ),
)


def no_japanese(example: dict) -> dict | None:
    return example if example["language"] != "ja" else None


def twin(example: dict) -> dict:
    return example | ({"parallel_id": "eval-50"} if example["parallel_id"] == "pinch-30" else {})


def same_prompt(example: dict) -> dict:
    asked = "Say what colour NUMBER 51 is. "
    return example | ({"instruction": asked} if example["parallel_id"] == "base-3" else {})


MIXING = (
    Case(
        "dose above the pool",
        "mix -p P --set mix.dose=14",
        "mix.dose: 7 examples in es asked for, but the pinch pool has 6; lower the dose or add "
        "examples in es",
    ),
    Case(
        "dose above the base set",
        "mix -p P --set mix.dose=30",
        "mix.dose: 30 examples cannot replace 24 English ones; lower the dose, raise mix.budget, "
        "or set mix.mode to 'add'",
    ),
    Case(
        "budget above the base set",
        "mix -p P --set mix.budget=25",
        "mix.budget: 25 examples asked for, but the base set has 24; lower the budget or add "
        "examples",
    ),
    Case(
        "no English",
        "mix -p P",
        "data.base: holds no approved English example with a response; check the language column "
        "(`pinch data list`)",
        partial(edit, "base", lambda example: example | {"language": "es"}),
    ),
    Case(
        "pool without a tuned language",
        "mix -p P",
        "mix.dose: 2 examples in ja asked for, but the pinch pool has 0; lower the dose or add "
        "examples in ja",
        partial(edit, "pinch", no_japanese),
    ),
    Case(
        "pool of rows in no known language",
        "mix -p P",
        "mix.dose: 2 examples in es asked for, but the pinch pool has 0; lower the dose or add "
        "examples in es",
        partial(put, "data/pinch.jsonl", row(instruction="12", response="34")),
    ),
    Case(
        "evaluation without a language",
        "run -p P",
        "data.evaluation: P/data/evaluation.jsonl has no prompts in ja; add some or remove the "
        "language from [languages]",
        partial(edit, "evaluation", no_japanese),
    ),
    Case(
        "no evaluation set",
        "run -p P",
        "P/data/evaluation.jsonl: does not exist; check the name",
        lambda project: (project / "data/evaluation.jsonl").unlink(),
    ),
    Case(
        "twin in the evaluation",
        "mix -p P",
        "contamination: 2 training example(s) are in the evaluation set, such as “Di de qué color "
        "es el número 30.” (its parallel twin 'eval-50'); remove them from one of the two",
        partial(edit, "pinch", twin),
    ),
    Case(
        "prompt in the evaluation",
        "mix -p P",
        "contamination: 1 training example(s) are in the evaluation set, such as “Say what colour "
        "NUMBER 51 is. ” (the same prompt (en)); remove them from one of the two",
        partial(edit, "base", same_prompt),
    ),
    Case(
        "a file for the folder of runs",
        "mix -p P",
        "P/runs/mixture/stage.json: cannot be written (a file stands where a folder should be); "
        "move it away",
        partial(put, "runs", ""),
        RUN_FAILED,
    ),
    Case(
        "a file for the folder of a stage",
        "mix -p P",
        "P/runs/mixture/stage.json: cannot be written (a file stands where a folder should be); "
        "move it away",
        partial(put, "runs/mixture", ""),
        RUN_FAILED,
    ),
    Case(
        "preview before mix",
        "preview -p P",
        "P/runs/mixture is not complete; run `pinch mix` first, or `pinch run`",
    ),
    Case(
        "advice before an evaluation",
        "advise next -p P",
        "P/runs/evaluation is not complete; run `pinch evaluate` first, or `pinch run`",
    ),
    Case(
        "train before mix",
        "train -p P",
        "P/runs/mixture is not complete; run `pinch mix` first, or `pinch run`",
    ),
    Case(
        "generate before train",
        "generate -p P",
        "P/runs/arms/english is not complete; run `pinch train` first, or `pinch run`",
    ),
    Case(
        "evaluate before generate",
        "evaluate -p P",
        "P/runs/answers/english is not complete; run `pinch generate` first, or `pinch run`",
    ),
    Case(
        "report before evaluate",
        "report -p P",
        "P/runs/evaluation is not complete; run `pinch evaluate` first, or `pinch run`",
    ),
    Case("unknown arm", "train pinsh -p P", "unknown arm 'pinsh'; use one of: english, pinch"),
    Case(
        "unknown arm to look into",
        "probe pinsh -p P",
        "unknown arm 'pinsh'; use one of: base, english, pinch",
    ),
    Case(
        "probe before train",
        "probe -p P",
        "P/runs/arms/english is not complete; run `pinch train` first, or `pinch run`",
    ),
    Case(
        "preview of the untuned model",
        "preview base -p P --set evaluate.include_base=true",
        "unknown arm 'base'; use one of: english, pinch",
    ),
    Case(
        "endpoint that is no address",
        "generate -p P --set generate.endpoint=localhost:8000",
        "generate.endpoint: 'localhost:8000' is no address; begin it with http://",
    ),
    Case(
        "endpoint with a broken port",
        "generate -p P --set generate.endpoint=http://localhost:80o0",
        "generate.endpoint: 'http://localhost:80o0' is no address (Invalid port: '80o0'); correct "
        "it",
    ),
    Case(
        "folder that is no model",
        "mix -p P --set model.base=P/nowhere",
        "model.base: P/nowhere: is not a model folder; name a folder or a hub id",
    ),
    Case(
        "file that is no model",
        "mix -p P --set model.base=P/pinch.toml",
        "model.base: P/pinch.toml: is not a model folder; name a folder or a hub id",
    ),
    Case(
        "hub model without network",
        "mix -p P --set model.base=no/such",
        f"model.base: no/such cannot be loaded (…); {NOT_LOADED}",
    ),
)


TRAINERS = (
    Case(
        "trainer that is none",
        "export trainer pinch P/out --to spark -p P",
        "--to spark: is not known; use one of: trl, axolotl, llamafactory, ms-swift",
    ),
    Case(
        "export before mix",
        "export trainer pinch P/out -p P",
        "P/runs/mixture is not complete; run `pinch mix` first, or `pinch run`",
    ),
    Case(
        "arm from nowhere",
        "arm add P/out --as pinch -p P",
        "P/out: is no folder; name the one that the trainer wrote",
    ),
    Case(
        "arm that is pickled",
        "arm add P/out -p P",
        "P/out/pytorch_model.bin: is pickled, and never read, since it could run any code; let "
        "the trainer save safetensors",
        partial(put, "out/pytorch_model.bin", b"x"),
    ),
    Case(
        "arm that was tuned here",
        "arm remove pinch -p P",
        "P/runs/arms/pinch: did not come from elsewhere; `pinch train` tunes it anew",
    ),
    Case(
        "configuration of no trainer",
        "init P/new --from P/x.yaml",
        "P/x.yaml: has neither model_name_or_path (LLaMA-Factory) nor base_model (axolotl); name "
        "a configuration of one of these",
        partial(put, "x.yaml", "lr: 1\n"),
    ),
    Case(
        "configuration that is no YAML",
        "init P/new --from P/x.yaml",
        "P/x.yaml: is not valid YAML (…); correct it",
        partial(put, "x.yaml", "a: [\n"),
    ),
)


def matches(message: str, said: str) -> bool:
    return bool(re.fullmatch(re.escape(message).replace("…", ".+"), said))


@pytest.fixture
def check(pinch, look):
    """Run the command of a case in a project; sentence, code and files must be right."""

    def check(case: Case, project: Path) -> None:
        before = look(project)
        told = pinch(*re.sub(r"\bP\b", str(project), case.command).split())
        said = told.err.replace(f"{project}/", "P/")
        assert matches(f"pinch: {case.message}\n", said), f"{said} is not {case.message}"
        assert (told.code, told.out) == (case.code, "")
        assert look(project) == before

    return check


@pytest.mark.parametrize(
    "case", [*FILES, *MINED, *CONFIG, *MIXING, *TRAINERS], ids=lambda case: case.name
)
def test_one_sentence_and_nothing_changed(case: Case, make_project, check):
    project = make_project()
    case.prepare(project)
    check(case, project)


def no_tokenizer(model: Path) -> None:
    (model / "tokenizer_config.json").unlink()


def no_words(model: Path) -> None:
    (model / "tokenizer.json").unlink()


def no_config(model: Path) -> None:
    (model / "config.json").unlink()


def no_weights(model: Path) -> None:
    (model / "model.safetensors").unlink()


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def only_pickled_weights(model: Path) -> None:
    no_weights(model)
    put("pytorch_model.bin", pickle.dumps(Trap(model / "sprung")), model)


def cut_weights(model: Path) -> None:
    weights = (model / "model.safetensors").read_bytes()
    put("model.safetensors", weights[:-999], model)


PICKLED = "convert the weights (pickled weights are never read)"
MODELS = {
    no_tokenizer: "P/model: has no tokenizer_config.json; save the tokenizer there "
    "(tokenizer.save_pretrained)",
    no_words: "P/model: has no tokenizer.json or *.model or *vocab*; save the tokenizer there "
    "(tokenizer.save_pretrained)",
    no_config: "P/model: has no config.json; name the folder that holds the model",
    no_weights: f"P/model: has no *.safetensors; {PICKLED}",
    only_pickled_weights: f"P/model: has no *.safetensors; {PICKLED}",
    cut_weights: f"model.base: P/model cannot be loaded (…); {NOT_LOADED}",
}


@pytest.fixture
def mixed(make_project, tiny_model, pinch) -> Path:
    """A project with a mixture, and its own copy of the model in `model`."""
    project = make_project()
    toml = (project / "pinch.toml").read_text("utf-8")
    shutil.copytree(tiny_model, project / "model")
    put("pinch.toml", toml.replace(str(tiny_model), str(project / "model")), project)
    assert pinch("mix", "-p", project).code == 0
    return project


@pytest.mark.parametrize("damage", MODELS, ids=lambda damage: damage.__name__)
def test_damaged_model(damage, mixed: Path, check):
    damage(mixed / "model")
    check(Case("", "train -p P", MODELS[damage], code=BAD_INPUT), mixed)
    assert not (mixed / "model/sprung").exists()


def test_device_that_is_not_there(mixed: Path, check, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    message = "model.device: cuda is not available on this machine; use auto"
    check(Case("", "train -p P --set model.device=cuda", message), mixed)


TRAINING = (
    Case(
        "nothing of a response fits",
        "train -p P --set train.max_length=5",
        "train.max_length: 5 tokens leave no response in any example; raise it",
    ),
    Case(
        "more layers than there are",
        "train -p P --set train.last_layers=3",
        "train.last_layers: the model has 2 layers, not 3; lower it",
    ),
    Case("row 0", "preview -p P --row 0", "--row 0: the mixture has rows 1 to 24"),
    Case("row too high", "preview -p P --row 25", "--row 25: the mixture has rows 1 to 24"),
)


def test_options_that_do_not_fit_the_mixture(mixed: Path, check):
    for case in TRAINING:
        check(case, mixed)


@pytest.mark.parametrize(
    ("words", "last_line"),
    [
        ("mixx", "Error: No such command 'mixx'.…"),
        ("mix --dose 3", "Error: No such option: --dose…"),
        ("data import x.jsonl", "Error: Missing option '--into'."),
        ("data export base", "Error: Missing argument 'path'."),
        ("preview --row first", "Error: Invalid value for '--row': …"),
    ],
)
def test_words_that_are_no_command(words: str, last_line: str, pinch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = pinch(*words.split())
    assert told.code == BAD_INPUT
    assert matches(last_line, told.err.splitlines()[-1])
    assert not list(tmp_path.iterdir())
