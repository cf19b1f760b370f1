import pytest

from pinchtune.evaluation.families import family, same_family


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gemma-3-27b-it", "gemma-3-270m"),
        ("gemini-2.5-flash", "google/gemma-3-270m"),
        ("openai/gpt-4o-mini", "gpt-oss-20b"),
        ("o3-mini", "openai/gpt-oss-120b"),
        ("Qwen/QwQ-32B", "Qwen2.5-0.5B"),
        ("Meta-Llama-3.1-70B-Instruct", "/data/models/llama-3.2-1b"),
        ("acme-large", "acme/acme-7b"),
        ("smollm2-1.7b", "smollm2-135m"),
    ],
)
def test_one_family(one, other):
    assert same_family(one, other) and same_family(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gpt-4o", "gemma-3-270m"),
        ("claude-sonnet-4", "gpt-4o"),
        ("llama-3.1-70b", "/home/gemma/models/qwen2.5-0.5b"),
        ("phi-4", "delphi-1"),
        ("1234", "5678"),
        ("", ""),
    ],
)
def test_two_families(one, other):
    assert not same_family(one, other)


def test_a_name_without_words_has_no_family():
    assert family("/7/42/") == frozenset()
