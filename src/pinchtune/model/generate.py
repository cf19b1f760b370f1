"""Generators: from evaluation prompts to answers.

`Generator` is a seam: local weights, an OpenAI-compatible endpoint, and a scripted fake.
Batches are made from the whole list of prompts, sorted by length, so that a run that was
killed and resumed generates in the very same batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pinchtune.config import GenerateConfig
from pinchtune.model.chat import encode_prompt, end_token_ids
from pinchtune.model.endpoint import Endpoint
from pinchtune.model.pace import side_by_side
from pinchtune.records import Answer, Example

SIDE_BY_SIDE = 8
"""Requests that an endpoint is asked at the same time."""
WAVES = 4
"""Prompts of a batch for each that is answered at the same time; a killed run loses a batch."""

Tick = Callable[[], None]
"""Called once for each answer as soon as it is there."""


def _no_tick() -> None:
    return None


class Generator(Protocol):
    """Anything that answers evaluation prompts."""

    def plan(self, prompts: Sequence[Example]) -> list[list[int]]:
        """Return the batches as lists of prompt indices; every prompt is in one of them."""
        ...

    def generate(
        self, prompts: Sequence[Example], batch: int, tick: Tick = _no_tick
    ) -> list[Answer]:
        """Return the answers to one batch of prompts, in order; `batch` seeds sampling."""
        ...


class ScriptedGenerator:
    """A fake for tests: answers from a table, and raises when the table has no answer."""

    def __init__(self, answers: Mapping[str, str], batch_size: int = 4) -> None:
        self.answers, self.batch_size = answers, batch_size

    def plan(self, prompts: Sequence[Example]) -> list[list[int]]:
        """Return batches in the order of the prompts."""
        return _chunks(list(range(len(prompts))), self.batch_size)

    def generate(
        self, prompts: Sequence[Example], batch: int, tick: Tick = _no_tick
    ) -> list[Answer]:
        """Return the scripted answers; KeyError for a prompt that has none."""
        texts = [self.answers[p.instruction] for p in prompts]
        for _ in texts:
            tick()
        return [_answer(p, t, True, len(t)) for p, t in zip(prompts, texts, strict=True)]


class LocalGenerator:
    """Answers from weights in this process.

    `batch_size` prompts are answered at a time; quickly, a batch holds WAVES times as many.
    """

    def __init__(
        self, model: Any, tokenizer: Any, config: GenerateConfig, quick: bool = True
    ) -> None:
        from pinchtune.model.decode import Decoder, can_decode, make_picker

        self.model, self.tokenizer, self.config = model, tokenizer, config
        self.ends = end_token_ids(tokenizer)
        self.decoder: Decoder | None = None
        self.quick = quick
        if quick and can_decode(model):
            picker = make_picker(model, config)
            self.decoder = Decoder(model, picker, self.ends, config.batch_size)

    def plan(self, prompts: Sequence[Example]) -> list[list[int]]:
        """Return batches of like length, longest first, so that memory peaks at once."""
        lengths = [len(encode_prompt(self.tokenizer, p)) for p in prompts]
        order = sorted(range(len(prompts)), key=lambda i: (-lengths[i], i))
        return _chunks(order, self.config.batch_size * (WAVES if self.decoder else 1))

    def generate(
        self, prompts: Sequence[Example], batch: int, tick: Tick = _no_tick
    ) -> list[Answer]:
        """Return the answers, cut at the first end token."""
        from pinchtune.model.decode import batch_seed, decode_plainly

        encoded = [encode_prompt(self.tokenizer, p) for p in prompts]
        if self.decoder is None:
            new = decode_plainly(self.model, encoded, self.ends, self.config, batch, tick)
        else:
            self.decoder.picker.generator.manual_seed(batch_seed(self.config, batch))
            new = self.decoder.decode(encoded, self.config.max_new_tokens, tick)
        return [self._answer(p, ids) for p, ids in zip(prompts, new, strict=True)]

    def _answer(self, prompt: Example, ids: list[int]) -> Answer:
        stopped = bool(ids) and ids[-1] in self.ends
        text = self.tokenizer.decode(ids[: len(ids) - stopped], skip_special_tokens=True)
        return _answer(prompt, text, stopped, len(ids))


class EndpointGenerator:
    """Answers from an OpenAI-compatible server; the key comes from PINCH_API_KEY."""

    def __init__(self, model: str, config: GenerateConfig) -> None:
        self.model, self.config = model, config
        self.endpoint = Endpoint(config.endpoint, "generate")

    def plan(self, prompts: Sequence[Example]) -> list[list[int]]:
        """Return batches in the order of the prompts."""
        return _chunks(list(range(len(prompts))), self.config.batch_size)

    def generate(
        self, prompts: Sequence[Example], batch: int, tick: Tick = _no_tick
    ) -> list[Answer]:
        """Return the server's answers, asked for side by side; RunError if it gives none."""
        stop = self.endpoint.stop
        return side_by_side(self._ask, prompts, SIDE_BY_SIDE, stop, lambda answer: tick())

    def _ask(self, prompt: Example) -> Answer:
        reply = self.endpoint.ask(
            {
                "model": self.model,
                "messages": [m._asdict() for m in prompt.prompt_messages()],
                "max_tokens": self.config.max_new_tokens,
                "temperature": self.config.temperature,
                "seed": self.config.seed,
            }
        )
        return _answer(prompt, reply.text, reply.stopped, reply.tokens)


def _answer(prompt: Example, text: str, stopped: bool, tokens: int) -> Answer:
    return Answer(prompt.id, prompt.language, text.strip(), stopped, tokens)


def _chunks(order: list[int], size: int) -> list[list[int]]:
    return [order[i : i + size] for i in range(0, len(order), size)]
