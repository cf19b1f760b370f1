"""The server follows the pointers: a new version is verified, loaded, and then put in place.

Looking costs the state of one file, so it is done at each request. Verifying and loading happen
beside the answers, in a thread of their own; until then, and whenever anything is wrong with the
new version, the old one answers, and the new one is tried again after a while. Answers that are
being written end on the version they began with.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pinchtune.errors import PinchError
from pinchtune.serving.stamps import Stamp, stamp_of

if TYPE_CHECKING:
    from pinchtune.releasing import Version
    from pinchtune.serving.local import Loaded, LocalArm

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds until a change that failed is tried again: doubled each time, since a version is read
whole to verify it."""
_log = logging.getLogger("pinchtune.serving.versions")


class Versions(Protocol):
    """What is asked of the registry."""

    def get(self, name: str) -> Version:
        """Return a version."""
        ...

    def pointer(self, kind: str) -> str | None:
        """Return the version that a pointer names."""
        ...

    def pointer_path(self, kind: str) -> Path:
        """Return a pointer's file."""
        ...

    def verify(self, name: str) -> list[str]:
        """Return what is wrong with a version."""
        ...


Load = Callable[["Version"], "Loaded"]
Changed = Callable[[str, str, str, bool], None]
"""Called with arm, old version, new version, and whether the change was made."""


@dataclass
class _Way:
    """How far an arm has followed its pointer."""

    arm: LocalArm
    path: Path
    """The pointer's file."""
    rank: int
    """0 for the arm whose way back matters most."""
    seen: Stamp | None = None
    """The state that was followed last, or tried to."""
    busy: bool = False
    blind: bool = False
    """True while the file's state cannot be read."""
    failure: str = ""
    """Why the last try failed."""
    pause: float = FIRST_PAUSE
    again: float = math.inf
    """When that is tried again."""

    def look(self) -> Stamp | None:
        """Return the pointer's state; the one seen last while it cannot be read."""
        try:
            stamp = stamp_of(self.path)
        except OSError as error:
            if not self.blind:
                reason = error.strerror or type(error).__name__
                _log.error(
                    "%s stays as it is: %s cannot be read (%s)", self.arm.name, self.path, reason
                )
            self.blind = True
            return self.seen
        self.blind = False
        return stamp


class _Left(NamedTuple):
    """A version that an arm has left."""

    loaded: Loaded
    rank: int
    """Rank of the arm, the smallest if several have left it."""


class Follower:
    """Keeps each arm on the version that its pointer names; `kept` others stay in memory.

    What the first of the arms has left is kept before what others have.
    """

    def __init__(
        self,
        versions: Versions,
        arms: Sequence[LocalArm],
        load: Load,
        kept: int = 0,
        changed: Changed = lambda *_: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.versions, self.load, self.clock = versions, load, clock
        self.kept, self.changed = kept, changed
        self._ways = [
            _Way(arm, versions.pointer_path(arm.name), rank) for rank, arm in enumerate(arms)
        ]
        self._left: dict[str, _Left] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="versions")

    def start(self) -> None:
        """Load what the pointers name now; RunError if a version is not whole."""
        for way in self._ways:
            way.seen = way.look()
            self._follow(way)

    def look(self) -> None:
        """See whether a pointer has moved, and if so follow it beside what is going on."""
        for way in self._ways:
            stamp = way.look()
            if not way.busy and (stamp != way.seen or self.clock() >= way.again):
                if stamp != way.seen:
                    way.pause, way.failure = FIRST_PAUSE, ""
                way.seen, way.busy, way.again = stamp, True, math.inf
                self._worker.submit(self._try, way)

    def close(self) -> None:
        """End the work; a version that is being loaded is waited for."""
        self._worker.shutdown(cancel_futures=True)

    def _try(self, way: _Way) -> None:
        try:
            self._follow(way)
        except Exception as error:
            self._put_off(
                way, str(error) if isinstance(error, PinchError) else type(error).__name__
            )
        finally:
            way.busy = False

    def _put_off(self, way: _Way, failure: str) -> None:
        """Say that a change failed, unless that is known, and when it is tried again."""
        way.again = self.clock() + way.pause
        way.pause = min(2 * way.pause, LONGEST_PAUSE)
        if failure != way.failure:
            old = way.arm.version
            _log.error("%s stays at %s: %s", way.arm.name, old or "nothing", failure)
            self.changed(way.arm.name, old, old, False)
        way.failure = failure

    def _follow(self, way: _Way) -> None:
        arm = way.arm
        name = self.versions.pointer(arm.name)
        version = self.versions.get(name) if name else None
        old = arm.loaded
        if version and old and (version.name, version.seal) == (old.version, old.seal):
            return
        new = self._bring(version) if version else None
        arm.loaded = new
        self._keep(way, old)
        if old or new:
            names = [loaded.version if loaded else "" for loaded in (old, new)]
            _log.info("%s: %s, before that %s", arm.name, *(n or "none" for n in names[::-1]))
            self.changed(arm.name, names[0], names[1], True)

    def _bring(self, version: Version) -> Loaded:
        """Return a version from memory or from the disk, never one that is not whole."""
        from pinchtune.errors import RunError

        problems = self.versions.verify(version.name)
        if problems:
            raise RunError(f"{version.name} is not whole: {'; '.join(problems[:3])}")
        held = self._held()
        for loaded in (*held.values(), *(left.loaded for left in self._left.values())):
            if loaded.seal == version.seal:
                return loaded
        return self.load(version)

    def _held(self) -> dict[str, Loaded]:
        """Return what the arms answer with, by seal."""
        return {way.arm.loaded.seal: way.arm.loaded for way in self._ways if way.arm.loaded}

    def _keep(self, way: _Way, left: Loaded | None) -> None:
        """Keep `kept` of what was left for the way back: by rank, then the newest."""
        if left is not None:
            before = self._left.pop(left.seal, None)
            rank = min(way.rank, before.rank) if before else way.rank
            self._left[left.seal] = _Left(left, rank)
        held = self._held()
        newest = [seal for seal in reversed(self._left) if seal not in held]
        for seal in sorted(newest, key=lambda seal: self._left[seal].rank)[self.kept :]:
            del self._left[seal]
