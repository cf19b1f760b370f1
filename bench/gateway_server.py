"""A server that streams tokens in time: each says whose it is, which one, and when it was sent.

It is started by `bench.gateway`, as a process of its own, with its port.
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import monotonic


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection, one after the other."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = json.loads(await reader.readexactly(length_of(head)))
            await write_stream(writer, json.loads(body["messages"][0]["content"]))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def length_of(head: bytes) -> int:
    """Return the length that a head announces."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def write_stream(writer: asyncio.StreamWriter, wanted: dict[str, int | float]) -> None:
    """Send `tokens` tokens, the first after `pause` seconds and the others as far apart."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for i in range(int(wanted["tokens"])):
        await asyncio.sleep(max(0.0, start + (i + 1) * wanted["pause"] - loop.time()))
        send(writer, event(f"{wanted['id']} {i} {monotonic():.6f} "))
        await writer.drain()
    send(writer, b"data: [DONE]\n\n")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def event(text: str) -> bytes:
    """Return one token as OpenAI's servers stream it."""
    choice = {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
    row = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "bench",
        "choices": [choice],
    }
    return f"data: {json.dumps(row)}\n\n".encode()


def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send one chunk."""
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


async def main(port: int) -> None:
    """Serve until the process ends."""
    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
