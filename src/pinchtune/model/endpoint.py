"""One OpenAI-compatible server, asked with patience and never faster than it allows.

What may pass is asked again, after a wait that grows and is jittered, or that the server names:
no connection, silence, a broken reply, statuses 408, 425, 429 and 5xx. Any other refusal fails
at once. The key comes from the environment and stands in no text that is made here.

This module knows HTTP: nothing of prompts, judges or torch.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from pinchtune.errors import MissingExtra, RunError, UsageError
from pinchtune.model.pace import Pace

if TYPE_CHECKING:
    import httpx

KEY = "PINCH_API_KEY"
"""Environment variable of the key."""
MAX_REPLY_BYTES = 16 * 1024 * 1024
"""A longer reply is broken off: it holds no answer, and reading it would fill the memory."""
_PASSING = frozenset({408, 425, 429})
_JOINERS = "\u200c\u200d"
_WORDS = 200
"""Characters of a server's own words that an error repeats."""


class Patience(NamedTuple):
    """How long a server is waited for, in seconds."""

    connect: float = 10
    """Until it takes the connection."""
    silence: float = 120
    """Without a byte of the reply."""
    whole: float = 600
    """For one whole reply, however slowly it drips."""
    first_wait: float = 1
    """Before it is asked again; doubled each time."""
    longest_wait: float = 60
    """Most that doubling leads to."""
    named_wait: float = 300
    """Most that it may name itself (Retry-After); beyond it the run stops."""
    tries: int = 5
    """Times that it is asked in all."""


PATIENCE = Patience()


class Reply(NamedTuple):
    """What a model wrote, and what the server counted."""

    text: str
    stopped: bool
    """True if the model ended it by itself."""
    prompt_tokens: int
    """Tokens that it read; 0 if the server does not say."""
    tokens: int
    """Tokens that it wrote; 0 if the server does not say."""


