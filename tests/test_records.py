from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pinchtune.errors import DataError, MissingExtra
from pinchtune.records import Example, Message

TEXT = st.text(min_size=1, max_size=20)


@given(TEXT, TEXT, TEXT)
def test_id_is_content_and_language(instruction, response, source):
    one = Example(instruction, response, "ja", source=source)
    assert one.id == Example(instruction, response, "ja").id
    assert one.id != Example(instruction, response, "zh").id
    assert one.id != Example(instruction, response + "x", "ja").id
    assert one.id != Example(instruction, None, "ja").id


def test_ids_stay_what_they_are():
    assert Example("Ask", "Answer", "en").id == "3a6336aed8835395"


def test_messages():
    example = Example("b", "c", input="x", system="s", history=(("q", "a"),))
    assert list(example.messages()) == [
        Message("system", "s"),
        Message("user", "q"),
        Message("assistant", "a"),
        Message("user", "b\n\nx"),
        Message("assistant", "c"),
    ]
    assert [m.role for m in Example("only").messages()] == ["user"]


def test_row_leaves_out_what_is_empty_and_keeps_what_is_unknown():
    row = Example("a", "b", "en", extra={"team": "north", "language": "xx"}).to_row()
    assert set(row) == {"id", "language", "instruction", "response", "status", "team"}
    assert row["language"] == "en"


def test_errors_survive_a_process_border():
    import pickle

    error = DataError("is odd; mend it", "f.jsonl", 3, "response")
    assert str(pickle.loads(pickle.dumps(error))) == "f.jsonl:3, response: is odd; mend it"
    missing = pickle.loads(pickle.dumps(MissingExtra("torch", "tune")))
    assert str(missing) == "torch is not installed; run: pip install 'pinchtune[tune]'"
