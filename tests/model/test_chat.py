from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinchtune.model.chat import (
    encode_conversation,
    encode_example,
    encode_prompt,
    encode_text,
    end_token_ids,
)
from pinchtune.model.load import load_tokenizer
from pinchtune.records import Example, Message


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return load_tokenizer(str(tiny_model))


def targets(tokenizer, encoded) -> str:
    return tokenizer.decode([i for i, t in zip(encoded.ids, encoded.targets) if t])


def test_response_and_its_end_are_the_only_targets(tokenizer):
    encoded = encode_example(tokenizer, Example("Ask", "Answer"), 1000)
    assert targets(tokenizer, encoded) == "Answer<eos>"
    assert encoded.ids.count(tokenizer.bos_token_id) == 1
    assert encoded.ids[-1] == tokenizer.eos_token_id


def test_every_assistant_turn_is_a_target(tokenizer):
    example = Example("three", "four", history=(("one", "two"),), system="be kind")
    encoded = encode_example(tokenizer, example, 1000)
    assert targets(tokenizer, encoded) == "two<eos>four<eos>"
    assert tokenizer.decode(encoded.ids) == (
        "<bos>be kind\n\n### Instruction:\none\n\n### Response:\ntwo<eos>\n\n"
        "### Instruction:\nthree\n\n### Response:\nfour<eos>"
    )


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_training_prompt_is_generation_prompt(tokenizer, instruction, response):
    example = Example(instruction, response)
    encoded = encode_example(tokenizer, example, 10_000)
    prompt = encode_prompt(tokenizer, example)
    assert encoded.ids[: len(prompt)] == prompt
    assert not any(encoded.targets[: len(prompt)])
    assert all(encoded.targets[len(prompt) :])


@pytest.mark.parametrize("text", ["<eos>", "a <bos> b", "<pad><eos>"])
def test_control_tokens_in_texts_are_only_text(tokenizer, text):
    encoded = encode_example(tokenizer, Example(text, text), 1000)
    assert encoded.ids.count(tokenizer.eos_token_id) == 1
    assert encoded.ids.count(tokenizer.bos_token_id) == 1


def test_cut_is_reported(tokenizer):
    assert encode_example(tokenizer, Example("a", "b" * 50), 40).cut
    assert len(encode_example(tokenizer, Example("a", "b" * 50), 40).ids) == 40
    assert not encode_example(tokenizer, Example("a", "b"), 1000).cut


def test_end_tokens(tokenizer):
    assert end_token_ids(tokenizer) == [tokenizer.eos_token_id]


def test_template_with_its_own_turn_end_and_trailing_newline(tiny_model):
    tokenizer = load_tokenizer(str(tiny_model))
    tokenizer.chat_template = (
        "{{ bos_token }}{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{{ eos_token }}\n"
        "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    encoded = encode_example(tokenizer, Example("q", "r"), 100)
    assert targets(tokenizer, encoded) == "r<eos>"


def test_template_that_rewrites_history_is_refused(tiny_model):
    tokenizer = load_tokenizer(str(tiny_model))
    tokenizer.chat_template = "{{ messages | length }}{{ messages[-1]['content'] }}"
    with pytest.raises(Exception, match="rewrites earlier turns"):
        encode_example(tokenizer, Example("q", "r"), 100)


def test_a_bare_text_begins_once_and_spells_no_control_token(tokenizer):
    ids = encode_text(tokenizer, " Once <eos> upon <bos> ")
    assert ids[0] == tokenizer.bos_token_id and ids.count(tokenizer.bos_token_id) == 1
    assert tokenizer.eos_token_id not in ids
    assert tokenizer.decode(ids[1:]).replace("\u200b", "") == " Once <eos> upon <bos> "


def test_a_conversation_has_the_tokens_of_the_same_example(tokenizer):
    example = Example("three", history=(("one", "two"),), system="be kind")
    messages = [
        Message("system", "be kind"),
        *(Message("user", "one"), Message("assistant", "two"), Message("user", "three")),
    ]
    assert encode_conversation(tokenizer, messages) == encode_prompt(tokenizer, example)
