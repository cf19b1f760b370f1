"""Tax and identity numbers: how people write them, and the check digits that tell them apart.

A number whose form says enough (letters, a date, separators) is taken wherever it stands. Bare
digits have one check digit at best, so that every tenth order number would pass: they are taken
only after a word that announces them, and then with any separators. Passing the check of
`python-stdnum` is asked of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple

from pinchtune.data.folding import fold
from pinchtune.patterns import compile_pattern

_LIKELY = r"\d(?:[ .\-/+]?[\dA-Z]){6}|[A-Za-z]{5}\d{2}"
"""What every pattern below holds; most texts hold it nowhere."""
NEAR = 40
"""Characters before a number in which the word that announces it must stand."""
_SEPARATORS = r"[ .\-/]"


class Identifier(NamedTuple):
    """One kind of number."""

    module: str
    """The module of python-stdnum that checks it."""
    pattern: str
    words: str = ""
    """What must stand before it, in capitals or not; empty if the form is enough."""


def _spaced(digits: int) -> str:
    """Return the pattern of so many digits, with separators or without."""
    return rf"\d(?:{_SEPARATORS}?\d){{{digits - 1}}}"


IDENTIFIERS = (
    Identifier("ar.cuit", r"\d{2}-\d{8}-\d"),
    Identifier("ar.cuit", _spaced(11), r"\bCUI[TL]\b"),
    Identifier("br.cnpj", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}"),
    # Bare digits: the branch in their middle is a small number.
    Identifier("br.cnpj", r"\d{8}00\d{4}"),
    Identifier("br.cnpj", _spaced(14), r"\bCNPJ\b"),
    Identifier("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
    Identifier("br.cpf", _spaced(11), r"\bCPF\b"),
    Identifier("cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]"),
    Identifier("cl.rut", r"\d{1,2}\.?\d{3}\.?\d{3}[ -]?[\dKk]", r"\bRU[TN]\b"),
    Identifier("cn.ric", r"\d{17}[\dXx]"),
    Identifier("cn.ric", rf"{_spaced(17)}{_SEPARATORS}?[\dXx]", r"身份证|身份證"),
    Identifier("cz.rc", r"\d{6}/\d{3,4}"),
    Identifier("de.idnr", _spaced(11), r"Steuer|Id-?Nr|Identifikationsnummer"),
    Identifier("ee.ik", _spaced(11), r"isikukood"),
    Identifier(
        "es.cif", r"[ABCDEFGHJNPQRSUVWa-hjnp-w][ -]?\d{7}[ -]?[\dA-Ja-j]", r"\b[CN]\.?I\.?F\b"
    ),
    Identifier("es.dni", r"\d{8}(?:[ -]?[A-Z]|-?[a-z])"),
    Identifier("es.dni", r"\d{2}\.\d{3}\.\d{3}[ -]?[A-Za-z]"),
    Identifier("es.dni", rf"{_spaced(8)}{_SEPARATORS}?[A-Za-z]", r"\bD\.?N\.?I\b|\bNIF\b"),
    Identifier("es.nie", r"[XYZxyz][ -]?\d{7}[ -]?[A-Za-z]"),
    Identifier("fi.hetu", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]"),
    Identifier(
        "fr.nir",
        r"[12][ .\-]?\d{2}[ .\-]?\d{2}[ .\-]?\d[\dABab][ .\-]?\d{3}[ .\-]?\d{3}[ .\-]?\d{2}",
    ),
    Identifier("gr.amka", _spaced(11), r"ΑΜΚΑ|AMKA"),  # noqa: RUF001
    Identifier("id.nik", _spaced(16), r"\b(?:NIK|KTP)\b"),
    Identifier("il.idnr", r"\d{8,9}|" + _spaced(9), r"תעודת זהות|ת[.\"״]?ז\b"),
    Identifier("in_.aadhaar", _spaced(12), r"aadhaa?r|\badha+r|आधार|\bUID(?:AI)?\b"),
    Identifier("in_.pan", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]"),
    Identifier("in_.pan", r"[A-Za-z]{5}[ -]?\d{4}[ -]?[A-Za-z]", r"\bPAN\b"),
    Identifier("it.codicefiscale", r"[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]"),
    Identifier(
        "it.codicefiscale",
        r"[A-Za-z]{3} [A-Za-z]{3} \d{2}[A-Za-z]\d{2} [A-Za-z]\d{3}[A-Za-z]",
        r"codice fiscale",
    ),
    Identifier("it.iva", _spaced(11), r"partita iva|p\. ?iva"),
    Identifier("jp.in_", _spaced(12), r"マイナンバー|個人番号|\bmy ?number\b|individual number"),
    Identifier("kr.rrn", r"\d{6}-[1-8]\d{6}"),
    Identifier("kr.rrn", _spaced(13), r"주민(?:등록)? ?번호"),
    Identifier("mx.curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d"),
    Identifier("mx.curp", r"[A-Za-z]{4}\d{6}[HMXhmx][A-Za-z]{5}[0-9A-Za-z]\d", r"\bCURP\b"),
    Identifier("nl.bsn", _spaced(9), r"\bBSN\b|burgerservicenummer|sofinummer"),
    Identifier("pl.pesel", _spaced(11), r"pesel"),
    Identifier("pt.nif", _spaced(9), r"\bNIF\b|contribuinte"),
    Identifier("ru.inn", rf"{_spaced(12)}|{_spaced(10)}", r"\bИНН\b"),  # noqa: RUF001
    Identifier("se.personnummer", r"(?:19|20)?\d{6}[-+]\d{4}"),
    Identifier("se.personnummer", r"(?:19|20)?\d{6} ?\d{4}", r"person ?(?:nummer|nr)"),
    Identifier("th.pin", r"\d-\d{4}-\d{5}-\d{2}-\d"),
    Identifier("th.pin", _spaced(13), r"บัตรประ|เลขประจำตัว"),
    Identifier("tr.tckimlik", _spaced(11), r"\bT\.?C\b|kimlik"),
    Identifier("ua.rntrc", _spaced(10), r"РНОКПП|ІПН"),
    Identifier("us.ssn", r"\d{3}-\d{2}-\d{4}"),
    Identifier("us.ssn", _spaced(9), r"\bSSN\b|social security|seguro social"),
    Identifier("za.idnr", _spaced(13), r"\bID\b"),
    Identifier(
        "eu.vat",
        r"(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)"
        r" ?[0-9A-Z][0-9A-Z .]{5,12}[0-9A-Z]",
        r"\b(?:VAT|TVA|IVA|BTW|MwSt|USt|moms|DIČ|NIP|ALV|PVM|ÁFA|DDV|PVN|ΦΠΑ)",
    ),
)


def find_identifiers(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a tax or identity number stands; the same place may come twice.

    Digits of any script count.
    """
    plain = fold(text)
    if not compile_pattern(_LIKELY).search(plain):
        return
    for identifier in IDENTIFIERS:
        for match in compile_pattern(_alone(identifier.pattern)).finditer(plain):
            near = plain[max(0, match.start() - NEAR) : match.start()]
            if identifier.words and not _announces(identifier.words, near):
                continue
            if _is_valid(identifier.module, match[0]):
                yield match.span()


def _announces(words: str, near: str) -> bool:
    return bool(compile_pattern(words, ignore_case=True).search(near))


def _is_valid(module: str, number: str) -> bool:
    """Return True if the check digits are right, with the separators or without them."""
    check = import_module(f"stdnum.{module}").is_valid
    return bool(check(number) or check(compile_pattern(_SEPARATORS).sub("", number)))


def _alone(pattern: str) -> str:
    """Return a pattern for a number that is no part of a longer one."""
    return rf"(?<![0-9A-Za-z][.,/\-]?)(?:{pattern})(?![.,/\-]?[0-9A-Za-z])"
