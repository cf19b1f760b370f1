"""Mails as mail programs write them, and pages as nobody should."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from pinchtune.mining.clean import clean
from pinchtune.mining.mail import MAX_MAIL_BYTES, parse, read_mbox
from pinchtune.mining.markup import strip_tags
from pinchtune.mining.readers import read_log

NEC = b"\x1b$B-!HV$N-jEl5~\x1b(B OK"
"""ISO-2022-JP with characters of NEC, which no codec of Python reads."""


def text(body: bytes, charset: str = "", head: bytes = b"") -> str:
    named = f"; charset={charset}" if charset else ""
    head += f"Content-Type: text/plain{named}\n\n".encode()
    cell = parse(head + body, 1)
    assert not cell.fault
    return str(cell.value)


@pytest.mark.parametrize(
    ("charset", "body", "said"),
    [
        ("Shift_JIS", "①番の㈱テスト".encode("cp932"), "①番の㈱テスト"),
        ("ISO-2022-JP", "番号は".encode("iso2022_jp"), "番号は"),
        ("ISO-2022-JP", NEC, "①番の㈱東京 OK"),
        ("gb2312", "镕先生 喆".encode("gbk"), "镕先生 喆"),
        ("ks_c_5601-1987", "똠방각하".encode("cp949"), "똠방각하"),
        ("euc-kr", "똠방각하".encode("cp949"), "똠방각하"),
        ("iso-8859-1", "Where’s “it”".encode("cp1252"), "Where’s “it”"),
        ("us-ascii", "Päckchen".encode(), "Päckchen"),
        ("us-ascii", "Päckchen".encode("latin-1"), "Päckchen"),
        ("unknown-8bit", "Päckchen".encode("latin-1"), "Päckchen"),
        ("", "Päckchen".encode("latin-1"), "Päckchen"),
        ("", "Päckchen".encode(), "Päckchen"),
    ],
)
def test_the_encoding_is_what_was_meant(charset: str, body: bytes, said: str):
    assert text(body, charset) == said


def test_a_mail_file_with_a_byte_order_mark(tmp_path: Path):
    for name in ("a.eml", "a.mbox"):
        start = b"From x\n" if name == "a.mbox" else b""
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + start + b"Subject: x\n\nWhere is it?\n")
        assert [item.text for item in read_log(tmp_path / name)] == ["Where is it?\n"]


def test_who_wants_no_automatic_answer_is_no_machine():
    assert not parse(b"X-Auto-Response-Suppress: All\n\nWhere is it?", 1).automatic
    assert parse(b"X-Autoreply: yes\n\nI am away", 1).automatic


class Counting(io.BytesIO):
    most = 0

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        self.most = max(self.most, len(line))
        return line


def test_a_line_of_an_mbox_has_a_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pinchtune.mining.mail.MAX_LINE_BYTES", 100)
    body = b"a" * 250 + b"\n\nFrom here on\n"
    file = Counting(b"From x\n\n" + body + b"\nFrom y\n\nWhere?\n")
    cells = list(read_mbox(file))
    assert file.most == 100
    assert str(cells[0].value).strip() == "a" * 250
    assert [c.line for c in cells] == [1, 5, 7] and cells[-1].value == "Where?\n"


def test_a_mail_that_is_too_long_is_not_held(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pinchtune.mining.mail.MAX_MAIL_BYTES", 1000)
    long, short = read_mbox(io.BytesIO(b"From x\n\n" + b"abc\n" * 999 + b"\nFrom y\n\nWhere?\n"))
    assert "longer than" in long.fault and short.value == "Where?\n"
    assert MAX_MAIL_BYTES > 1000


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<p>Wo &amp; wann?</p><blockquote>alt</blockquote>", "Wo & wann?"),
        ("<blockquote>old</blockquote><p>My question</p>", "My question"),
        ("<p>Hello,</p><blockquote>Can you?</blockquote><p>Yes, how?</p>", "Hello,\n\nYes, how?"),
        ("<blockquote>a<blockquote>b</blockquote>c</blockquote>New<br>line", "New\nline"),
        ("<BLOCKQUOTE>all there is</BLOCKQUOTE>", "all there is"),
        ("New?<blockquote>never closed", "New?"),
        ("On 3 Jan 2022, Ann wrote:<br><blockquote>old</blockquote><p>It is X200.", "It is X200."),
        ("<style>p {}</style><script>x<y</SCRIPT ><!-- no -->Text", "Text"),
        ("x<5 and y>3, a<b", "x<5 and y>3, a<b"),
        ("<head><title>T</title></head>Body", "Body"),
    ],
)
def test_pages_become_text(page: str, said: str):
    assert clean(strip_tags(page)) == said


PIECES = [
    "<",
    "<!--",
    "<style ",
    "<style>",
    "</",
    "<a ",
    "<blockquote>",
    "</style ",
    "&",
    "&#",
    "<x>\n",
]


@pytest.mark.parametrize("piece", PIECES)
def test_no_page_takes_long(piece: str):
    def seconds(times: int) -> float:
        start = time.process_time()
        strip_tags(piece * times)
        return time.process_time() - start

    small = max(min(seconds(20_000) for _ in range(2)), 0.01)
    assert seconds(80_000) < 10 * small
