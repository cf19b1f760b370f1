"""The server follows the pointers: a new version is verified, loaded, and then put in place.

Looking costs the state of one file, so it is done at each request. Verifying and loading happen
beside the answers, in a thread of their own; until then, and whenever anything is wrong with the
new version, the old one answers. Answers that are being written end on the version they began
with.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pinchtune.errors import PinchError
from pinchtune.serving.stamps import Stamp, stamp_of

if TYPE_CHECKING:
    from pinchtune.releasing import Version
    from pinchtune.serving.local import Loaded, LocalArm

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


class Follower:
    """Keeps each arm on the version that its pointer names; `kept` others stay in memory."""

    def __init__(
        self,
        versions: Versions,
        arms: Sequence[LocalArm],
        load: Load,
        kept: int = 0,
        changed: Changed = lambda *_: None,
    ) -> None:
        self.versions, self.arms, self.load = versions, arms, load
        self.kept, self.changed = kept, changed
        self._paths = {arm.name: versions.pointer_path(arm.name) for arm in arms}
        self._seen: dict[str, Stamp | None] = dict.fromkeys(self._paths)
        self._left: OrderedDict[str, Loaded] = OrderedDict()
        self._busy: set[str] = set()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="versions")

    def start(self) -> None:
        """Load what the pointers name now; RunError if a version is not whole."""
        for arm in self.arms:
            self._seen[arm.name] = self._stamp(arm)
            self._follow(arm)

    def look(self) -> None:
        """See whether a pointer has moved, and if so follow it beside what is going on."""
        for arm in self.arms:
            stamp = self._stamp(arm)
            if stamp != self._seen[arm.name] and arm.name not in self._busy:
                self._seen[arm.name] = stamp
                self._busy.add(arm.name)
                self._worker.submit(self._try, arm)

    def close(self) -> None:
        """End the work; a version that is being loaded is waited for."""
        self._worker.shutdown(cancel_futures=True)

    def _stamp(self, arm: LocalArm) -> Stamp | None:
        return stamp_of(self._paths[arm.name])

    def _try(self, arm: LocalArm) -> None:
        old = arm.version
        try:
            self._follow(arm)
        except Exception as error:
            said = str(error) if isinstance(error, PinchError) else type(error).__name__
            _log.error("%s stays at %s: %s", arm.name, old or "nothing", said)
            self.changed(arm.name, old, old, False)
        finally:
            self._busy.discard(arm.name)

    def _follow(self, arm: LocalArm) -> None:
        name = self.versions.pointer(arm.name)
        version = self.versions.get(name) if name else None
        old = arm.loaded
        if version and old and (version.name, version.seal) == (old.version, old.seal):
            return
        new = self._bring(version) if version else None
        arm.loaded = new
        self._keep(old)
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
        held = [arm.loaded for arm in self.arms if arm.loaded]
        for loaded in (*held, *self._left.values()):
            if loaded.seal == version.seal:
                return loaded
        return self.load(version)

    def _keep(self, left: Loaded | None) -> None:
        """Keep what was left for the way back, the newest `kept` of them."""
        if left is not None:
            self._left[left.seal] = left
        for arm in self.arms:
            if arm.loaded:
                self._left.pop(arm.loaded.seal, None)
        while len(self._left) > self.kept:
            self._left.popitem(last=False)
