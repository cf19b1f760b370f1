"""Terms are found in the forms that a language gives them, and nowhere else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_rows import make_row, make_term

from pinchtune.collecting.morphology import MORPHOLOGY
from pinchtune.collecting.terms import coverage, find_terms
from pinchtune.languages import LANGUAGES


def uses(language: str, term: str, text: str) -> bool:
    return bool(find_terms(text, language, [make_term(term, language=language)]))


@pytest.mark.parametrize(
    ("language", "term", "text"),
    [
        ("en", "invoice", "Two INVOICES were missing."),
        ("en", "lead time", "Our lead times are short."),
        ("en", "e-mail", "Write an e-mail."),
        ("en", "VAT", "The price is without VAT."),
        ("en", "SLA", "What do our SLAs say?"),
        ("es", "garantía", "¿Cubren las garantías esto?"),
        ("es", "plazo de entrega", "los plazos de entrega"),
        ("de", "Rechnung", "Alle Rechnungen sind bezahlt."),
        ("fr", "facture", "Où est l'original de la facture ?"),
        ("ru", "гарантия", "Он на гарантии."),
        ("uk", "гарантія", "Вона під гарантією."),
        ("uk", "ціна", "За такими цінами не купую."),
        ("cs", "faktura", "Nenašel jsem ji na faktuře."),
        ("cs", "záruka", "Přístroj se zárukou."),
        ("pl", "gwarancja", "Nie mam gwarancji."),
        ("fi", "takuu", "Onko tällä takuun aika jäljellä?"),
        ("tr", "fatura", "Faturanızı bulamadım."),
        ("tr", "İADE", "iadesi mümkün"),
        ("ar", "ضمان", "هل الجهاز مشمول بالضمان؟"),
        ("ar", "الضمان", "انتهت مدة ضمانكم."),
        ("ar", "فاتورة", "أين فاتورتك؟ وأين الفاتورة؟"),
        ("ar", "إرجاع", "طريقة الارجاع"),
        ("ar", "مُنتَج", "هذا المنتج"),
        ("he", "אחריות", "המכשיר באחריות מלאה"),
        ("he", "חשבון", "קיבלתי חשבונים"),
        ("hi", "शिकायत", "आपकी शिकायतों का उत्तर"),
        ("ko", "환불", "환불을 받고 싶어요."),
        ("sw", "mteja", "Wateja wote wanalipa."),
        ("id", "garansi", "Apakah garansinya masih ada?"),
        ("vi", "bảo hành", "Thời hạn bảo hành là bao lâu?"),
        ("ja", "見積もり", "見積もりをお願いします"),
        ("ja", "見積もる", "至急、見積もってください"),
        ("ja", "サポート", "カスタマーサポートの窓口"),
        ("ja", "ｻﾎﾟｰﾄ", "サポート"),
        ("zh", "保修", "这台机器还在保修期内吗？"),
        ("th", "ใบเสร็จ", "ขอใบเสร็จด้วยค่ะ"),
        ("fa", "فاکتور", "فاکتورهای ماه گذشته"),
        ("bn", "চালান", "চালানের কপি দিন"),
    ],
)
def test_forms_of_a_term(language: str, term: str, text: str) -> None:
    assert uses(language, term, text)


@pytest.mark.parametrize(
    ("language", "term", "text"),
    [
        ("en", "invoice", "The voice was clear."),
        ("en", "lead time", "Take the lead this time."),
        ("en", "IT", "Is it late?"),
        ("en", "US", "Tell us."),
        ("uk", "ціна", "ціннісний підхід"),
        ("cs", "cena", "Jdu do města, kde je centrum."),
        ("ar", "ضمان", "وضعت ضمادة"),
        ("ko", "환불", "불환지폐"),
        ("ja", "ライト", "フライトの予約"),
        ("ja", "PC", "PCR検査"),
        ("th", "กา", "กำ กิ"),
        ("vi", "bảo hành", "bảo vệ hành khách"),
    ],
)
def test_other_words(language: str, term: str, text: str) -> None:
    assert not uses(language, term, text)


def test_variants_and_other_languages() -> None:
    terms = [make_term("lorry", "truck", "HGV"), make_term("camión", language="es")]
    assert find_terms("Two trucks and a camión.", "en", terms) == terms[:1]
    assert find_terms("Dos camiones.", "es-MX", terms) == terms[1:]
    assert find_terms("", "en", terms) == []
    assert find_terms("anything", "en", [make_term("…"), make_term("", "")]) == []


def test_every_language_of_the_morphology_is_known() -> None:
    assert set(MORPHOLOGY) <= set(LANGUAGES)
    assert not any(not LANGUAGES[code].spaced for code in MORPHOLOGY)


@given(st.sampled_from(sorted(LANGUAGES)), st.text(), st.text(), st.text())
def test_any_text(language: str, before: str, term: str, after: str) -> None:
    """Nothing breaks; a text that is the term alone uses it, if it has a letter."""
    uses(language, term, f"{before}{term}{after}")
    composed = unicodedata.normalize("NFKC", term)
    if any(char.isalpha() for char in composed):
        assert uses(language, term, term)
        assert uses(language, term, f"… {term} …")


def test_coverage_counts_approved_rows_only() -> None:
    terms = [
        make_term("invoice", enquiries=1),
        make_term("refund", enquiries=6),
        make_term("warranty", enquiries=3),
        make_term("factura", language="es", enquiries=99),
    ]
    rows = [
        make_row("Where is my invoice?", "In your account."),
        make_row("Can I have a refund?", status="submitted"),
        make_row("warranty", language="es"),
    ]
    found = coverage(rows, terms, "en")
    assert [term.term for term in found.covered] == ["invoice"]
    assert [term.term for term in found.missing] == ["refund", "warranty"]
    assert found.share == pytest.approx(1 / 3)
    assert found.enquiry_share == pytest.approx(0.1)


def test_coverage_without_terms() -> None:
    assert coverage([make_row()], [], "en") == ((), (), 0.0, 0.0)
