"""Tax and identity numbers: specimens are found, near misses and order numbers are not."""

from __future__ import annotations

from importlib import import_module

import pytest

from pinchtune.data.identifiers import IDENTIFIERS, find_identifiers
from pinchtune.data.personal import find_personal

FOUND = [
    ("Mi DNI es 12345678Z.", "12345678Z"),
    ("身份证号11010519491231002X的客户", "11010519491231002X"),
    ("CPF: 529.982.247-25", "529.982.247-25"),
    ("NIR 2 95 10 99 126 111 93", "2 95 10 99 126 111 93"),
    ("Codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"),
    ("hetu 131052-308T", "131052-308T"),
    ("Steuer-ID: 36 574 261 809", "36 574 261 809"),
    ("ИНН 500100732259", "500100732259"),
    ("マイナンバーは6214 9832 0257です", "6214 9832 0257"),
    ("आधार २३४१ २३४१ २३४६", "२३४१ २३४१ २३४६"),
    ("VAT number NL4495445B01", "NL4495445B01"),
    ("rodné číslo 710319/2745", "710319/2745"),
]


@pytest.mark.parametrize(("text", "part"), FOUND)
def test_finds(text: str, part: str) -> None:
    start = text.index(part)
    assert (start, start + len(part)) in set(find_identifiers(text))
    assert [f.kind for f in find_personal(text)] == ["identifier"]


@pytest.mark.parametrize(
    "text",
    [
        "Mi DNI es 12345678A.",
        "Order 500100732259, parcel 36574261809, article 44051401359",
        "hetu 131052-308U, 131352-308T",
        "1949-12-31, 12.06.2024-25.06.2024, 000-20-3000",
        "version 529.982.247-25.1, A529.982.247-25",
        "",
    ],
)
def test_leaves_alone(text: str) -> None:
    assert list(find_identifiers(text)) == []


@pytest.mark.parametrize("module", sorted({one.module for one in IDENTIFIERS}))
def test_each_check_exists(module: str) -> None:
    assert import_module(f"stdnum.{module}").is_valid("no number") is False
