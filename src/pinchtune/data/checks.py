"""What may be wrong with examples: hints for the person who hands them in.

No finding stops anything by itself. Each names file, line and field, and says the fix.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pinchtune.data.formats import Located
from pinchtune.data.personal import find_personal
from pinchtune.data.similar import find_near_duplicates, find_near_pairs, normalise
from pinchtune.data.textchecks import find_damage, is_truncated
from pinchtune.languages import LANGUAGES, UNKNOWN, Guess, Identifier, get_language
from pinchtune.records import Example

KINDS = (
    "empty",
    "long",
    "truncated",
    "encoding",
    "personal",
    "language",
    "duplicate",
    "near-duplicate",
    "overlap",
)
MAX_CHARACTERS = 8000
"""Longest example, prompt and response together; about 2,000 tokens of English."""
_TOLD = 20
"""Letters from which on the language of a text can be told; an unspaced one counts three."""
_CERTAIN = 0.99
"""Probability from which on a close language is believed to be another one."""


class Finding(NamedTuple):
    """Something that may be wrong with a row."""

    kind: str
    path: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{self.path}:{self.line}, {self.field}: {self.message}"


def check_examples(
    rows: Sequence[Located], candidates: Sequence[str], max_characters: int = MAX_CHARACTERS
) -> list[Finding]:
    """Return what may be wrong with `rows`, in their order.

    `candidates` are the languages that the project expects; texts are identified among them.
    """
    declared = {row.example.language for row in rows} - {""}
    # English is always possible: answering in it is the commonest fault.
    identifier = Identifier({*candidates, *declared, "en"})
    found = [finding for row in rows for finding in _check_row(row, identifier, max_characters)]
    found += [*_find_duplicates(rows), *_find_near_duplicates(rows)]
    order = {(row.path, row.line): i for i, row in reversed(list(enumerate(rows)))}
    return sorted(found, key=lambda f: (order[f.path, f.line], KINDS.index(f.kind)))


def check_overlap(rows: Sequence[Located], others: Sequence[Located]) -> list[Finding]:
    """Return rows that stand, nearly or in another language, among `others` too.

    A training row that is also an evaluation prompt makes the evaluation worthless.
    """
    known = {row.example.parallel_id: row for row in others if row.example.parallel_id}
    found: dict[int, Finding] = {}
    for i, row in enumerate(rows):
        other = known.get(row.example.parallel_id)
        if other:
            message = f"is also that of {_place(other)}; remove one of the two rows"
            found[i] = _finding("overlap", row, "parallel_id", message)
    groups = _by_language(others)
    for language, mine in _by_language(rows).items():
        theirs = groups.get(language, [])
        pairs = find_near_pairs(_texts(rows, mine), _texts(others, theirs))
        for first, second in pairs:
            message = (
                f"is nearly that of {_place(others[theirs[second]])}; remove one of the two rows"
            )
            row = rows[mine[first]]
            found.setdefault(mine[first], _finding("overlap", row, "instruction", message))
    return [found[i] for i in sorted(found)]


def _finding(kind: str, row: Located, field: str, message: str) -> Finding:
    return Finding(kind, row.path, row.line, field, message)


def _place(row: Located) -> str:
    return f"{row.path}:{row.line}"


def _check_row(row: Located, identifier: Identifier, max_characters: int) -> Iterator[Finding]:
    example = row.example
    yield from _check_extent(row, max_characters)
    if example.response and is_truncated(example.response):
        message = "may be truncated: it ends in the middle of a sentence or a code block"
        yield _finding("truncated", row, "response", f"{message}; complete it")
    for field, text in _fields(example):
        for damage in find_damage(text):
            yield _finding("encoding", row, field, damage)
        for kind in dict.fromkeys(finding.kind for finding in find_personal(text)):
            message = f"may hold personal data ({PERSONAL[kind]}); replace it by an invented one"
            yield _finding("personal", row, field, message)
    yield from _check_language(row, identifier)


PERSONAL = {
    "url": "a link with a password or token",
    "e-mail": "an e-mail address",
    "IBAN": "a bank account number",
    "card": "a payment card number",
    "identifier": "a tax or identity number",
    "phone": "a telephone number",
}
"""What a kind of personal data is, in words."""


def _fields(example: Example) -> Iterator[tuple[str, str]]:
    """Yield (field, text) of all that the model will read."""
    yield from (("system", example.system), ("instruction", example.instruction))
    yield from (("input", example.input), ("response", example.response or ""))
    for i, turn in enumerate(example.history):
        yield f"history[{i}]", "\n".join(turn)


def _check_extent(row: Located, max_characters: int) -> Iterator[Finding]:
    example = row.example
    if is_blank(example.instruction):
        yield _finding("empty", row, "instruction", "is empty; write one or remove the row")
    if example.response is not None and is_blank(example.response):
        yield _finding("empty", row, "response", "is empty; write one or remove the row")
    length = sum(len(text) for _, text in _fields(example))
    if length > max_characters:
        message = f"has {length:,} characters in all, more than {max_characters:,}; shorten it"
        yield _finding("long", row, "response", message)


def is_blank(text: str) -> bool:
    """Return True if nothing of `text` can be seen."""
    import regex

    return not regex.search(r"[^\p{C}\p{Z}]", text)


def _check_language(row: Located, identifier: Identifier) -> Iterator[Finding]:
    example = row.example
    guesses = {
        "instruction": guess_language(example.instruction, identifier),
        "response": guess_language(example.response or "", identifier),
    }
    if example.language:
        for field, guess in guesses.items():
            if contradicts(guess, example.language):
                message = f"reads as {guess.language}, and the row declares {example.language}"
                yield _finding("language", row, field, f"{message}; correct one of the two")
        return
    ask, reply = guesses.values()
    if UNKNOWN in (ask.language, reply.language) or ask.language == reply.language:
        message = "is missing and cannot be told; add a column language"
    else:
        message = f"is missing: the instruction reads as {ask.language}, "
        message += f"the response as {reply.language}; add a column language"
    yield _finding("language", row, "language", message)


def guess_language(text: str, identifier: Identifier) -> Guess:
    """Return what language the prose of `text` is in; `unknown` if there is too little of it."""
    import regex

    # Code and addresses are in no language, and look like English.
    prose = regex.sub(r"```.*?(?:```|$)|`[^`\n]*`|\S+://\S+|\S+@\S+", " ", text, flags=regex.S)
    unspaced = len(regex.findall(r"[\p{Han}\p{Hiragana}\p{Katakana}]", prose))
    enough = len(regex.findall(r"\p{L}", prose)) + 2 * unspaced >= _TOLD
    return identifier.identify(prose) if enough else Guess(UNKNOWN, 0.0)


def contradicts(guess: Guess, language: str) -> bool:
    """Return True if a text that was taken for `guess` is hardly in `language`."""
    if guess.language in (UNKNOWN, get_language(language).code):
        return False
    close = language in LANGUAGES[guess.language].close or (
        guess.language in get_language(language).close
    )
    return not close or guess.probability >= _CERTAIN


def _find_duplicates(rows: Sequence[Located]) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], Located] = {}
    for row in rows:
        first = seen.setdefault(_key(row.example), row)
        if first is row:
            continue
        same = normalise(row.example.response or "") == normalise(first.example.response or "")
        but = "" if same else ", with another response"
        message = f"is the same as in {_place(first)}{but}; remove one of the two rows"
        yield _finding("duplicate", row, "instruction", message)


def _key(example: Example) -> tuple[str, ...]:
    """Return what makes two rows ask the same: the whole prompt, in one language."""
    turns = (text for turn in example.history for text in turn)
    texts = (example.system, *turns, example.instruction, example.input)
    return (example.language, *(normalise(text) for text in texts))


def _find_near_duplicates(rows: Sequence[Located]) -> Iterator[Finding]:
    first = {_key(row.example): i for i, row in reversed(list(enumerate(rows)))}
    unique = sorted(first.values())
    for group in _by_language(rows, unique).values():
        for mine, other in find_near_duplicates(_texts(rows, group)):
            place = _place(rows[group[other]])
            message = f"is nearly the same as in {place}; remove one of the two rows"
            yield _finding("near-duplicate", rows[group[mine]], "instruction", message)


def _by_language(
    rows: Sequence[Located], chosen: Iterable[int] | None = None
) -> dict[str, list[int]]:
    """Return {language: indices of its rows that have an instruction}."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i in range(len(rows)) if chosen is None else chosen:
        if not is_blank(rows[i].example.instruction):
            groups[rows[i].example.language].append(i)
    return groups


def _texts(rows: Sequence[Located], indices: Iterable[int]) -> list[str]:
    """Return what the user says in each row, the earlier turns included."""
    examples = (rows[i].example for i in indices)
    return ["\n".join([*(user for user, _ in e.history), e.prompt]) for e in examples]
