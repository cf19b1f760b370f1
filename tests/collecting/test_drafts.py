"""A draft is marked with its model; no instruction and no answer are told."""

from __future__ import annotations

import pytest

from pinchtune.collecting.drafts import draft_response
from pinchtune.errors import RunError
from pinchtune.model.generate import ScriptedGenerator
from pinchtune.store.errors import Invalid
from pinchtune.store.records import Text


def test_a_draft_is_marked() -> None:
    generator = ScriptedGenerator({"料金は？": "千円です。"})
    found = draft_response(generator, Text("料金は？", "old", "CC0-1.0", "shop"), "ja", "tiny")
    assert found == Text("料金は？", "千円です。", "CC0-1.0", "shop", drafted_by="tiny")


def test_nothing_to_answer_and_no_answer() -> None:
    generator = ScriptedGenerator({"Why?": " "})
    with pytest.raises(Invalid, match="Write the instruction first"):
        draft_response(generator, Text(" \u200b"), "en", "tiny")
    with pytest.raises(RunError, match="tiny gave no answer"):
        draft_response(generator, Text("Why?"), "en", "tiny")
