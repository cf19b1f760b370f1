"""Which language a question and its answer are in, as far as it can be told."""

from __future__ import annotations

from collections.abc import Iterable

from pinchtune.evaluation.fidelity import right_language
from pinchtune.languages import MIN_LETTERS, UNKNOWN, Identifier, count_letters

READ = 2000
"""Characters at the beginning of a text that are looked at: more change nothing but the time."""
RIGHT, WRONG, UNTOLD = "right", "wrong", "untold"


class Ear:
    """Tells languages among those of the project."""

    def __init__(self, languages: Iterable[str]) -> None:
        self._identifier = Identifier(languages)

    def warm(self) -> None:
        """Read the tables of languages now, which the first question would wait for."""
        self._identifier.identify("Which language is this?")

    def hear(self, text: str) -> str:
        """Return the language of a text: `unknown` if it is in none, empty if it is too short."""
        text = text[:READ]
        if count_letters(text) < MIN_LETTERS:
            return ""
        return self._identifier.identify(text).language

    def hear_question(self, text: str) -> str:
        """Return the language that a question is to be answered in; empty if it cannot be told."""
        language = self.hear(text)
        return "" if language == UNKNOWN else language

    def judge(self, answer: str, language: str) -> str:
        """Return `right` or `wrong` for an answer to a question in `language`.

        `untold` if the question's language is not known or the answer too short to tell.
        """
        answer = answer[:READ]
        if not language or count_letters(answer) < MIN_LETTERS:
            return UNTOLD
        return RIGHT if right_language(self._identifier, answer, language) else WRONG
