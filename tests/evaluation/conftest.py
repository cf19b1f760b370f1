"""What the tests of the evaluation share: the starter data and its languages."""

import json
from importlib.resources import files

import pytest

from pinchtune.languages import Identifier
from pinchtune.records import Example

LANGUAGES = ["en", "es", "ja", "ru", "ar", "cs", "et", "fi", "he", "hi", "it", "sw", "zh"]
FIELDS = ("instruction", "response", "language", "parallel_id")


def read(folder):
    root = files("pinchtune") / "starter" / folder
    for code in LANGUAGES:
        for line in (root / f"{code}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            yield Example(**{field: row[field] for field in FIELDS})


@pytest.fixture(scope="session")
def evaluation():
    """Evaluation prompts with references, in 13 languages."""
    return list(read("evaluation"))


@pytest.fixture(scope="session")
def responses(evaluation):
    """All responses of the starter data as (language, text)."""
    examples = [*evaluation, *read("pinch")]
    assert len({example.language for example in examples}) == 13
    return [(example.language, example.response) for example in examples]


@pytest.fixture(scope="session")
def identifier():
    return Identifier(LANGUAGES)
