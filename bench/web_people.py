"""Simulated people at the workplace: they read, write, approve, and pause to think."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from random import Random
from time import perf_counter
from typing import Any

import httpx

from bench.web_fill import Visitor, make_text

TOKEN = re.compile(r'name="form_token" value="(\w+)"')
ROW = re.compile(r'action="/rows/(\w+)/approve"')
REVISION = re.compile(r'name="revision" value="(\d+)"')
TWO_TABS = 0.1
"""Share of an author's saves that a second tab with the older text tries to overwrite."""


class Notes:
    """What was seen: seconds by kind of request, errors, conflicts."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.saves: set[str] = set()
        self.errors: list[str] = []
        self.told = 0
        """Second tabs that were refused, with both versions."""
        self.lost = 0
        """Texts of a first tab that were gone afterwards."""
        self.decided_by_others = 0
        """Decisions that came too late; the approver was told."""


class Someone:
    """One visitor with a browser's cookies."""

    def __init__(self, visitor: Visitor, browser: httpx.AsyncClient, notes: Notes) -> None:
        self.visitor, self.browser, self.notes = visitor, browser, notes
        self.rng = Random(visitor.name)
        self.token = ""
        self.number = 0
        self.draft: tuple[str, int] | None = None

    async def see(self, kind: str, path: str) -> str:
        """Read a page; its text."""
        start = perf_counter()
        reply = await self.browser.get(path)
        self.notes.seconds[kind].append(perf_counter() - start)
        if reply.status_code != 200:
            self.notes.errors.append(f"{reply.status_code} {path}")
        found = TOKEN.search(reply.text)
        self.token = found[1] if found else self.token
        return reply.text

    async def send(self, kind: str, path: str, **fields: Any) -> httpx.Response:
        """Post a form; the reply. A conflict is an answer, not an error."""
        headers = {"Accept": "application/json"} if kind != "decide" else {}
        start = perf_counter()
        reply = await self.browser.post(
            path, data={"form_token": self.token, **fields}, headers=headers
        )
        self.notes.seconds[kind].append(perf_counter() - start)
        if kind != "checks":  # they save nothing
            self.notes.saves.add(kind)
        if reply.status_code not in (200, 303, 409):
            self.notes.errors.append(f"{reply.status_code} {path}: {reply.text[:200]}")
        return reply

    async def act(self) -> None:
        """Do what somebody of this role does next."""
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "author": self._write,
            "approver": self._approve,
            "reader": self._read,
        }
        await acts[self.visitor.role]()

    async def _read(self) -> None:
        language = self.visitor.language
        pages = {
            "home": "/",
            "list": f"/rows?language={language}",
            "search": f"/rows?text={self.rng.choice('abcdefghij')}{self.rng.choice('abcdefghij')}",
            "glossary": f"/glossary?language={language}",
        }
        kind = self.rng.choice(list(pages))
        await self.see(kind, pages[kind])

    async def _write(self) -> None:
        kind = self.rng.choice(("home", "form", "own rows", "save", "save", "save"))
        paths = {
            "home": "/",
            "form": f"/write?language={self.visitor.language}",
            "own rows": "/rows?mine=1",
        }
        if kind in paths:
            await self.see(kind, paths[kind])
        else:
            await self._save()

    async def _save(self) -> None:
        """Save while typing, look at the checks, submit now and then."""
        language = self.visitor.language
        self.number += 1
        text = make_text(language, self.rng, 5_000_000 + self.number)
        fields = {"instruction": text.instruction, "response": text.response}
        if self.draft is None:
            key = f"{self.visitor.name}-{self.number}"
            new = {"language": language, "key": key, "template": "", **fields}
            reply = await self.send("save", "/write/draft", **new)
        else:
            id, revision = self.draft
            reply = await self.send("save", f"/rows/{id}/draft", revision=revision, **fields)
            if reply.status_code == 200 and self.rng.random() < TWO_TABS:
                await self._overwrite(id, revision, text.instruction)
        if reply.status_code != 200:
            self.notes.errors.append(f"{reply.status_code} own draft: {reply.text[:200]}")
            self.draft = None
            return
        self.draft = reply.json()["id"], reply.json()["revision"]
        await self.send("checks", "/write/check", language=language, id=self.draft[0], **fields)
        if self.rng.random() < 0.25:
            id, revision = self.draft
            await self.send("decide", f"/rows/{id}/edit", revision=revision, act="submit", **fields)
            self.draft = None

    async def _overwrite(self, id: str, revision: int, kept: str) -> None:
        """Save from a second tab that has not seen the first one's text."""
        old = {"instruction": "from another tab", "response": "older"}
        reply = await self.send("save", f"/rows/{id}/draft", revision=revision, **old)
        self.notes.told += reply.status_code == 409
        page = await self.see("own form", f"/rows/{id}/edit")
        self.notes.lost += kept not in page

    async def _approve(self) -> None:
        kind = self.rng.choice(("home", "queue", "queue", "list"))
        if kind != "queue":
            await self._read()
            return
        page = await self.see("queue", f"/queue?language={self.visitor.language}")
        row, revision = ROW.search(page), REVISION.search(page)
        if not row or not revision:
            return
        await asyncio.sleep(self.rng.uniform(0.5, 1.5))
        if self.rng.random() < 0.3:
            verb, more = "send-back", {"reason": "Please name the size."}
        else:
            verb, more = "approve", {}
        path = f"/rows/{row[1]}/{verb}"
        reply = await self.send("decide", path, revision=revision[1], next="/queue", **more)
        self.notes.decided_by_others += reply.status_code == 409


async def live(address: str, people: list[Visitor], seconds: float, pause: float) -> Notes:
    """Let all people work for so many seconds, with a pause of `pause` on average."""
    notes = Notes()
    end = perf_counter() + seconds

    async def one(visitor: Visitor) -> None:
        cookies = {"pinch-session": visitor.session}
        async with httpx.AsyncClient(base_url=address, cookies=cookies, timeout=60) as browser:
            someone = Someone(visitor, browser, notes)
            await asyncio.sleep(someone.rng.uniform(0, 2 * pause))
            await someone.see("home", "/")
            while perf_counter() < end:
                await asyncio.sleep(someone.rng.uniform(0.5 * pause, 1.5 * pause))
                try:
                    await someone.act()
                except httpx.TransportError as error:
                    notes.errors.append(f"{type(error).__name__} of {visitor.role}")

    await asyncio.gather(*(one(visitor) for visitor in people))
    return notes
