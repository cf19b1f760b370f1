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


def reopen(replies: Replies) -> Replies:
    replies.close()
    return Replies(replies.path)


def test_what_was_stored_is_there_again(path):
    replies = Replies(path)
    assert "k" not in replies and replies.get("k") is None
    replies.add("k", REPLY)
    replies.add("l", REPLY._replace(text=""))
    again = reopen(replies)
    assert again.get("k") == REPLY
    assert again.get("l") == Reply("", True, 7, 3)
    again.close()


def test_it_is_on_the_disk_before_anybody_reads_it(path, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda f: (synced.append(path.read_bytes()), fsync(f)))
    replies = Replies(path)
    replies.add("k", REPLY)
    assert synced[0].endswith(b"}\n")
    replies.close()


@given(st.integers(0, 200))
def test_a_torn_last_line_costs_that_line_only(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("torn") / "replies.jsonl"
    replies = Replies(path)
    replies.add("a", REPLY)
    whole = path.read_bytes()
    replies.add("b", REPLY)
    replies.close()
    line = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + line[: min(cut, len(line) - 1)])
    again = Replies(path)
    assert ("a" in again, "b" in again) == (True, False)
    assert path.read_bytes() == whole
    again.add("b", REPLY)
    last = reopen(again)
    assert last.get("b") == REPLY
    last.close()


@pytest.mark.parametrize("line", ["{}", "no", "[]", '{"key": "k"}', '{"key": "k", "odd": 1}'])
def test_a_damaged_line_is_named(path, line):
    path.parent.mkdir()
    path.write_text(f"\n{line}\n".lstrip("\n"))
    with pytest.raises(DataError, match=r"replies\.jsonl:1: is no stored reply; remove the line"):
        Replies(path)


def test_a_full_disk_glues_nothing_to_half_a_line(path, monkeypatch):
    replies = Replies(path)
    replies.add("a", REPLY)

    def full(handle):
        os.ftruncate(handle, os.fstat(handle).st_size - 3)
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match="the disk is full"):
            replies.add("b", REPLY)
    with pytest.raises(RunError, match="cannot be written; run the command again"):
        replies.add("c", REPLY)
    again = reopen(replies)
    assert ["a" in again, "b" in again, "c" in again] == [True, False, False]
    again.close()


def test_two_runs_at_once_are_one_too_many(path):
    first = Replies(path)
    with pytest.raises(RunError, match="another evaluation is asking the judge; wait for it"):
        Replies(path)
    reopen(first).close()


def test_many_threads_write_whole_lines(path):
    replies = Replies(path)

    def work(n):
        for k in range(25):
            replies.add(f"{n}-{k}", REPLY._replace(text=str(n) * 999))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = reopen(replies)
    assert all(again.get(f"{n}-{k}").text == str(n) * 999 for n in range(8) for k in range(25))
    again.close()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "judge").write_text("a file")
    with pytest.raises(RunError, match="a file stands where a folder should be"):
        Replies(tmp_path / "judge/replies.jsonl")
