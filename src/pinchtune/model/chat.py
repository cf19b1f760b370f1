"""The chat template: how a conversation becomes tokens, and which of them are targets.

This is the only module that knows a template. Base models that have none get `TEMPLATE`,
saved with the tokenizer, so that training, evaluation and serving say the same words.
A response's tokens and its end token are targets; nothing else is. The prompt's tokens in
training are the very tokens that generation starts from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from pinchtune.errors import UsageError
from pinchtune.records import Example, Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast as Tokenizer

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] }}\n\n"
    "{% elif message['role'] == 'user' %}"
    "### Instruction:\n{{ message['content'] }}\n\n### Response:\n"
    "{% else %}{% generation %}{{ message['content'] }}{{ eos_token }}{% endgeneration %}"
    "{{ '\n\n' }}"
    "{% endif %}{% endfor %}"
)
"""The plain template for base models; TRL's assistant masks understand `generation` too."""


class Encoded(NamedTuple):
    """One conversation as tokens."""

    ids: list[int]
    """Token ids, the begin token first."""
    targets: list[bool]
    """True for the tokens that the loss counts: responses with their end token."""
    cut: bool
    """True if the conversation was longer than the limit and lost its end."""

    @property
    def target_count(self) -> int:
        """Number of target tokens."""
        return sum(self.targets)


class Slots(NamedTuple):
    """What a chat template writes around the texts of a conversation."""

    prefix: str
    """Before the first question, where there is no system message."""
    before_system: str
    after_system: str
    """Between the system message and the first question."""
    before_question: str
    """What every question has before it, beside the above."""
    before_response: str
    separator: str
    """Between a response and the next question."""
    suffix: str
    """After the last response."""


def prepare_tokenizer(tokenizer: Tokenizer) -> Tokenizer:
    """Give a base model's tokenizer the plain template and a padding token; return it."""
    if tokenizer.chat_template is None:
        if tokenizer.eos_token is None:
            raise UsageError("the model's tokenizer has no end token; choose another base model")
        tokenizer.chat_template = TEMPLATE
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    return tokenizer


def render_prompt(tokenizer: Tokenizer, example: Example) -> str:
    """Return the text that generation starts from, up to where the response begins."""
    return _render(tokenizer, example.prompt_messages(), prompt=True)


def encode_prompt(tokenizer: Tokenizer, example: Example) -> list[int]:
    """Return the token ids that generation starts from."""
    return encode_conversation(tokenizer, example.prompt_messages())


def encode_conversation(tokenizer: Tokenizer, messages: Sequence[Message]) -> list[int]:
    """Return the token ids of any conversation, up to where the response begins."""
    return _tokenize(tokenizer, _render(tokenizer, messages, prompt=True))


def encode_text(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the token ids of a text that is to be gone on with, without any template."""
    return _tokenize(tokenizer, (tokenizer.bos_token or "") + _neutralise(tokenizer, text, False))


def _tokenize(tokenizer: Tokenizer, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False).input_ids
    return ids


def encode_example(tokenizer: Tokenizer, example: Example, max_length: int) -> Encoded:
    """Return the conversation as tokens with its targets, cut to `max_length` tokens.

    Each piece (prompt, response, next prompt …) is tokenized by itself, so that a response
    never merges with the prompt before it, just as in generation.
    """
    ids: list[int] = []
    targets: list[bool] = []
    for text, is_target in _pieces(tokenizer, list(example.messages())):
        piece: list[int] = tokenizer(text, add_special_tokens=False).input_ids
        ids += piece
        targets += [is_target] * len(piece)
    return Encoded(ids[:max_length], targets[:max_length], len(ids) > max_length)


def _pieces(tokenizer: Tokenizer, messages: Sequence[Message]) -> list[tuple[str, bool]]:
    """Return the rendered conversation as (text, is it a target) pieces."""
    pieces: list[tuple[str, bool]] = []
    done = ""
    for i, message in enumerate(messages):
        if message.role != "assistant":
            continue
        before = _render(tokenizer, messages[:i], prompt=True)
        after = _render(tokenizer, messages[: i + 1], prompt=False)
        if not (before.startswith(done) and after.startswith(before)):
            raise UsageError(
                "the model's chat template rewrites earlier turns, so the loss cannot be limited "
                "to responses; use a base model, or single-turn examples"
            )
        pieces.append((before[len(done) :], False))
        # White space after the end token is the next turn's, not the model's to write.
        response = after[len(before) :].rstrip()
        pieces.append((response, True))
        done = before + response
    return pieces


def _render(tokenizer: Tokenizer, messages: Sequence[Message], prompt: bool) -> str:
    rows = [{"role": m.role, "content": _neutralise(tokenizer, m.content)} for m in messages]
    text = tokenizer.apply_chat_template(rows, tokenize=False, add_generation_prompt=prompt)
    return str(text)


def written_messages(tokenizer: Tokenizer, example: Example) -> list[Message]:
    """Return the conversation in the very words that the template is given."""
    return [m._replace(content=_neutralise(tokenizer, m.content)) for m in example.messages()]


def _neutralise(tokenizer: Tokenizer, text: str, strip: bool = True) -> str:
    """Break control tokens that a text spells out: nobody ends a response by writing <eos>."""
    text = text.strip() if strip else text
    controls = "|".join(re.escape(token) for token in tokenizer.all_special_tokens)
    return re.sub(controls, lambda m: f"{m[0][0]}\u200b{m[0][1:]}", text)


def plain_template(tokenizer: Tokenizer) -> str:
    """Return the chat template without marks of what is generated, which others do not know."""
    return re.sub(r"{%-?\s*(?:end)?generation\s*-?%}", "", str(tokenizer.chat_template))


def template_slots(tokenizer: Tokenizer) -> Slots:
    """Return the chat template as the texts that it writes; UsageError if it is more than that."""
    first, answer, separator, again, end = _between(tokenizer, "user assistant user assistant")
    before_system, after_system, *_ = _between(tokenizer, "system user assistant")
    if again != answer:
        raise _not_plain()
    question = _common_end([first, after_system, separator])
    cut = len(question)
    return Slots(
        first[: len(first) - cut],
        before_system,
        after_system[: len(after_system) - cut],
        question,
        answer,
        separator[: len(separator) - cut],
        end.rstrip(),
    )


def _between(tokenizer: Tokenizer, roles: str) -> list[str]:
    """Return the texts before, between and behind the messages of these roles."""
    marks = [f"SLOT{i}X" for i in range(len(roles.split()))]
    rows = [{"role": role, "content": mark} for role, mark in zip(roles.split(), marks)]
    parts = re.split("|".join(marks), str(tokenizer.apply_chat_template(rows, tokenize=False)))
    if len(parts) != len(marks) + 1:
        raise _not_plain()
    return parts


def _common_end(texts: Sequence[str]) -> str:
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*map(reversed, texts)))
    return "".join(letters[0] for letters in alike)[::-1]


def _not_plain() -> UsageError:
    return UsageError(
        "the model's chat template does more than write texts around messages, which this trainer "
        "cannot be told; use another trainer, or a base model"
    )


def end_token_ids(tokenizer: Tokenizer, example: Example | None = None) -> list[int]:
    """Return the ids that end a response: the tokenizer's end token and the template's own."""
    probe = example or Example("a", "b")
    last = [i for i, t in zip(*encode_example(tokenizer, probe, 10**6)[:2], strict=True) if t][-1]
    return sorted({int(tokenizer.eos_token_id), last})
