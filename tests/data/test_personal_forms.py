"""Personal data as people really type it: the whole of it is found, and little beside it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pinchtune.data.accounts import find_cards, find_ibans
from pinchtune.data.addresses import find_emails
from pinchtune.data.folding import fold
from pinchtune.data.identifiers import find_identifiers
from pinchtune.data.links import find_links
from pinchtune.data.personal import find_personal, join_findings
from pinchtune.data.phones import find_bare_phones, find_phones, home_regions

PHONES = [
    ("ＴＥＬ：", "０８０－２３４５－６７８９", "です"),
    ("携帯は", "080ー2345ー6789", "まで"),
    ("携帯", "080‐2345‐6789", ""),
    ("携帯", "080−2345−6789", ""),
    ("代表", "０６（６３４５）６７８９", "へ"),
    ("mon numéro est ", "06–23–45–67–89", ""),
    ("call ", "(212) 555–0199", " please"),
    ("call ", "(212)\u00a0555\u20110199", " please"),
]
ACCOUNTS = [
    ("meine IBAN ", "de02 1203 0000 0000 2020 51", " bitte"),
    ("IBAN ", "De02120300000000202051", ""),
    ("IBAN: ", "DE02-1203-0000-0000-2020-51", ""),
    ("IBAN ", "DE02\u00a01203\u00a00000\u00a00000\u00a02020\u00a051", ", danke"),
    ("IBAN", "DE02120300000000202051", ""),
    ("conto ", "it60x0542811101000000123456", " grazie"),
    ("口座は", "ＤＥ０２１２０３００００００００２０２０５１", "です"),
]
CARDS = [
    ("card ", "5105.1051.0510.5100", ""),
    ("card ", "5105\u00a01051\u00a00510\u00a05100", ""),
    ("card ", "5105–1051–0510–5100", ""),
    ("card ", "5105  1051  0510  5100", " yes"),
    ("card ", "5105 - 1051 - 0510 - 5100", ""),
    ("card ", "5105 1051 0510 5100", " 08/29"),
    ("card ", "5105105105105100", " 123 at the back"),
    ("amex ", "3714.496353.98431", ""),
]
EMAILS = [
    ("宛先はｈａｎａｋｏ＠ｍｉｓｅ．ｃｏ．ｊｐです", "ｈａｎａｋｏ＠ｍｉｓｅ．ｃｏ．ｊｐ"),
    ("hanako＠mise.co.jp", "hanako＠mise.co.jp"),
    ("메일: 이순신@우체국.한국 입니다", "이순신@우체국.한국"),
    ("เมล malee@ร้านค้า.ไทย ค่ะ", "malee@ร้านค้า.ไทย"),
    ("ჩემი მისამართი: გიორგი@სახლი.გე", "გიორგი@სახლი.გე"),
    ("փոստ՝ արամ@տուն.հայ", "արամ@տուն.հայ"),
    ("write to anna(at)laden.de", "anna(at)laden.de"),
    ("write to anna [at] laden [dot] de now", "anna [at] laden [dot] de"),
    ("write to anna.k {at} mail.laden.de!", "anna.k {at} mail.laden.de"),
    ("write to anna..klein@mail.com", "anna..klein@mail.com"),
    ("write to anna.o'neill@mail.com", "anna.o'neill@mail.com"),
    ("x@xn--80ak6aa.xn--p1ai!", "x@xn--80ak6aa.xn--p1ai"),
]
HEX = "0123456789abcdef" * 2
JWT = "eyJhbGciOiJub25lIn0.eyJuYW1lIjoiQW5uYSJ9.c2lnbmVk"
LINKS = [
    "www.shop.com/reset?token=0a1b2c3d4e5f",
    "shop.com/r?token=0a1b2c3d4e5f",
    "https://shop.com/?reset_password_token=0a1b2c3d",
    "https://shop.com/?access-token=0a1b2c3d4e",
    "https://shop.com/f?a=b&X-Amz-Signature=0a1b2c3d4e",
    "https://shop.com/?PHPSESSID=0a1b2c3d4e",
    "https://shop.com/?key=AIzaSyB0987654321",
    "https://shop.com/?apiKey=AbCdEf0123",
    "https://shop.com/?user%5Bauth%5D=a1b2c3d4",
    "https://shop.com/?code=0a1b2c3d4e",
    "https://shop.com/?otp=908172",
    "https://shop.com/?sig=0a1b2c3d4e",
    f"https://shop.com/?jwt={JWT}",
    f"https://shop.com/reset/{HEX}",
    f"https://shop.com/account/verify-email/{HEX}/now",
    "https://wa.me/4917012345678",
    JWT,
    "Bearer 0a1b2c3d4e5f6g7h8i9j",
    "sk-proj-qwertyuiopasdf",
    "sk_live_0a1b2c3d4e5f6g7h",
    "ghp_0a1b2c3d4e5f6g7h8i9j0a1b",
]
IDENTIFIERS = [
    ("o meu cpf é ", "39053344705"),
    ("Cpf: ", "390533447-05"),
    ("CPF ", "390 533 447 05"),
    ("CPF ", "390.533.447/05"),
    ("empresa ", "11444777000161"),
    ("cnpj ", "11 444 777 0001 61"),
    ("mijn bsn is ", "123456782"),
    ("nik saya ", "3171011708450001"),
    ("мой инн ", "7707083893"),
    ("SSN ", "219 09 9998"),
    ("My social security number: ", "219099998"),
    ("my ssn is ", "219-099998"),
    ("Aadhar no. ", "2341-2341-2346"),
    ("my adhaar ", "234123412346"),
    ("my number ", "6214-9832-0257"),
    ("DNI: ", "12345678 z"),
    ("dni ", "12.345.678-Z"),
    ("numer pesel to ", "440514-01359"),
    ("Steuer-id ", "65.929.970.489"),
    ("NIR ", "2-95-10-99-126-111-93"),
]


@pytest.mark.parametrize(("before", "item", "after"), PHONES)
def test_phones_with_any_dash_and_bracket(before: str, item: str, after: str) -> None:
    found = find_personal(before + item + after)
    assert [(f.kind, f.text) for f in found] == [("phone", item)]


@pytest.mark.parametrize(("before", "item", "after"), ACCOUNTS)
def test_accounts_however_they_are_grouped(before: str, item: str, after: str) -> None:
    assert [(f.kind, f.text) for f in find_personal(before + item + after)] == [("IBAN", item)]


@pytest.mark.parametrize(("before", "item", "after"), CARDS)
def test_cards_however_they_are_grouped(before: str, item: str, after: str) -> None:
    assert [(f.kind, f.text) for f in find_personal(before + item + after)] == [("card", item)]


@pytest.mark.parametrize(("text", "item"), EMAILS)
def test_addresses_of_mail_in_any_script(text: str, item: str) -> None:
    assert [(f.kind, f.text) for f in find_personal(text)] == [("e-mail", item)]


@pytest.mark.parametrize("item", LINKS)
def test_links_and_keys_that_open_something(item: str) -> None:
    assert [(f.kind, f.text) for f in find_personal(f"see {item} there")] == [("url", item)]


@pytest.mark.parametrize(("before", "item"), IDENTIFIERS)
def test_identifiers_in_any_case_with_any_separator(before: str, item: str) -> None:
    found = find_personal(f"{before}{item}, thanks")
    assert [(f.kind, f.text) for f in found] == [("identifier", item)]


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.com/?keyword=shoes2024&author=smith99&design=modern1 is no secret",
        "https://shop.com/?code=DE&zipcode=10115&max_tokens=100000&pass=yes",
        "https://git.host/project/commit/" + HEX,
        "https://shop.com/reset/ and www.shop.com/how-to-reset/my-password",
        "The bearer of this letter and the bearer bonds of 1912, sk-SK and eyJust",
        "see me (at) noon, or look (at) this.",
        "version 4.1.1.1111, 3.6123 4567 8901 2345, 10.1145/3442188.3445922",
        "de 20 120 000 000, es 12 de mayo de 2024 a las 20 horas en punto",
        "Stamp 20240115123045, parcel 11444777100161, part 39053344705",
        "cpf 39053344706, ssn 000 12 3456, nik 1234567890123456",
        "2010–2020, 12–13–2024, 5–10 %, ３０００円",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert find_personal(text) == []


def test_halves_of_a_number_are_joined_to_the_whole() -> None:
    text = "0123456789"
    joined = join_findings(text, [("phone", 0, 5), ("phone", 3, 8), ("phone", 8, 10)])
    assert [f.text for f in joined] == [text]
    joined = join_findings(text, [("phone", 2, 9), ("IBAN", 0, 4)])
    assert [(f.kind, f.text) for f in joined] == [("IBAN", text[:9])]
    assert len(join_findings(text, [("url", 0, 3), ("phone", 3, 6)])) == 2


@pytest.mark.parametrize(
    ("language", "home"),
    [
        ("hi", "IN"),
        ("ta", "IN"),
        ("ne", "NP"),
        ("tl", "PH"),
        ("am", "ET"),
        ("en", "IN"),
        ("pa", "IN"),
    ],
)
def test_every_language_has_a_home(language: str, home: str) -> None:
    assert home in home_regions(language)


def test_nothing_is_at_home_in_no_language() -> None:
    assert home_regions("xx") == ()


@pytest.mark.parametrize(
    "text", ["０９０－（１）　", "٠۱२๓ −–—‐", "aé日ー1ー2\u00a0\u2009ﬁ½㍿", "", "𝟗🙂"]
)
def test_a_folded_text_is_as_long_as_it_was(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_folding_leaves_words_alone() -> None:
    assert fold("東京タワー、ｶﾞｽ ½ ﬁn") == "東京タワー、ｶﾞｽ ½ ﬁn"
    assert fold("１－２（３）４ー５＠６") == "1-2(3)4-5@6"


WORST = [
    "a",
    "a@",
    "a.",
    "a-",
    "1 ",
    "A1",
    "1-",
    "a://",
    "a.b/",
    "/reset/",
    "?key=",
    "DE02 ",
    "(at) ",
]
FINDERS: list[Callable[[str], object]] = [
    lambda text: list(find_links(text)),
    lambda text: list(find_emails(text)),
    lambda text: list(find_ibans(text)),
    lambda text: list(find_cards(text)),
    lambda text: list(find_identifiers(text)),
    lambda text: list(find_phones(text, ("DE",))),
    lambda text: list(find_bare_phones(text, ("DE",))),
]


@pytest.mark.parametrize(
    "piece", [*WORST, "山", "ไ", "山@", "a..", "eyJ", "Bearer 1", "0123456789 ", "@a."]
)
def test_no_pattern_is_quadratic(piece: str) -> None:
    for find in FINDERS:
        short, long = (_seconds(find, (piece * 20_000)[:length]) for length in (5_000, 20_000))
        # Four times the text: four times the time, sixteen if it were quadratic.
        assert long < 8 * short + 0.02, (piece, short, long)


def _seconds(find: Callable[[str], object], text: str) -> float:
    def once() -> float:
        start = time.process_time()
        find(text)
        return time.process_time() - start

    return min(once() for _ in range(3))
