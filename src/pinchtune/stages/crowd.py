"""pinch ab crowd: made-up people ask a project's server its evaluation prompts, and rate."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pinchtune.abtest.crowd import MORE_CONTENT, TOKENS, Crowd, Met, People
from pinchtune.config import CANDIDATE
from pinchtune.errors import MissingExtra, UsageError
from pinchtune.model.endpoint import KEY
from pinchtune.stages.project import Project, first_of_each

if TYPE_CHECKING:
    import httpx

_PATIENCE = 120.0
"""Seconds that an answer may take."""


def send_crowd(
    project: Project,
    url: str,
    languages: tuple[str, ...] = (),
    better: str = "",
    users: int = 300,
    seconds: float = 60.0,
    clients: int = 1,
    seed: int = 0,
    until_over: bool = False,
    tokens: int = TOKENS,
) -> Met:
    """Send a crowd to the server at `url` and return what it met.

    It asks in `languages` (the tuned ones if none is named), `clients` at a time. In `better` the
    candidate really satisfies more, elsewhere both arms satisfy alike. With `until_over` it goes
    once answers are not known any more: the test has ended. Answers that a
    program is to check need as many `tokens` as it takes to end.
    """
    people = _people(languages or project.config.languages.tuned, better, users)
    known = first_of_each(project.evaluation_prompts(), 0)
    missing = [code for code in people.languages if code not in known]
    if missing:
        raise UsageError(f"--languages: there is no evaluation prompt in {missing[0]!r}; add some")
    questions = {code: [row.instruction for row in known[code]] for code in people.languages}
    with _connect(url) as client:
        crowd = Crowd(
            client,
            people,
            questions,
            seconds=seconds,
            seed=seed,
            until_over=until_over,
            tokens=tokens,
            arm_of=_Arms(client),
        )
        return crowd.ask(clients)


def _people(languages: tuple[str, ...], better: str, users: int) -> People:
    if better and better not in languages:
        raise UsageError(f"--better: {better!r} is none of {', '.join(languages)}; correct it")
    content = {(better, CANDIDATE): MORE_CONTENT} if better else {}
    return People(languages, users, content)


def _connect(url: str) -> httpx.Client:
    try:
        import httpx
    except ModuleNotFoundError as error:
        raise MissingExtra("httpx", "serve") from error
    key = os.environ.get(KEY, "")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        return httpx.Client(base_url=url, headers=headers, timeout=_PATIENCE)
    except httpx.InvalidURL as error:
        raise UsageError(f"--url: {url!r} is no address ({error}); correct it") from error


class _Arms:
    """Tells the arm of a version; what it has not heard of it asks the server about again."""

    def __init__(self, client: httpx.Client) -> None:
        self.client, self.known = client, arms_by_version(client)

    def __call__(self, version: str) -> str:
        if version not in self.known:
            self.known |= arms_by_version(self.client)
        return self.known.get(version, "")


def arms_by_version(client: httpx.Client) -> dict[str, str]:
    """Return the arm of each version that a server has; its answers name the version alone."""
    import httpx

    server = str(client.base_url).rstrip("/").removesuffix("/v1")
    try:
        health = client.get(f"{server}/health").json()
        return {version: arm for arm, version in health["arms"].items()}
    except KeyError as error:
        raise UsageError(f"{server}: needs a key; put it into the environment as {KEY}") from error
    except (httpx.HTTPError, ValueError) as error:
        message = f"{server}: no server of pinchtune answers there; start it with `pinch serve`"
        raise UsageError(message) from error
