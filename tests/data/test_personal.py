"""Personal data is found in any script; prices, dates and numbers are left alone."""

from __future__ import annotations

import pytest

from pinchtune.data.personal import find_personal, replace_personal

FOUND = [
    ("Write to a.b+c@mail.co.uk.", "e-mail", "a.b+c@mail.co.uk"),
    ("連絡先はtaro@firma.jpまで", "e-mail", "taro@firma.jp"),
    ("Пишите: иван@почта.рф!", "e-mail", "иван@почта.рф"),
    ("메일 kim@firma.kr으로", "e-mail", "kim@firma.kr"),
    ("see https://me:secret@host.org/x now", "url", "https://me:secret@host.org/x"),
    ("ftp://me:pw@host", "url", "ftp://me:pw@host"),
    ("https://a.b/c?x=1&access_token=abc123def", "url", "https://a.b/c?x=1&access_token=abc123def"),
    ("https://a.b/?API_KEY=abc123", "url", "https://a.b/?API_KEY=abc123"),
    ("修理はhttps://a.b/r?token=abc123まで", "url", "https://a.b/r?token=abc123まで"),
    ("IBAN DE89 3704 0044 0532 0130 00 IS MINE", "IBAN", "DE89 3704 0044 0532 0130 00"),
    ("GB82WEST12345698765432", "IBAN", "GB82WEST12345698765432"),
    ("card 4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
    ("5500-0000-0000-0004, thanks", "card", "5500-0000-0000-0004"),
    ("378282246310005", "card", "378282246310005"),
    ("Call +49 30 901820 today", "phone", "+49 30 901820"),
    ("Tel. 030 1234567", "phone", "030 1234567"),
    ("090-1234-5678までお電話ください。", "phone", "090-1234-5678"),
    ("тел. 8 (495) 123-45-67", "phone", "8 (495) 123-45-67"),
    ("(415) 555-2671", "phone", "(415) 555-2671"),
    ("请拨打13800138000", "phone", "13800138000"),
    ("٠٥٠ ١٢٣ ٤٥٦٧", "phone", "٠٥٠ ١٢٣ ٤٥٦٧"),
    ("telefon 602 123 456", "phone", "602 123 456"),
]


@pytest.mark.parametrize(("text", "kind", "part"), FOUND)
def test_finds(text: str, kind: str, part: str) -> None:
    start = text.index(part)
    assert find_personal(text) == [(kind, start, start + len(part), part)]


@pytest.mark.parametrize(
    "text",
    [
        "On 2024-01-15 at 10:30, from 2023-2024, 15.01.2024 - 16.01.2024",
        "1 234 567 Kč, 1.234.567,89 €, $12,345.67, ¥100000000, 5 000 000 000, 602 123 456 Kč",
        "Order 12345678, invoice 4155552671, 1000000000 people, 20240115 123456789",
        "ISBN 978-3-16-148410-0, version 1.2.3.4, host 192.168.100.200",
        "4111 1111 1111 1112 is no card, nor is 1234 5678 9012 3456",
        "DE00 3704 0044 0532 0130 00 is no account",
        "name@example.com, x@mail.example.org, me@host.test, @handle, a@b, 3 @ 5.00",
        "https://a.b/?q=token https://a.b/token=x http://localhost:8080/a@b",
        "12:30 - 14:45, 100-200, 3.14159265358979, 0.0001234567890123",
        "",
    ],
)
def test_leaves_alone(text: str) -> None:
    assert find_personal(text) == []


def test_finds_all_in_order_without_overlap() -> None:
    text = "+49 30 901820, a@b.cz, https://me:pw@host.org"
    assert [f.kind for f in find_personal(text)] == ["phone", "e-mail", "url"]


def test_regions_decide_what_a_national_number_is() -> None:
    assert find_personal("030 1234567", regions=("US",)) == []


@pytest.mark.parametrize("text", ["a" * 20_000 + "@", "a@" * 5000, "1 " * 3000, "A1" * 9000])
def test_long_texts_take_no_time(text: str) -> None:
    import time

    start = time.process_time()
    find_personal(text)
    assert time.process_time() - start < 3


def test_what_is_found_is_replaced_by_its_kind() -> None:
    text = "‏اتصل بـ +49 30 901820 أو a@b.cz 👍🏽"
    assert replace_personal(text, find_personal(text)) == "‏اتصل بـ [phone] أو [e-mail] 👍🏽"
    assert replace_personal("ไม่มี", []) == "ไม่มี"


@pytest.mark.parametrize(
    ("language", "text", "phone"),
    [
        ("cs", "Odpovězte mi prosím na 601123456 do pátku.", "601123456"),
        ("es", "Apunte 612345678 para la devolución.", "612345678"),
        ("pt", "Anote 11961234567 para a entrega.", "11961234567"),
        ("ru", "Запишите 9123456789 для доставки.", "9123456789"),
    ],
)
def test_bare_numbers_count_where_the_language_is_known(
    language: str, text: str, phone: str
) -> None:
    assert [f.text for f in find_personal(text, language=language)] == [phone]
    assert "[phone]" in replace_personal(text, find_personal(text, language=language))


def test_prices_and_short_numbers_are_left_alone_in_any_language() -> None:
    text = "Cuesta 612345678 € y el pedido es el 4512."
    assert find_personal(text, language="es") == []
    assert find_personal("Pedido 612345678", language="xx") == []
