"""Tax and identity numbers: how people write them, and the check digits that tell them apart.

A number whose form says enough (letters, a date, separators) is taken wherever it stands. Bare
digits have one check digit at best, so that every tenth order number would pass: they are taken
only after a word that announces them. Passing the check of `python-stdnum` is asked of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple

from pinchtune.patterns import compile_pattern

_LIKELY = r"\d(?:[ .\-/+]?[\dA-Z]){6}|[A-Za-z]{5}\d{2}"
"""What every pattern below holds; most texts hold it nowhere."""
NEAR = 40
"""Characters before a number in which the word that announces it must stand."""


class Identifier(NamedTuple):
    """One kind of number."""

    module: str
    """The module of python-stdnum that checks it."""
    pattern: str
    words: str = ""
    """What must stand before it; empty if the form is enough."""


IDENTIFIERS = (
    Identifier("ar.cuit", r"\d{2}-\d{8}-\d"),
    Identifier("br.cnpj", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}"),
    Identifier("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
    Identifier("br.cpf", r"\d{11}", r"\bCPF\b"),
    Identifier("cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]"),
    Identifier("cn.ric", r"\d{17}[\dXx]"),
    Identifier("cz.rc", r"\d{6}/\d{3,4}"),
    Identifier("de.idnr", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", r"Steuer|Id-?Nr|Identifikationsnummer"),
    Identifier("ee.ik", r"\d{11}", r"(?i:isikukood)"),
    Identifier("es.cif", r"[ABCDEFGHJNPQRSUVW]-?\d{7}[\dA-J]", r"\b[CN]\.?I\.?F\b"),
    Identifier("es.dni", r"\d{8}(?:[ -]?[A-Z]|-?[a-z])"),
    Identifier("es.nie", r"[XYZxyz][ -]?\d{7}[ -]?[A-Za-z]"),
    Identifier("fi.hetu", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]"),
    Identifier("fr.nir", r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}"),
    Identifier("gr.amka", r"\d{11}", r"ΑΜΚΑ|AMKA"),  # noqa: RUF001
    Identifier("id.nik", r"\d{16}", r"\b(?:NIK|KTP)\b"),
    Identifier("il.idnr", r"\d{8,9}", r"תעודת זהות|ת[.\"״]?ז\b"),
    Identifier("in_.aadhaar", r"\d{4} ?\d{4} ?\d{4}", r"(?i:aadhaa?r)|आधार|\bUID\b"),
    Identifier("in_.pan", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]"),
    Identifier("it.codicefiscale", r"[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]"),
    Identifier("it.iva", r"\d{11}", r"(?i:partita iva|p\. ?iva)"),
    Identifier("jp.in_", r"\d{4}[ -]?\d{4}[ -]?\d{4}", r"マイナンバー|個人番号"),
    Identifier("kr.rrn", r"\d{6}-[1-8]\d{6}"),
    Identifier("mx.curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d"),
    Identifier("nl.bsn", r"\d{9}", r"\bBSN\b|(?i:burgerservicenummer)"),
    Identifier("pl.pesel", r"\d{11}", r"(?i:pesel)"),
    Identifier("pt.nif", r"\d{3} ?\d{3} ?\d{3}", r"\bNIF\b|(?i:contribuinte)"),
    Identifier("ru.inn", r"\d{12}|\d{10}", r"ИНН"),
    Identifier("se.personnummer", r"(?:19|20)?\d{6}[-+]\d{4}"),
    Identifier("th.pin", r"\d-\d{4}-\d{5}-\d{2}-\d"),
    Identifier("th.pin", r"\d{13}", r"บัตรประ"),
    Identifier("tr.tckimlik", r"\d{11}", r"\bT\.?C\b|(?i:kimlik)"),
    Identifier("ua.rntrc", r"\d{10}", r"РНОКПП|ІПН"),
    Identifier("us.ssn", r"\d{3}-\d{2}-\d{4}"),
    Identifier("za.idnr", r"\d{13}", r"\bID\b"),
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
    if not compile_pattern(r"\p{Nd}").search(text):
        return
    plain = "".join(str(int(char)) if char.isdecimal() else char for char in text)
    if not compile_pattern(_LIKELY).search(plain):
        return
    for identifier in IDENTIFIERS:
        for match in compile_pattern(_alone(identifier.pattern)).finditer(plain):
            near = text[max(0, match.start() - NEAR) : match.start()]
            if identifier.words and not compile_pattern(identifier.words).search(near):
                continue
            if import_module(f"stdnum.{identifier.module}").is_valid(match[0]):
                yield match.span()


def _alone(pattern: str) -> str:
    """Return a pattern for a number that is no part of a longer one."""
    return rf"(?<![0-9A-Za-z][.,/\-]?)(?:{pattern})(?![.,/\-]?[0-9A-Za-z])"
