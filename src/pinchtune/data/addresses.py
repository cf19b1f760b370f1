"""Addresses of mail, in any script.

All functions want a folded text (`pinchtune.data.folding`).
"""

from __future__ import annotations

from collections.abc import Iterator

from pinchtune.patterns import compile_pattern

_DENSE = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# Scripts that set no spaces, and Korean with its endings, are apart: the words before or after an
# address would belong to it.
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{Nd}}]--[{_DENSE}]]"
_MARK = r"[._%+\-'’&]"  # noqa: RUF001
_LOCAL = rf"(?<!{_LETTER}|{_MARK})(?:{_LETTER}{_MARK}{{0,2}})*+(?<={_LETTER})"
_DENSE_LOCAL = rf"[[{_DENSE}]&&[\p{{L}}\p{{M}}]]{{1,24}}+"
_DENSE_ENDS = (
    "한국|삼성|닷컴|닷넷|ไทย|คอม|ລາວ|中国|中國|香港|台湾|台灣|新加坡|澳门|澳門|公司|网络|網絡|网址"
    "|在线|中文网|集团|商城|商店|我爱你|世界|みんな|セール|ファッション|ストア|コム|グーグル"
)
"""Ends of domains in those scripts, as they are registered."""
_END = rf"(?:(?:xn--[a-z0-9\-]{{2,60}}+)|[{_LETTER}--\p{{Nd}}]{{2,}})"
_DOMAIN = (
    rf"(?:(?:(?:{_LETTER}|-)++\.)+{_END}"
    rf"|(?:[[\p{{L}}\p{{M}}\p{{Nd}}]\-]{{1,63}}\.){{1,4}}(?:{_DENSE_ENDS}))"
)
_EMAIL = rf"(?:{_LOCAL}|{_DENSE_LOCAL})@{_DOMAIN}"
_AT = r" ?[(\[{<] ?(?:at|@|arroba|ät|chez|собака) ?[)\]}>] ?"
_DOT = r"(?:\.| ?[(\[{<] ?(?:dot|\.|punkt|punto|ponto|point|bod|kropka|nokta|точка) ?[)\]}>] ?)"
_SPELT = (
    r"(?<![a-z0-9._%+\-])[a-z0-9](?:[._%+\-]?[a-z0-9]){0,63}+"
    rf"{_AT}(?:[a-z0-9\-]{{1,63}}+{_DOT}){{1,4}}[a-z]{{2,24}}(?![a-z0-9])"
)
"""An address written so that programs do not see it: john (at) firma [dot] de."""
_PLACEHOLDER = r"[@.](?:example\.(?:com|org|net)|example|test|invalid|localhost)$"


def find_emails(text: str) -> Iterator[tuple[int, int]]:
    """Yield where addresses of mail stand, those of examples left out."""
    for match in compile_pattern(_EMAIL).finditer(text) if "@" in text else ():
        if not compile_pattern(_PLACEHOLDER, ignore_case=True).search(match[0]):
            yield match.span()
    for match in compile_pattern(_SPELT, ignore_case=True).finditer(text):
        yield match.span()
