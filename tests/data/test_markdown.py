from __future__ import annotations

from collections import Counter

import pytest

from pinchtune.data.markdown import bullets, one_line, plain, table


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (" a\n b\t c ", "a b c"),
        ("x\u202egnp.exe\u202c", "xgnp.exe"),
        ("\x1b[31mred", "[31mred"),
        ("نام\u200cها", "نام\u200cها"),
        ("👩\u200d🔧 青い", "👩\u200d🔧 青い"),
    ],
)
def test_one_line_keeps_what_letters_need(text, line):
    assert one_line(text) == line


def test_no_mark_up_of_people_works():
    assert plain("<b>*x*</b> | [y](z) #1 \\") == ("\\<b\\>\\*x\\*\\</b\\> \\| \\[y\\](z) \\#1 \\\\")


def test_tables_and_lists():
    assert table([["a", "b"], ["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert bullets(Counter({"x": 1, "y": 2})) == "- y: 2\n- x: 1"
