"""Questions whose answers a program can check while an A/B test runs.

These are the evaluation prompts that say what an answer is checked for: whoever asks one of them
word for word, on purpose or not, gets an answer that is checked as in `pinch evaluate`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from pinchtune.abtest.running import Verify
from pinchtune.data.similar import normalise
from pinchtune.errors import PinchError
from pinchtune.evaluation.checking.checkers import Context
from pinchtune.evaluation.checking.column import has_checks, read_checks
from pinchtune.evaluation.checking.following import follow
from pinchtune.evaluation.checking.writing import get_writing
from pinchtune.languages import Identifier, get_language
from pinchtune.records import Example
from pinchtune.stages.project import Project

_log = logging.getLogger("pinchtune.abtest")


def make_verify(project: Project) -> Verify:
    """Return what gives the share of its checks that an answer follows; None if it has none.

    Without evaluation prompts, or if they cannot be read, no answer has any.
    """
    prompts = {(_language(p), normalise(p.instruction)): p for p in _canaries(project)}
    identifier = Identifier(project.config.languages.evaluated)

    def verify(question: str, language: str, answer: str) -> float | None:
        prompt = prompts.get((language, normalise(question))) if prompts else None
        return _share(prompt, answer, identifier) if prompt else None

    return verify


def _canaries(project: Project) -> Iterator[Example]:
    """Yield the prompts of one turn that say what their answers are checked for."""
    if not project.data_file("evaluation").exists():
        return
    try:
        prompts = project.examples("evaluation")
    except PinchError as error:
        _log.warning("no answer of the A/B test is checked by a program: %s", error)
        return
    yield from (p for p in prompts if has_checks(p) and not (p.input or p.system or p.history))


def _language(prompt: Example) -> str:
    return get_language(prompt.language).code


def _share(prompt: Example, answer: str, identifier: Identifier) -> float | None:
    """Return the share of a prompt's checks that an answer follows, of those that can be scored."""
    context = Context(get_writing(prompt.language), identifier)
    outcomes = (follow(answer, check, context) for check in read_checks(prompt))
    scored = [outcome for outcome in outcomes if outcome is not None]
    return sum(scored) / len(scored) if scored else None
