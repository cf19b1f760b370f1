"""Clients that stream from a server and check every token: whose it is, which one, how late."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import monotonic

from bench.gateway_server import length_of


@dataclass
class Noted:
    """What all streams met; times in seconds."""

    delays: list[float] = field(default_factory=list)
    """From the moment at which a token was sent to its arrival."""
    firsts: list[float] = field(default_factory=list)
    """From the request to the first token."""
    wholes: list[float] = field(default_factory=list)
    """From the request to the end."""
    lost: int = 0
    """Streams that did not come to their end."""
    mixed: int = 0
    """Streams with a token that is another's, or out of turn."""
    errors: list[str] = field(default_factory=list)


@dataclass
class Load:
    """What is asked."""

    port: int
    streams: int
    tokens: int
    pause: float
    seconds: float = 0.0
    """How long new requests are begun; 0: until `requests` are."""
    requests: int = 0


async def run(load: Load) -> Noted:
    """Keep `streams` streams going; each begins its next request when one has ended."""
    noted, end = Noted(), monotonic() + load.seconds
    numbers = iter(range(load.requests or 10**9))

    async def work(delay: float) -> None:
        await asyncio.sleep(delay)
        line = _Line(load.port)
        for number in numbers:
            if load.seconds and monotonic() > end:
                break
            await _ask(line, number, load, noted)
        line.close()

    # They begin at any moment of a stream: people do not ask all at once.
    rng = random.Random(0)
    spread = [rng.uniform(0, load.tokens * load.pause) for _ in range(load.streams)]
    await asyncio.gather(*map(work, spread))
    return noted


class _Line:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.ends is None:
            self.ends = await asyncio.open_connection("127.0.0.1", self.port)
        return self.ends

    def close(self) -> None:
        if self.ends is not None:
            self.ends[1].close()
            self.ends = None


async def _ask(line: _Line, number: int, load: Load, noted: Noted) -> None:
    wanted = json.dumps({"id": number, "tokens": load.tokens, "pause": load.pause})
    body = {"model": "auto", "stream": True, "messages": [{"role": "user", "content": wanted}]}
    start = monotonic()
    try:
        reader, writer = await line.open()
        writer.write(_request(json.dumps(body).encode()))
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            await reader.readexactly(length_of(head))
            raise ConnectionError(head.split(b"\r\n")[0].decode())
        await _read(reader, number, load, noted, start)
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        noted.lost += 1
        noted.errors.append(f"{type(error).__name__}: {error}"[:200])
        line.close()


def _request(body: bytes) -> bytes:
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _read(
    reader: asyncio.StreamReader, number: int, load: Load, noted: Noted, start: float
) -> None:
    """Read a stream to its end; ValueError if a token is missing."""
    tokens, done, is_own = 0, False, True
    async for data in _chunks(reader):
        now = monotonic()
        for line in data.split(b"\n\n"):
            if line == b"data: [DONE]":
                done = True
            elif line:
                row = json.loads(line.removeprefix(b"data: "))
                id, place, sent = row["choices"][0]["delta"]["content"].split()
                is_own = is_own and (int(id), int(place)) == (number, tokens)
                noted.delays.append(now - float(sent))
                if not tokens:
                    noted.firsts.append(now - start)
                tokens += 1
    noted.mixed += not is_own
    if not done or tokens != load.tokens:
        raise ValueError(f"{tokens} of {load.tokens} tokens came")
    noted.wholes.append(monotonic() - start)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        data = await reader.readexactly(size + 2)
        yield data[:-2]
    await reader.readexactly(2)
