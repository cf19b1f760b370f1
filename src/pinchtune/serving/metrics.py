"""What Prometheus reads. Labels hold arms, languages and outcomes: never a word of a text."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from pinchtune.abtest.records import Exchange

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300)
NOBODY = "none"
"""Label of requests that were turned away before an arm was chosen."""


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._count("pinch_requests", "Requests", "endpoint", "arm", "status")
        self.languages = self._count(
            "pinch_answer_languages",
            "Answers by the question's language, and whether they are in it",
            *("arm", "language", "outcome"),
        )
        self.tokens = self._count("pinch_answer_tokens", "Tokens of answers", "arm")
        self.feedback = self._count("pinch_feedback", "Feedback that was kept", "kind")
        self.changes = self._count(
            "pinch_version_changes", "Changes of versions, made or refused", "arm", "outcome"
        )
        self.strays = self._count(
            "pinch_strays", "Requests answered by another arm than the one that was chosen", "arm"
        )
        self.seconds = self._time("pinch_answer_seconds", "Seconds to an answer's end", "arm")
        self.first = self._time("pinch_first_token_seconds", "Seconds to its first token", "arm")
        self.running = Gauge(
            "pinch_requests_running", "Requests that are being answered", registry=self.registry
        )
        self.versions = Gauge(
            *("pinch_version", "1 for the version behind an arm", ("arm", "version")),
            registry=self.registry,
        )

    def note(self, endpoint: str, exchange: Exchange, outcome: str) -> None:
        """Count one exchange."""
        arm = exchange.arm
        self.requests.labels(endpoint, arm, str(exchange.status)).inc()
        self.tokens.labels(arm).inc(exchange.tokens)
        if exchange.status == 200:
            self.languages.labels(arm, exchange.language or "unknown", outcome).inc()
            self.seconds.labels(arm).observe(exchange.seconds)
            self.first.labels(arm).observe(exchange.first_seconds)

    def refuse(self, endpoint: str, status: int) -> None:
        """Count a request that was turned away."""
        self.requests.labels(endpoint, NOBODY, str(status)).inc()

    def show(self, arm: str, old: str, new: str) -> None:
        """Say which version stands behind an arm; empty is none."""
        if old:
            self.versions.remove(arm, old)
        if new:
            self.versions.labels(arm, new).set(1)

    def text(self) -> bytes:
        """Return all figures."""
        return generate_latest(self.registry)

    def _count(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def _time(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(name, about, labels, registry=self.registry, buckets=SECONDS)
