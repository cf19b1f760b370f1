"""Generators: from evaluation prompts to answers.

`Generator` is a seam: local weights, an OpenAI-compatible endpoint, and a scripted fake.
Batches are made from the whole list of prompts, sorted by length, so that a run that was
killed and resumed generates in the very same batches.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pinchtune.config import GenerateConfig
from pinchtune.errors import MissingExtra, RunError, UsageError
from pinchtune.model.chat import encode_prompt, end_token_ids
from pinchtune.records import Answer, Example

RETRY_DELAYS = (1.0, 4.0)
"""Seconds before an endpoint is asked again."""


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
        try:
            import httpx
        except ImportError as error:
            raise MissingExtra("httpx", "endpoint") from error
        if not config.endpoint.startswith(("http://", "https://")):
            message = f"generate.endpoint: {config.endpoint!r} is no address; begin it with http://"
            raise UsageError(message)
        key = os.environ.get("PINCH_API_KEY", "")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx.Timeout(120, connect=10)
        try:
            self.client = httpx.Client(base_url=config.endpoint, headers=headers, timeout=timeout)
        except httpx.InvalidURL as error:
            message = f"generate.endpoint: {config.endpoint!r} is no address ({error}); correct it"
            raise UsageError(message) from error
        self.model, self.config = model, config

    def plan(self, prompts: Sequence[Example]) -> list[list[int]]:
        """Return batches in the order of the prompts."""
        return _chunks(list(range(len(prompts))), self.config.batch_size)

    def generate(
        self, prompts: Sequence[Example], batch: int, tick: Tick = _no_tick
    ) -> list[Answer]:
        """Return the server's answers, asked for side by side; RunError if it gives none."""
        from concurrent.futures import ThreadPoolExecutor

        answers = []
        with ThreadPoolExecutor(max_workers=8) as pool:
            for answer in pool.map(self._ask, prompts):
                answers.append(answer)
                tick()
        return answers

    def _ask(self, prompt: Example) -> Answer:
        body = {
            "model": self.model,
            "messages": [m._asdict() for m in prompt.prompt_messages()],
            "max_tokens": self.config.max_new_tokens,
            "temperature": self.config.temperature,
            "seed": self.config.seed,
        }
        try:
            text, stopped, tokens = _read_reply(self._post(body))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise RunError(
                f"{self.config.endpoint}: the reply holds no answer (choices[0].message.content); "
                "name the base URL of an OpenAI-compatible server in generate.endpoint"
            ) from error
        return _answer(prompt, text, stopped, tokens)

    def _post(self, body: dict[str, Any]) -> Any:
        """Post with up to three tries; a refusal that a retry cannot mend fails at once."""
        import time

        import httpx

        for delay in (*RETRY_DELAYS, None):
            try:
                response = self.client.post("chat/completions", json=body)
                if response.status_code < 500 and response.status_code != 429:
                    return response.raise_for_status().json()
                reason = f"status {response.status_code}"
            except httpx.HTTPStatusError as error:
                raise RunError(
                    f"{self.config.endpoint}: refused (status {error.response.status_code}); "
                    "check generate.endpoint, the model name and PINCH_API_KEY"
                ) from error
            except httpx.RequestError as error:
                reason = str(error) or type(error).__name__
            except ValueError:
                reason = "the reply is no JSON"
            if delay is not None:
                time.sleep(delay)
        raise RunError(
            f"{self.config.endpoint}: no answer after {len(RETRY_DELAYS) + 1} tries ({reason}); "
            "check that a server runs at generate.endpoint, and run the command again"
        )


def _read_reply(reply: Any) -> tuple[str, bool, int]:
    """Return text, whether the model ended it by itself, and its tokens; fails if malformed."""
    choice = reply["choices"][0]
    text = choice["message"]["content"] or ""
    tokens = int((reply.get("usage") or {}).get("completion_tokens") or 0)
    if not isinstance(text, str):
        raise TypeError("the content is no text")
    return text, choice.get("finish_reason") == "stop", tokens


def _answer(prompt: Example, text: str, stopped: bool, tokens: int) -> Answer:
    return Answer(prompt.id, prompt.language, text.strip(), stopped, tokens)


def _chunks(order: list[int], size: int) -> list[list[int]]:
    return [order[i : i + size] for i in range(0, len(order), size)]
