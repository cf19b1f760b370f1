"""The text of bytes whose encoding a mail names, as mail programs mean it.

Many write the name of a standard and use characters that only a vendor's extension has.
"""

from __future__ import annotations

import re

MEANT = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "big5": "cp950",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso-8859-8",
    "tis-620": "cp874",
    "iso-2022-jp": "iso2022_jp_ext",
}
"""What is tried for the name in a mail; other names mean themselves."""
_THEN = ("utf-8", "cp1252")
_JAPANESE = "iso2022_jp_ext"
_ESCAPE = re.compile(rb"\x1b(\$[@B]|\([BIJ])")
_KANJI = (b"$@", b"$B")


def decode(raw: bytes, charset: str) -> str:
    """Return the text: by the encoding that is named, else UTF-8, else Windows-1252."""
    named = MEANT.get(charset.strip().lower(), charset)
    for name in (named, *_THEN):
        try:
            return raw.decode(name)
        except (LookupError, ValueError):
            if name == _JAPANESE and _ESCAPE.search(raw):
                return _decode_japanese(raw)
    return raw.decode("utf-8", "replace")


def _decode_japanese(raw: bytes) -> str:
    """Return the text of ISO-2022-JP with characters of NEC and IBM, such as ① and ㈱."""
    parts = _ESCAPE.split(b"\x1b(B" + raw)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return "".join(
        _shift(part).decode("cp932", "replace")
        if mode in _KANJI
        else part.decode("cp932", "replace")
        for mode, part in pairs
    )


def _shift(part: bytes) -> bytes:
    """Return pairs of bytes of JIS X 0208 as Shift-JIS."""
    made = bytearray()
    for high, low in zip(part[::2], part[1::2], strict=False):
        row = (high - 0x21) // 2 + 0x81
        made.append(row if row <= 0x9F else row + 0x40)
        odd = high % 2
        made.append(low + (0x1F if low < 0x60 else 0x20) if odd else low + 0x7E)
    return bytes(made)
