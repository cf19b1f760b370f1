"""The tables of pinch.toml about what is released: the server and the A/B test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool, model_validator

from pinchtune.config.kinds import (
    Count,
    Number,
    Positive,
    Section,
)

PRODUCTION, CANDIDATE = "production", "candidate"
"""The version that answers, and the one on trial."""
AUTO = "auto"
"""What a client names to get whichever arm is to answer."""
_ARM_NAME = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme in ("http", "https") and parts.hostname and is_plain and url.isprintable():
        return url
    raise ValueError(
        f"{url!r} is no base URL; write one such as http://127.0.0.1:8000/v1, without user, "
        "query or fragment"
    )


class UpstreamConfig(Section):
    """[serve.upstreams.NAME]: another OpenAI-compatible server, an arm under this name."""

    url: Annotated[str, AfterValidator(_base_url)]
    """Its base URL, such as `http://127.0.0.1:8000/v1`."""
    model: Annotated[str, Field(min_length=1)]
    """Name of the model at that server."""
    key: str = ""
    """Environment variable that holds its key; empty sends none."""


class ServeConfig(Section):
    """[serve]: the OpenAI-compatible server."""

    arm: Annotated[str, Field(min_length=1)] = "production"
    """Arm that answers where no A/B test decides: `production`, `candidate`, or an upstream."""
    upstreams: dict[str, UpstreamConfig] = {}
    """Other OpenAI-compatible servers by name, each with url, model and key (the name of an
    environment variable)."""
    keys: Path = Path("serve.keys.json")
    """File of the hashes of the API keys, written by `pinch serve key`."""
    requests_per_minute: Count = 120
    """Most requests of a key in a minute; 0 = no limit."""
    concurrency: Count = 16
    """Most requests of a key at the same time; 0 = no limit."""
    request_kilobytes: Positive = 1024
    """Longest request, in units of 1,024 bytes."""
    slots: Positive = 8
    """Answers that local weights write at the same time."""
    queue: Count = 64
    """Requests that wait for local weights; more are turned away with status 503."""
    context: Positive = 4096
    """Most tokens of prompt and answer together, for local weights."""
    answer_seconds: Positive = 300
    """Longest time that an answer takes; then it is broken off."""
    drain_seconds: Positive = 60
    """Time that answers have to end when the server is told to stop."""
    kept_versions: Count = 1
    """Versions that stay in memory when the pointers have left them, so that the way back needs
    no loading."""

    @model_validator(mode="after")
    def _known_arm(self) -> ServeConfig:
        own = (PRODUCTION, CANDIDATE)
        for name in self.upstreams:
            if name in (*own, AUTO) or not _ARM_NAME.fullmatch(name):
                raise ValueError(
                    f"upstreams: {name!r} cannot name an arm; use letters, digits, . _ and -, and "
                    f"not {', '.join((*own, AUTO))}"
                )
        if self.arm not in (*own, *self.upstreams):
            known = ", ".join((*own, *self.upstreams))
            raise ValueError(f"arm is {self.arm!r}, which is no arm; use one of: {known}")
        return self


class AbConfig(Section):
    """[ab]: what is kept of an A/B test; the default is the least: numbers, no text."""

    keep_text: StrictBool = False
    """Keep questions, answers and reasons too, without personal data. Only where those who write
    have agreed to it."""
    text_days: Annotated[Number, Field(gt=0)] = 30.0
    """Days after which these texts are deleted."""
