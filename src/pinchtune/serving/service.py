"""What the server's addresses share: arms, keys, limits, figures, and where exchanges go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import time
from typing import TYPE_CHECKING, Any

from pinchtune.abtest.records import Exchange, Recorder, Router
from pinchtune.config import AUTO, Config
from pinchtune.errors import trace_of
from pinchtune.serving.errors import ApiError
from pinchtune.serving.keys import Keys
from pinchtune.serving.limits import Limits
from pinchtune.serving.metrics import Metrics
from pinchtune.serving.speech import Ear

if TYPE_CHECKING:
    from pinchtune.serving.arms import Arm
    from pinchtune.serving.asking import Asked
    from pinchtune.serving.following import Follower

_log = logging.getLogger("pinchtune.serving")


class Service:
    """One server's state."""

    def __init__(
        self,
        config: Config,
        keys: Keys,
        arms: Sequence[Arm],
        router: Router | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.config, self.keys = config, keys
        self.arms: Mapping[str, Arm] = {arm.name: arm for arm in arms}
        self.router, self.recorder = router, recorder
        self.limits = Limits(config.serve.requests_per_minute, config.serve.concurrency)
        self.metrics, self.ear = Metrics(), Ear(config.languages.evaluated)
        self.follower: Follower | None = None
        self._missed = ""
        """The arm that was chosen last and could not answer: told once, and counted each time."""
        # One thread: a recorder's database is used by one at a time, in the order of events.
        self._records = ThreadPoolExecutor(1, thread_name_prefix="records")

    @property
    def names(self) -> tuple[str, ...]:
        """Names that a client can ask: whichever is to answer, then each arm that is ready."""
        ready = (name for name, arm in self.arms.items() if arm.ready)
        return tuple(dict.fromkeys((AUTO, self.config.name, *ready)))

    def choose(self, asked: Asked, language: str) -> Arm:
        """Return the arm that answers; ApiError if there is none of that name."""
        if self.follower is not None:
            self.follower.look()
        if asked.model not in (AUTO, self.config.name):
            return self._named(asked.model)
        name = self._route(asked.user, language)
        arm = self.arms.get(name)
        if arm is None or not arm.ready:
            self._stray(name)
            return self._default()
        if name == self._missed:
            self._missed = ""
        return arm

    def _stray(self, name: str) -> None:
        if name != self._missed:
            _log.warning("the A/B test chose %s, which cannot answer", name)
        self._missed = name
        self.metrics.strays.labels(self.config.serve.arm).inc()

    def _named(self, name: str) -> Arm:
        arm = self.arms.get(name)
        if arm is None or not arm.ready:
            message = f"there is no model {name[:64]!r}; ask for one of: {', '.join(self.names)}"
            raise ApiError(404, message, "model_not_found", "model")
        return arm

    def _route(self, user: str, language: str) -> str:
        if self.router is None:
            return self._default().name
        try:
            return self.router.route(user, language)
        except Exception as error:
            _log.error("the A/B test could not choose: %s", trace_of(error))
            return self._default().name

    def _default(self) -> Arm:
        arm = self.arms[self.config.serve.arm]
        if not arm.ready:
            raise ApiError(503, f"{arm.name} has no version yet", "no_version")
        return arm

    def note(self, endpoint: str, exchange: Exchange) -> None:
        """Count an exchange and hand it on."""
        outcome = self.ear.judge(exchange.answer, exchange.language)
        self.metrics.note(endpoint, exchange, outcome)
        if self.recorder is not None:
            self._records.submit(self._record, self.recorder, exchange)

    def look(self) -> None:
        """See whether a pointer has moved, and let the recorder look at what it keeps."""
        if self.follower is not None:
            self.follower.look()
        look: Any = getattr(self.recorder, "look", None)
        try:
            if look is not None:
                look()
        except Exception as error:
            _log.error("the A/B test could not be looked at: %s", trace_of(error))

    @staticmethod
    def _record(recorder: Recorder, exchange: Exchange) -> None:
        try:
            recorder.record(exchange)
        except Exception as error:
            _log.error("an exchange could not be kept: %s", trace_of(error))

    async def feed_back(self, id: str, score: int | None, thumb: str | None, reason: str) -> None:
        """Hand feedback to the recorder; what returns has been kept."""
        keep: Any = getattr(self.recorder, "feedback", None)
        if keep is None:
            message = "feedback is not kept here: no A/B test is running"
            raise ApiError(404, message, "no_feedback")

        def hand_on() -> None:
            keep(id, score=score, thumb=thumb, reason=reason, now=time())

        await asyncio.get_running_loop().run_in_executor(self._records, hand_on)
        self.metrics.feedback.labels("thumb" if score is None else "score").inc()

    def changed(self, arm: str, old: str, new: str, done: bool) -> None:
        """Count a change of versions, made or refused."""
        self.metrics.changes.labels(arm, "made" if done else "refused").inc()
        if done:
            self.metrics.show(arm, old, new)

    def close(self) -> None:
        """Keep what is still to be kept."""
        self._records.shutdown()
