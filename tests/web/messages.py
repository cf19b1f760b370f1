"""The sentences that the catalogues translate, as they stand in the code.

`python tests/web/messages.py fr` adds what `src/pinchtune/web/locales/fr.po` lacks, and takes
out what is no longer said; a file that does not exist is made.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

SOURCE = Path(__file__).parents[2] / "src/pinchtune"
LOCALES = SOURCE / "web/locales"
PLACE = re.compile(r"\{(\w*)\}")
"""Where a value is filled in."""
MARKS = {"_", "mark", "say"}
"""Functions whose first argument is a sentence."""
ERRORS = {"StoreError", "Forbidden", "NotFound", "Conflict", "Invalid", "TooMany"}
"""Errors of the store: their first argument is a sentence, or a constant that holds some."""


class Message(NamedTuple):
    """One sentence and where it is said."""

    sentence: str
    place: str


def find_messages() -> list[Message]:
    """Return every sentence of the pages and of the store's refusals, once."""
    found: dict[str, Message] = {}
    code = sorted([*SOURCE.glob("web/**/*.py"), *SOURCE.glob("store/*.py")])
    pages = sorted(SOURCE.glob("web/templates/**/*.j2"))
    for path, read in [*((p, _read_code) for p in code), *((p, _read_template) for p in pages)]:
        for message in read(path):
            if any(char.isalpha() for char in PLACE.sub("", message.sentence)):
                found.setdefault(message.sentence, message)
    return list(found.values())


def _place(path: Path) -> str:
    return path.relative_to(SOURCE.parent).as_posix()


def _read_template(path: Path) -> Iterator[Message]:
    options = {"extensions": "", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
    with path.open("rb") as file:
        for _, _, sentence, _ in babel_extract(file, ["_"], [], options):
            # A sentence with values comes as (sentence, None, …), a computed one as None.
            text = sentence[0] if isinstance(sentence, tuple) else sentence
            if text:
                yield Message(text, _place(path))


def _read_code(path: Path) -> Iterator[Message]:
    tree = ast.parse(path.read_text("utf-8"))
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = _called(node)
        if name in MARKS and isinstance(node.args[0], ast.Constant):
            yield from _strings(node.args[0], path)
        elif name in ERRORS:
            yield from _strings(_value(node.args[0], constants), path)


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _value(node: ast.expr, constants: dict[str, ast.expr]) -> ast.expr:
    """Return what a constant stands for; an entry of a table stands for the whole table."""
    if isinstance(node, ast.Subscript):
        node = node.value
    return constants.get(node.id, node) if isinstance(node, ast.Name) else node


def _strings(node: ast.expr, path: Path) -> Iterator[Message]:
    values = node.values if isinstance(node, ast.Dict) else [node]
    for value in values:
        if isinstance(value, ast.IfExp):
            yield from _strings(value.body, path)
            yield from _strings(value.orelse, path)
        elif isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield Message(value.value, _place(path))


def read_catalogue(locale: str) -> Catalog:
    """Return the catalogue of a locale; an empty one if there is no file."""
    path = LOCALES / f"{locale}.po"
    return read_po(BytesIO(path.read_bytes()), locale) if path.is_file() else Catalog(locale)


def write_catalogue(locale: str, catalogue: Catalog) -> None:
    """Write the catalogue of a locale: the sentences of the code, in its order."""
    template = Catalog()
    for message in find_messages():
        template.add(message.sentence, locations=[(message.place, None)])
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    for entry in catalogue:
        entry.flags.clear()
    content = BytesIO()
    write_po(content, catalogue, width=100, include_lineno=False)
    (LOCALES / f"{locale}.po").write_bytes(_without_dates(content.getvalue()))


def _without_dates(content: bytes) -> bytes:
    """Leave out the lines of the head that change with every run and say nothing."""
    idle = (b'"POT-Creation', b'"PO-Revision', b'"Last-Translator', b'"Language-Team')
    idle += (b'"Project-Id', b'"Report-Msgid', b'"Generated-By', b'"Plural-Forms')
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(idle))


if __name__ == "__main__":
    for asked in sys.argv[1:]:
        known = read_catalogue(asked)
        write_catalogue(asked, known)
        missing = [entry.id for entry in known if entry.id and not entry.string]
        sys.stdout.write(f"{asked}: {len(missing)} sentences to translate\n")
