"""Count the personal data that is found, and the clean rows that are touched.

    python -m bench.personal [ROWS.jsonl …]

Two hundred invented items (telephone numbers, addresses of mail, payment cards, accounts, tax and
identity numbers, links with tokens) in the formats of twelve languages are planted into a text of
the language each: a sentence, or for every third item a word or two. An item counts as found if the
whole of it is. ROWS are real rows (instruction, response) without personal data, as far as one
knows: the share of them in which something is found is printed, with each finding to look at.
Nothing is told which language a text is in: it is identified as `pinch mine` does.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from pinchtune.data.personal import PersonalFinding
from pinchtune.mining.listening import Listener
from pinchtune.mining.private import find_private

SEED, ITEMS = 1, 200
CARRIERS = {
    "ar": ("أرجو الرد على {} قبل مساء الغد.", "SA", "مستخدم@شركة.السعودية"),
    "cs": ("Odpovězte mi prosím na {} do pátku.", "CZ", "jana.novakova@posta.cz"),
    "de": ("Bitte notieren Sie {} für die Rücksendung.", "DE", "k.mueller-lange@firma.de"),
    "en": ("Please put {} on file for the repair.", "GB", "sam.o.reilly+pump@mail.co.uk"),
    "es": ("Apunte {} para la devolución, por favor.", "ES", "lucia_perez@correo.es"),
    "fr": ("Veuillez noter {} pour le dépannage.", "FR", "helene.dubois@courrier.fr"),
    "hi": ("कृपया मरम्मत के लिए {} लिख लें।", "IN", "राम@डाक.भारत"),
    "it": ("Annoti {} per la consegna, grazie.", "IT", "g.rossi@posta.it"),
    "ja": ("修理の件は{}までお願いします。", "JP", "taro.yamada@kaisha.co.jp"),
    "pt": ("Anote {} para a entrega, por favor.", "BR", "joao.silva@correio.com.br"),
    "ru": ("Запишите, пожалуйста, {} для доставки.", "RU", "иван.петров@почта.рф"),
    "zh": ("维修请联系{}，谢谢。", "CN", "wang.xiaoming@gongsi.cn"),
}
"""A sentence that holds the item, the country, an invented address of mail."""
SHORT = {
    "ar": "هذا {}", "cs": "Tady je {}", "de": "Hier: {}", "en": "it's {}", "es": "es el {}",
    "fr": "voici {}", "hi": "यह {}", "it": "ecco {}", "ja": "{}です", "pt": "é {}", "ru": "вот {}",
    "zh": "这是{}",
}  # fmt: skip
"""A text too short to tell its language from."""
SHORT_EVERY = 3
IDENTITY = {
    "cs": ("cz.rc", "rodné číslo {}", ("710319/2745", "736028/5163")),
    "de": ("de.idnr", "Steuer-ID {}", ("36 574 261 809", "65929970489")),
    "en": ("us.ssn", "SSN {}", ("536-90-4399", "219-09-9998")),
    "es": ("es.dni", "{}", ("54362315K", "12345678-Z")),
    "fr": ("fr.nir", "{}", ("2 95 10 99 126 111 93", "253072B07300470")),
    "hi": ("in_.aadhaar", "आधार {}", ("2341 2341 2346",)),
    "it": ("it.codicefiscale", "{}", ("RCCMNL83S18D969H", "RSSMRA85T10A562S")),
    "ja": ("jp.in_", "マイナンバー{}", ("6214 9832 0257", "621498320257")),
    "pt": ("br.cpf", "CPF {}", ("529.982.247-25", "390.533.447-05")),
    "ru": ("ru.inn", "ИНН {}", ("500100732259", "7707083893")),
    "zh": ("cn.ric", "身份证号{}", ("11010519491231002X", "440308199901101512")),
}
"""A kind, how it is announced, and published specimens; each is checked before it is planted."""
ACCOUNTS = ("DE", "FR", "ES", "IT", "GB", "CZ", "SA", "PT")
WAYS = ("national", "international", "plain")


class Item(NamedTuple):
    """One planted item."""

    language: str
    kind: str
    text: str
    sentence: str
    short: bool = False


def plant(rng: random.Random) -> list[Item]:
    """Return the items, the languages in turn, each language its kinds in turn."""
    makers = [_make(language, rng) for language in CARRIERS]
    return [next(makers[number % len(makers)]) for number in range(ITEMS)]


def _make(language: str, rng: random.Random) -> Iterator[Item]:
    carrier, region, mail = CARRIERS[language]
    number = 0
    while True:
        found = [
            ("phone", "{}", phone(region, WAYS[number % len(WAYS)], rng)),
            ("e-mail", "{}", mail),
            ("card", "{}", card(rng)),
            ("IBAN", "{}", account(ACCOUNTS[number % len(ACCOUNTS)], rng)),
            ("phone", "{}", phone(region, WAYS[(number + 1) % len(WAYS)], rng)),
            ("url", "{}", f"https://portal.firm.io/r?id={number}&token={rng.getrandbits(64):x}"),
        ]
        if language in IDENTITY:
            module, announced, specimens = IDENTITY[language]
            specimen = specimens[number % len(specimens)]
            assert import_module(f"stdnum.{module}").is_valid(specimen), specimen
            found.append(("identifier", announced, specimen))
        for place, (kind, announced, text) in enumerate(found):
            short = (number + place) % SHORT_EVERY == 0
            around = SHORT[language] if short else carrier
            yield Item(language, kind, text, around.format(announced.format(text)), short)
        number += 1


def phone(region: str, way: str, rng: random.Random) -> str:
    """Return a number that could be given out in the region, as people write it."""
    import phonenumbers as p

    kind = rng.choice((p.PhoneNumberType.MOBILE, p.PhoneNumberType.FIXED_LINE))
    model = p.example_number_for_type(region, kind)
    assert model is not None
    example = p.national_significant_number(model)
    while True:
        digits = example[:3] + "".join(str(rng.randrange(10)) for _ in example[3:])
        number = p.parse(digits, region)
        if p.is_valid_number(number):
            break
    if way == "international":
        return str(p.format_number(number, p.PhoneNumberFormat.INTERNATIONAL))
    national = str(p.format_number(number, p.PhoneNumberFormat.NATIONAL))
    return national if way == "national" else "".join(c for c in national if c.isdecimal())


def card(rng: random.Random) -> str:
    """Return an invented card number in groups, or none."""
    from stdnum import luhn

    digits = rng.choice(("4", "51", "55")) + "".join(str(rng.randrange(10)) for _ in range(14))
    digits = digits[:15]
    digits += luhn.calc_check_digit(digits)
    mark = rng.choice((" ", "-", ""))
    return mark.join(digits[i : i + 4] for i in range(0, 16, 4))


def account(country: str, rng: random.Random) -> str:
    """Return an invented account number of a country's form."""
    from stdnum import iban

    while True:
        length, letters = {
            "DE": (18, ""), "FR": (23, ""), "ES": (20, ""), "IT": (22, "X"), "GB": (14, "WEST"),
            "CZ": (20, ""), "SA": (20, ""), "PT": (21, ""),
        }[country]  # fmt: skip
        rest = letters + "".join(str(rng.randrange(10)) for _ in range(length))
        number = f"{country}{iban.calc_check_digits(f'{country}00{rest}')}{rest}"
        if iban.is_valid(number):
            return rng.choice((number, iban.format(number)))


