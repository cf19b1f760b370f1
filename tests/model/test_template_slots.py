"""A chat template as the texts that it writes around messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.errors import UsageError
from pinchtune.model.chat import Slots, encode_example, template_slots, written_messages
from pinchtune.model.load import load_tokenizer
from pinchtune.records import Example, Message

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MERGED = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{% set first = messages[0]['content'] + '\n\n' %}{% set rest = messages[1:] %}"
    "{% else %}{% set first = '' %}{% set rest = messages %}{% endif %}"
    "{% for m in rest %}<turn>{{ 'model' if m['role'] == 'assistant' else 'user' }}\n"
    "{{ (first if loop.first else '') + m['content'] }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<turn>model\n{% endif %}"
)
"""The system message goes into the first question, as in Gemma's own template."""
COUNTING = "{% for m in messages %}{{ loop.index }}: {{ m['content'] }}\n{% endfor %}"


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return load_tokenizer(str(tiny_model))


def write(slots: Slots, messages: list[Message]) -> str:
    """Return a conversation as somebody writes it who knows the slots alone."""
    system = messages[0].content if messages[0].role == "system" else None
    turns = [m.content for m in messages if m.role != "system"]
    head = slots.before_system + system + slots.after_system if system else slots.prefix
    rounds = [
        slots.before_question + ask + slots.before_response + answer
        for ask, answer in zip(turns[::2], turns[1::2], strict=True)
    ]
    return head + slots.separator.join(rounds) + slots.suffix


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    str.strip
)
EXAMPLES = st.builds(
    Example,
    WORDS,
    WORDS,
    system=st.one_of(st.just(""), WORDS),
    history=st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple),
)


@pytest.mark.parametrize("template", [None, CHATML, MERGED], ids=["ours", "chatml", "merged"])
@given(example=EXAMPLES)
def test_the_slots_write_what_the_template_writes(tokenizer, template, example):
    own = tokenizer.chat_template
    try:
        tokenizer.chat_template = template or own
        slots = template_slots(tokenizer)
        text = write(slots, written_messages(tokenizer, example))
        expected = tokenizer.decode(encode_example(tokenizer, example, 10**6).ids)
    finally:
        tokenizer.chat_template = own
    assert text == expected


def test_ours_in_parts(tokenizer):
    assert template_slots(tokenizer) == Slots(
        "<bos>", "<bos>", "\n\n", "### Instruction:\n", "\n\n### Response:\n", "<eos>\n\n", "<eos>"
    )


def test_a_template_that_does_more_is_refused(tokenizer):
    own = tokenizer.chat_template
    try:
        tokenizer.chat_template = COUNTING
        with pytest.raises(UsageError, match="does more than write texts around messages"):
            template_slots(tokenizer)
    finally:
        tokenizer.chat_template = own
