"""Sentences for hints on a text and for the bad cells of a spreadsheet."""

from __future__ import annotations

from markupsafe import Markup

from pinchtune.collecting.grid import Problem
from pinchtune.collecting.hints import Hint
from pinchtune.store import StoreError
from pinchtune.web.texts import shorten
from pinchtune.web.wording import Translator
from pinchtune.web.wording import mark as _
from pinchtune.web.words import ROLES, STATES

_HINTS = {
    "empty instruction": _("The instruction is empty."),
    "empty response": _("The response is empty."),
    "long": _("Too long: {characters} characters together; at most {limit} are used."),
    "language instruction": _("The instruction reads as {found}, not as {declared}."),
    "language response": _("The response reads as {found}, not as {declared}."),
    "overlap": _("This is nearly a question of the evaluation. Ask for something else."),
    "near-duplicate": _("Nearly the same exists already: {text}"),
    "truncated": _("Does the response break off at its end?"),
    "bidi instruction": _("The instruction holds hidden characters that turn its order: {codes}"),
    "bidi response": _("The response holds hidden characters that turn its order: {codes}"),
    "personal url": _("Holds an address of the web: {text}. Is it an invented one?"),
    "personal e-mail": _("Holds an address of mail: {text}. Invent one, or leave it out."),
    "personal IBAN": _("Holds an account number: {text}. Invent one, or leave it out."),
    "personal card": _("Holds the number of a card: {text}. Leave it out."),
    "personal identifier": _("Holds a tax or identity number: {text}. Leave it out."),
    "personal phone": _("Holds a telephone number: {text}. Invent one, or leave it out."),
    "encoding lost": _("Holds the sign for a lost character. Type it again."),
    "encoding half": _("Holds half a character. Type it again."),
    "encoding control": _("Holds the control character {piece}. Remove it."),
    "encoding garbled": _("Reads as text in the wrong encoding: {piece}"),
}
_PROBLEMS = {
    "empty": _("The cell is empty."),
    "long": _("Too long; at most {limit} characters."),
    "formula": _("The cell holds a formula. Write the text itself."),
    "error": _("The cell holds an error of the spreadsheet. Write the text itself."),
    "language": _("The row names another language than the one you chose."),
    "repeated": _("The same stands in {first} already."),
    "column": _("No column is called {heading}. The column was left out."),
    "number": _("{text} is not a number of enquiries."),
    "encoding lost": _HINTS["encoding lost"],
    "encoding half": _HINTS["encoding half"],
    "encoding control": _HINTS["encoding control"],
    "encoding garbled": _HINTS["encoding garbled"],
}


def explain_hint(say: Translator, hint: Hint) -> Markup:
    """Return the sentence of a hint."""
    values = {name: _readable(say, name, value) for name, value in hint.values.items()}
    names = (f"{hint.kind} {hint.values.get('what', hint.field)}", f"{hint.kind} {hint.field}")
    sentence = next((_HINTS[name] for name in names if name in _HINTS), None)
    return say(sentence or _HINTS.get(hint.kind, hint.kind), **values)


def explain_problem(say: Translator, problem: Problem) -> Markup:
    """Return the sentence of a bad cell."""
    name = f"{problem.kind} {problem.values.get('kind', '')}".strip()
    return say(_PROBLEMS.get(name, _PROBLEMS.get(problem.kind, problem.kind)), **problem.values)


def explain_refusal(say: Translator, error: StoreError) -> Markup:
    """Return why something was refused, in the words of the pages instead of the store's codes."""
    values = {name: _in_words(say, name, value) for name, value in error.values.items()}
    return say(error.message, **values)


def _in_words(say: Translator, name: str, value: object) -> object:
    if name == "language":
        return say.language(str(value))
    known = {"status": STATES, "role": ROLES}.get(name, {})
    return say(known[str(value)]) if str(value) in known else value


def _readable(say: Translator, name: str, value: object) -> object:
    if name in ("found", "declared"):
        return say.language(str(value))
    return shorten(value, 90) if isinstance(value, str) else value