def is_whole(item: Item, found: list[PersonalFinding]) -> bool:
    """Return True if no character of the item is left."""
    start = item.sentence.index(item.text)
    left = set(range(start, start + len(item.text)))
    return left <= {place for finding in found for place in range(finding.start, finding.end)}


def main(files: list[str]) -> int:
    """Print recall by kind, language and length, then what is found in the clean rows."""
    listener = Listener()
    items = plant(random.Random(SEED))
    missed = [item for item in items if not is_whole(item, _search(item.sentence, listener))]
    print(f"found {len(items) - len(missed)} of {len(items)}")
    for name in ("kind", "language", "short"):
        total = Counter(getattr(item, name) for item in items)
        lost = Counter(getattr(item, name) for item in missed)
        print(f"  by {name}: " + ", ".join(f"{k} {n - lost[k]}/{n}" for k, n in total.items()))
    for item in missed:
        print(f"  missed: {item.language} {item.kind} {item.text}")
    for name in files:
        _count_clean(Path(name), listener)
    return 0


def _search(text: str, listener: Listener) -> list[PersonalFinding]:
    return find_private(text, listener.language(text))


def _count_clean(path: Path, listener: Listener) -> None:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    touched = 0
    for row in rows:
        texts = (row["instruction"], row.get("response") or "")
        found = [finding for text in texts for finding in _search(text, listener)]
        touched += bool(found)
        for finding in found:
            print(f"    {row['id']} {finding.kind}: {finding.text}")
    print(f"{path.name}: {touched} of {len(rows)} rows touched ({touched / len(rows):.2%})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
