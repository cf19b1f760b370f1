from __future__ import annotations

from types import SimpleNamespace

from pinchtune.store import Settings
from pinchtune.web.choices import offered


def visit(*tuned: str):
    return SimpleNamespace(web=SimpleNamespace(languages=tuned))


def test_until_somebody_decides_the_tuned_languages_are_offered():
    assert offered(visit("es", "ja"), Settings(), {}) == ["es", "ja"]
    assert offered(visit("es", "ja"), Settings(), {"ja": {}, "it": {}}) == ["es", "ja", "it"]


def test_what_was_decided_is_offered_alone():
    assert offered(visit("es", "ja"), Settings(languages=("fr",)), {"ja": {}}) == ["fr"]


def test_there_is_always_a_language():
    assert offered(visit(), Settings(), {}) == ["en"]
