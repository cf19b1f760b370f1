"""Which language somebody writes, whether they change it midway, and what they are answered in."""

from __future__ import annotations

from collections.abc import Iterable

from pinchtune.languages import LANGUAGES, MIN_LETTERS, UNKNOWN, Guess, Identifier, count_letters
from pinchtune.patterns import compile_pattern

SURE = 0.95
"""Least probability of a language that is not the expected one."""
LONG = 2 * MIN_LETTERS
"""Letters of a sentence from which on its language can be told among all of the table."""
MIXED = 0.25
"""Share of letters, of those in long sentences, from which on another language is a change."""
_ENDS = r"(?<=[。！？!?।؟۔።…])\s*|(?<=\.)\s+|\n+"

_DENSE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
_ADDRESS = r"\S+@\S+|\S+://\S+"


class Listener:
    """Tells the languages of enquiries and answers among the candidates."""

    def __init__(self, languages: Iterable[str] = ()) -> None:
        self.identifier = Identifier(tuple(languages) or LANGUAGES)

    def language(self, text: str) -> str:
        """Return the language of a text, or `unknown`."""
        return self._identify(text).language

    def enquiry(self, text: str, answer: str | None = None) -> str:
        """Return the language of an enquiry, or `unknown`.

        A few words tell little among all languages: they are taken to be in the language of their
        answer if they are written in its letters, and not surely in another.
        """
        found = self.language(text)
        if not answer or _weigh(text) >= LONG or _weigh(answer) < LONG:
            return found
        hint = self._identify(answer)
        if hint.language in (UNKNOWN, found) or hint.probability < SURE:
            return found
        sure = found != UNKNOWN and self.identifier.odds(text, found, hint.language) >= SURE
        fits = self.identifier.allows(text, hint.language)
        return hint.language if fits and not sure else found

    def _identify(self, text: str) -> Guess:
        """Return the language of the words: an address is in none."""
        return self.identifier.identify(compile_pattern(_ADDRESS).sub(" ", text))

    def is_mixed(self, text: str, language: str) -> bool:
        """Return True if a good part of the sentences is in another language or script."""
        if language == UNKNOWN:
            return False
        other = whole = 0
        for sentence in compile_pattern(_ENDS).split(text):
            letters = _weigh(sentence)
            if letters >= LONG:
                whole += letters
                other += letters * self.is_other(sentence, language)
        return whole > 0 and other / whole >= MIXED

    def is_other(self, text: str, language: str) -> bool:
        """Return True if a text is surely in another language, and none that is close to it."""
        return bool(self.other(text, language))

    def other(self, text: str, language: str) -> str:
        """Return the language of a text if it is surely another one; empty otherwise."""
        guess = self._identify(text)
        if guess.language in (UNKNOWN, language) or guess.probability < SURE:
            return ""
        return "" if _are_close(guess.language, language) else guess.language

    def answered_in(self, answer: str | None, language: str, text: str) -> str:
        """Return the language of an answer if it is surely not the enquiry's; empty otherwise.

        Of an enquiry of a few words nothing is said: its own language is not sure.
        """
        if not answer or language == UNKNOWN or min(_weigh(answer), _weigh(text)) < LONG:
            return ""
        return self.other(answer, language)


def _weigh(text: str) -> int:
    """Return the number of letters; one of a dense script says as much as three others."""
    return count_letters(text) + 2 * len(compile_pattern(_DENSE).findall(text))


def _are_close(one: str, other: str) -> bool:
    return other in LANGUAGES[one].close or one in LANGUAGES[other].close
