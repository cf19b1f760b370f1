"""Connections that are too slow: a head that drips in, a client that does not read its answer.

uvicorn bounds neither. Its protocol is asked the two questions that it leaves open.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""Longest time from a request's first byte, or from the connection's start, to the end of its
head."""
STALL_SECONDS = 60.0
"""Longest time that a client can leave its answer unread."""
_Protocol: Any = H11Protocol
"""Not whichever parser is installed: they do not refuse the same requests."""


class PatientProtocol(_Protocol):  # type: ignore[misc]
    """uvicorn's protocol, with an end to patience."""

    head_seconds, stall_seconds = HEAD_SECONDS, STALL_SECONDS
    _head: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for a request's head."""
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Go on waiting until the head is whole."""
        super().data_received(data)
        self._watch_head()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._stall = self._stall or self.loop.call_later(self.stall_seconds, self._abort)

    def resume_writing(self) -> None:
        """Stop waiting: it reads."""
        super().resume_writing()
        _cancel(self._stall)
        self._stall = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        _cancel(self._head)
        _cancel(self._stall)
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            _cancel(self._head)
            self._head = None
        elif self._head is None:
            self._head = self.loop.call_later(self.head_seconds, self._abort)

    def _abort(self) -> None:
        self.transport.abort()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    """Cancel a timer, if there is one."""
    if timer is not None:
        timer.cancel()
