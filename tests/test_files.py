from __future__ import annotations

import errno
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune import files
from pinchtune.errors import DataError, RunError
from pinchtune.files import RunFolder, atomic_write, read_jsonl, write_json, write_jsonl, write_text


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(KeyError), atomic_write(path) as file:
        file.write("new")
        raise KeyError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"a\.txt: the disk is full; free some space"):
        write_text(tmp_path / "a.txt", "x")
    assert os.listdir(tmp_path) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES)))
def test_json_lines_come_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("jsonl") / "rows.jsonl"
    assert write_jsonl(path, rows) == len(rows)
    assert [row for _, row in read_jsonl(path)] == json.loads(json.dumps(rows))


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b'{"a": 1}\n{"a": \n', 2, "is not valid JSON"),
        (b'{"a": 1}\n[1]\n', 2, "holds a list where an object"),
        (b"{}\n\n\n3\n", 4, "holds a number where an object"),
        (b"\x00\x01\n", 1, "holds binary data"),
        (b'{"a": "\xe9"}\n', 1, "is not UTF-8"),
        (b"[" * 100_000, 1, "nested too deeply"),
    ],
)
def test_bad_lines_name_file_and_line(tmp_path, content, line, message):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        list(read_jsonl(path))
    assert (caught.value.path, caught.value.line) == (path, line)


def test_very_long_line_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 2**20)
    path = tmp_path / "long.jsonl"
    path.write_bytes(b'{"a": 1}\n"' + b"x" * (2**20 + 5) + b'"\n')
    with pytest.raises(DataError, match="is longer than 1 MB; split the file by lines"):
        list(read_jsonl(path))


class TestRunFolder:
    def test_complete_only_with_manifest_key_and_files(self, tmp_path):
        run = RunFolder(tmp_path / "run", "key")
        assert not run.complete()
        run.start()
        write_json(run.path / "a.json", 1)
        assert not run.complete()
        run.finish({"rows": 1})
        assert run.complete()
        assert run.manifest()["rows"] == 1
        assert not RunFolder(run.path, "other").complete()
        write_json(run.path / "a.json", 2)
        assert not run.complete()

    def test_start_keeps_partial_work_of_the_same_key_only(self, tmp_path):
        run = RunFolder(tmp_path / "run", "key")
        run.start()
        write_text(run.path / "partial", "work")
        RunFolder(run.path, "key").start()
        assert (run.path / "partial").exists()
        RunFolder(run.path, "other").start()
        assert not (run.path / "partial").exists()

    def test_what_a_killed_process_was_writing_is_removed(self, tmp_path):
        run = RunFolder(tmp_path / "run", "key")
        run.start()
        (run.path / f".a.json.x1{files.UNFINISHED}").write_text("half")
        run.start()
        assert run.finish({})["files"] == {}

    def test_timings_are_no_part_of_what_was_made(self, tmp_path):
        run = RunFolder(tmp_path / "run", "key")
        run.start()
        write_json(run.path / "timings.json", {"seconds": 1})
        assert run.finish({})["files"] == {}
