"""What `pinch doctor` says of the libraries that are installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

from pinchtune.stages.doctor import libraries


def advice(**versions: str) -> dict[str, str]:
    def installed(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    return {fact.name: fact.advice for fact in libraries(installed)}


def test_a_library_older_than_asked_for_is_told_with_the_command():
    told = advice(transformers="5.17.0", torch="2.11.0+cu130")
    assert told["transformers"].endswith("pip install 'transformers>=5.20'")
    assert told["torch"] == ""


def test_a_missing_library_is_told_with_the_version_that_is_asked_for():
    assert advice(transformers="5.23.0")["peft"] == "pip install 'peft>=0.18'"
    assert advice(transformers="5.23.0")["transformers"] == ""


def test_what_is_installed_here_is_what_is_asked_for():
    assert not any(fact.advice for fact in libraries())
