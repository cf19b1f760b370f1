"""Links that open something for whoever holds them, and keys to programs.

All functions want a folded text (`pinchtune.data.folding`).
"""

from __future__ import annotations

from collections.abc import Iterator

from pinchtune.patterns import compile_pattern

_REST = r"[^\s<>\"「」『』、。]"
_HOST = r"(?:[a-z0-9\-]{1,63}\.){1,8}[a-z]{2,24}(?::\d{1,5})?"
_LINK = (
    rf"(?<![a-z0-9+.\-])(?:[a-z][a-z0-9+.\-]*+://{_REST}++"
    rf"|(?<![@/]){_HOST}[/?#]{_REST}++)"
)
_USER = r"://[^\s/@:]{1,200}:[^\s/@]{1,200}@"
_PARAMETER = r"(?<=[?&#;])([^\s?&#;=]{1,80})=([^\s&#]{4,})"
_SAYS_SECRET = (
    r"token(?!s|iz)|secret|signature|passw|passphrase|credential|api_?key|access_?key|jwt"
    r"|sess_?id|session_?id|session(?!s)"
)
"""What makes a parameter a secret wherever it stands in the name."""
_SECRET_PARTS = frozenset(
    ("key", "sig", "auth", "code", "otp", "sess", "pass", "passwd", "pwd", "sid", "pin")
)
"""What does so only as a part of its own: `x-auth`, but no `author`."""
_LONG_VALUE = 6
_WAY_IN = (
    r"/(?:[a-z\-_]*(?:reset|verif|confirm|activat|invit|magic|log-?in|sign-?in|password|token|auth"
    r"|unsubscribe|session)[a-z\-_]*)/(?:[^\s/?#]{1,80}/)?"
    r"(?:[0-9a-f]{16,}|(?=[^\s/?#]{0,80}\d)[a-z0-9_\-]{20,})"
)
_TELEPHONE = r"(?:wa\.me/|whatsapp\.com/send/?\?phone=|^t\.me/)\+?\d{7,15}"
_KEY = (
    r"(?<![A-Za-z0-9_\-])(?:"
    r"eyJ[\w\-]{10,}+(?:\.[\w\-]{4,}+){1,2}+"
    r"|[sr]k[-_](?:proj|live|test|ant|or|svcacct)[-_][\w\-]{12,}+"
    r"|sk-(?=[A-Za-z]{0,40}\d)[A-Za-z0-9]{20,}+"
    r"|gh[opsur]_[A-Za-z0-9]{20,}+|github_pat_\w{20,}+|glpat-[\w\-]{16,}+|hf_[A-Za-z0-9]{20,}+"
    r"|xox[abprs]-[\w\-]{10,}+|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w\-]{20,}+"
    r"|(?i:bearer) (?=[\w.~+/\-]{0,40}\d)[\w.~+/\-]{16,}+=*"
    r")"
)
"""How the keys of well-known services begin; a bearer's key is the word after it."""


def find_links(text: str) -> Iterator[tuple[int, int]]:
    """Yield where links with a secret and keys stand; the same place may come twice."""
    if "." in text or "://" in text:
        for match in compile_pattern(_LINK, ignore_case=True).finditer(text):
            if _opens_something(match[0]):
                yield match.span()
    for match in compile_pattern(_KEY).finditer(text):
        yield match.span()


def _opens_something(link: str) -> bool:
    if compile_pattern(_USER).search(link):
        return True
    found = compile_pattern(_PARAMETER).finditer(link)
    return any(_is_secret(match[1], match[2]) for match in found) or any(
        compile_pattern(pattern, ignore_case=True).search(link) for pattern in (_WAY_IN, _TELEPHONE)
    )


def _is_secret(name: str, value: str) -> bool:
    """Return True if a parameter is named as a secret and its value could be one."""
    if len(value) < _LONG_VALUE:
        return False
    if compile_pattern(_SAYS_SECRET, ignore_case=True).search(name):
        return True
    words = compile_pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])").findall(_unescape(name))
    named = not _SECRET_PARTS.isdisjoint(word.lower() for word in words)
    return named and bool(compile_pattern(r"\d").search(value))


def _unescape(name: str) -> str:
    """Return a parameter's name without its escaped signs: `user%5Bauth%5D`."""
    plain: str = compile_pattern(r"%[0-9A-Fa-f]{2}").sub("-", name)
    return plain