class Refused(RunError):
    """The server will not take this request, however often it is asked."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)

    def __reduce__(self) -> tuple[type[Refused], tuple[str, int]]:
        return type(self), (str(self), self.status)


class _Again(Exception):
    """A try failed, another may not."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Endpoint:
    """A server at `address`; errors name the options of `section`.

    The key is read from the first variable of `keys` that is set, be it to nothing.
    """

    def __init__(
        self,
        address: str,
        section: str,
        keys: Sequence[str] = (KEY,),
        per_minute: float = 0,
        patience: Patience | None = None,
    ) -> None:
        try:
            import httpx
        except ImportError as error:
            raise MissingExtra("httpx", "endpoint") from error
        self.address, self.section, self.keys = address, section, keys
        self.patience, self.pace = patience or PATIENCE, Pace(per_minute)
        self._key, self._stopped = read_key(keys), threading.Event()
        self._client = httpx.Client(
            base_url=self._check_address(),
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx.Timeout(self.patience.silence, connect=self.patience.connect),
            # Without TLS there is nothing to verify, and loading certificates takes 0.1 s.
            verify=address.startswith("https://"),
        )

    def ask(self, body: dict[str, Any]) -> Reply:
        """Return the reply to a chat; RunError if the server gives none."""
        try:
            return _read_reply(self.post("chat/completions", body))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise RunError(
                f"{self.address}: the reply holds no answer (choices[0].message.content); "
                f"name the base URL of an OpenAI-compatible server in {self.section}.endpoint"
            ) from error

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Return the JSON that the server replies; RunError after the last try."""
        # As ASCII: half a surrogate pair has no UTF-8.
        content = json.dumps(body).encode()
        reason = ""
        for k in range(self.patience.tries):
            self._rest(self.pace.seconds())
            try:
                return self._try(path, content)
            except _Again as again:
                reason = again.reason
                if k + 1 < self.patience.tries:
                    self._rest(self._backoff(k))
        raise RunError(
            f"{self.address}: no answer after {self.patience.tries} tries ({reason}); "
            f"check that a server runs at {self.section}.endpoint, and run the command again"
        )

    def stop(self) -> None:
        """End every wait; a reply that is under way is still read."""
        self._stopped.set()

    def close(self) -> None:
        """End every wait and every connection."""
        self.stop()
        self._client.close()

    def _check_address(self) -> str:
        import httpx

        name, address = f"{self.section}.endpoint", self.address
        if not address.startswith(("http://", "https://")):
            raise UsageError(f"{name}: {address!r} is no address; begin it with http://")
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL as error:
            raise UsageError(f"{name}: {address!r} is no address ({error}); correct it") from error
        if url.userinfo or url.query or url.fragment:
            raise UsageError(
                f"{name}: holds more than a base URL; a key goes into the environment variable "
                f"{self.keys[0]}"
            )
        return address

    def _try(self, path: str, content: bytes) -> Any:
        import httpx

        headers = {"Content-Type": "application/json"}
        end = monotonic() + self.patience.whole
        try:
            with self._client.stream("POST", path, content=content, headers=headers) as response:
                data = _read_body(response, end)
        except httpx.RequestError as error:
            raise _Again(self._clean(str(error) or type(error).__name__)) from error
        status = response.status_code
        if status in _PASSING or status >= 500:
            self._hold(response)
            raise _Again(self._status(status, data))
        if not 200 <= status < 300:
            raise Refused(
                f"{self.address}: refused ({self._status(status, data)}); check "
                f"{self.section}.endpoint, the model name and {self.keys[0]}",
                status,
            )
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _Again("the reply is no JSON") from error

    def _hold(self, response: httpx.Response) -> None:
        """Let every request wait as long as the server names."""
        wait = _seconds(response.headers.get("Retry-After", ""))
        if wait > self.patience.named_wait:
            raise RunError(
                f"{self.address}: asks to be left alone for {wait:.0f} s "
                f"(status {response.status_code}); run the command again then"
            )
        self.pace.hold(wait)

    def _backoff(self, failures: int) -> float:
        longest = min(self.patience.longest_wait, self.patience.first_wait * 2.0**failures)
        return longest * random.uniform(0.5, 1)

    def _rest(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise RunError("stopped; run the command again to go on where it was")

    def _status(self, status: int, data: bytes) -> str:
        words = self._clean(_server_words(data))
        return f"status {status}: {words}" if words else f"status {status}"

    def _clean(self, text: str) -> str:
        return one_line(text.replace(self._key, "[key]") if self._key else text, _WORDS)


def read_key(names: Sequence[str]) -> str:
    """Return the key from the first of these environment variables that is set; '' for none."""
    for name in names:
        if name in os.environ:
            key = os.environ[name].strip()
            if not re.fullmatch("[!-~]*", key):
                raise UsageError(f"{name}: holds signs that no key has; set it again")
            return key
    return ""


def one_line(text: str, most: int) -> str:
    """Return `text` on one line and without control characters, at most so long."""
    shown = "".join(c if c.isprintable() or c in _JOINERS else " " for c in text)
    line = " ".join(shown.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _read_body(response: httpx.Response, end: float) -> bytes:
    """Return the body; a server that drips or never ends is broken off."""
    data = bytearray()
    for part in response.iter_bytes():
        data += part
        if len(data) > MAX_REPLY_BYTES:
            raise _Again(f"the reply is longer than {MAX_REPLY_BYTES // 2**20} MB")
        if monotonic() > end:
            raise _Again("the reply drips too slowly")
    return bytes(data)


def _read_reply(reply: Any) -> Reply:
    """Return what a chat completion holds; fails if it is malformed."""
    choice = reply["choices"][0]
    text, usage = choice["message"]["content"] or "", reply.get("usage") or {}
    if not isinstance(text, str):
        raise TypeError("the content is no text")
    counts = (_count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    return Reply(text, choice.get("finish_reason") == "stop", *counts)


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _server_words(data: bytes) -> str:
    """Return what an error reply says of itself; empty if it has another shape."""
    try:
        found = json.loads(data)
        found = found.get("error", found)
        words = found if isinstance(found, str) else found.get("message", found.get("detail"))
    except (ValueError, AttributeError, RecursionError):
        return ""
    return words if isinstance(words, str) else ""


def _seconds(header: str) -> float:
    """Return the seconds of a Retry-After header: a number, or a date; 0 for anything else."""
    try:
        return max(0.0, float(header)) if header[:1].isdigit() else _until(header)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
