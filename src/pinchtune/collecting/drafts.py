"""A model's draft of a response, for a person to edit; marked as what it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pinchtune.data.checks import is_blank
from pinchtune.errors import RunError
from pinchtune.languages import get_language
from pinchtune.records import Example
from pinchtune.store.errors import Invalid
from pinchtune.store.records import Text

if TYPE_CHECKING:
    from pinchtune.model.generate import Generator


def draft_response(generator: Generator, text: Text, language: str, model: str) -> Text:
    """Return `text` with a response that `model` wrote, and its name in `drafted_by`.

    Invalid if there is no instruction to answer; RunError if the model has no answer.
    """
    if is_blank(text.instruction):
        raise Invalid("Write the instruction first; the model answers it")
    prompt = Example(text.instruction, None, get_language(language).code)
    answers = generator.generate([prompt], 0)
    if not answers or is_blank(answers[0].text):
        raise RunError(f"{model} gave no answer; write the response yourself, or try again")
    return replace(text, response=answers[0].text, drafted_by=model)
