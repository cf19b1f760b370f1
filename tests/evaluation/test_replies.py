"""Paid replies survive what happens to files."""

from __future__ import annotations

import errno
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.errors import DataError, RunError
from pinchtune.evaluation.replies import Replies
from pinchtune.model.endpoint import Reply

REPLY = Reply("日本 \ud800 \x00 \u2028\n", True, 7, 3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "judge/replies.jsonl"


def add(path, *keys: str, reply: Reply = REPLY) -> None:
    with Replies(path) as replies:
        for key in keys:
            replies.add(key, reply)


def kept(path, keys: str = "abc") -> str:
    with Replies(path) as replies:
        return "".join(key for key in keys if key in replies)


def test_what_was_stored_is_there_again(path):
    add(path, "a")
    add(path, "b", reply=REPLY._replace(text=""))
    with Replies(path) as replies:
        assert replies.get("a") == REPLY
        assert replies.get("b") == Reply("", True, 7, 3)
        assert "c" not in replies and replies.get("c") is None


def test_it_is_on_the_disk_before_anybody_reads_it(path, monkeypatch):
    synced, fsync = [], os.fsync
    with Replies(path) as replies:
        monkeypatch.setattr(
            os, "fsync", lambda f: (synced.append((path.read_bytes(), "a" in replies)), fsync(f))
        )
        replies.add("a", REPLY)
        ((data, known),) = synced
        assert data.endswith(b"}\n") and not known
        assert "a" in replies


@given(st.integers(0, 200))
def test_a_torn_last_line_costs_that_line_only(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("torn") / "replies.jsonl"
    add(path, "a")
    whole = path.read_bytes()
    add(path, "b")
    line = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + line[: min(cut, len(line) - 1)])
    assert kept(path) == "a"
    assert path.read_bytes() == whole
    add(path, "b")
    assert kept(path) == "ab"


def test_looking_changes_nothing(path):
    assert "a" not in Replies(path)
    assert not path.parent.exists()
    add(path, "a")
    torn = path.read_bytes() + b'{"key": "b", "te'
    path.write_bytes(torn)
    with Replies(path):
        pass
    path.write_bytes(torn)
    replies = Replies(path)
    assert "a" in replies and "b" not in replies
    assert path.read_bytes() == torn


@pytest.mark.parametrize(
    "line", [b"{}", b"no", b"[]", b'{"key": "k"}', b'{"key": "k", "odd": 1}', b"\xff"]
)
def test_a_damaged_line_is_named(path, line):
    add(path, "a")
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(DataError, match=r"replies\.jsonl:2: is no stored reply; remove the line"):
        Replies(path)


def test_a_full_disk_glues_nothing_to_half_a_line(path, monkeypatch):
    def full(handle):
        os.ftruncate(handle, os.fstat(handle).st_size - 3)
        raise OSError(errno.ENOSPC, "full")

    with Replies(path) as replies:
        replies.add("a", REPLY)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(RunError, match="the disk is full"):
                replies.add("b", REPLY)
        with pytest.raises(RunError, match="cannot be written; run the command again"):
            replies.add("c", REPLY)
    assert kept(path) == "a"


def test_two_runs_at_once_are_one_too_many(path):
    with Replies(path) as replies:
        with pytest.raises(RunError, match="another evaluation is asking the judge; wait for it"):
            add(path, "b")
        replies.add("a", REPLY)
        assert "a" in Replies(path)
    assert kept(path) == "a"


def test_many_threads_write_whole_lines(path):
    def work(n):
        for k in range(25):
            replies.add(f"{n}-{k}", REPLY._replace(text=str(n) * 999))

    with Replies(path) as replies:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    again = Replies(path)
    assert all(again.get(f"{n}-{k}").text == str(n) * 999 for n in range(8) for k in range(25))


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "judge").write_text("a file")
    with pytest.raises(RunError, match="a file stands where a folder should be"):
        add(tmp_path / "judge/replies.jsonl", "a")
