from __future__ import annotations

import pytest
from pydantic import ValidationError

from pinchtune.config import Config, load_config
from pinchtune.errors import ConfigError


def write(tmp_path, text=""):
    (tmp_path / "pinch.toml").write_text(text, "utf-8")
    return tmp_path


def test_empty_file_is_all_defaults(tmp_path):
    assert load_config(write(tmp_path)) == Config()


def test_overrides_win_and_keep_their_types(tmp_path):
    folder = write(tmp_path, "[mix]\ndose = 8\n")
    config = load_config(
        folder, ["mix.dose=4", "train.learning_rate=1e-3", "languages.tuned=['fr']", "name=a b"]
    )
    assert config.mix.dose == 4
    assert config.train.learning_rate == 1e-3
    assert config.languages.tuned == ("fr",)
    assert config.name == "a b"


def test_it_is_frozen(tmp_path):
    with pytest.raises(ValidationError, match="frozen"):
        load_config(write(tmp_path)).mix.dose = 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[mix]\ndos = 3", "unknown key 'mix.dos'; did you mean 'dose'?"),
        ("[tarin]\n", "unknown key 'tarin'; did you mean 'train'?"),
        ("[mix]\nzzzz = 3", "unknown key 'mix.zzzz'; remove it"),
        ("[mix]\ndose = -1", "mix.dose: expected a number greater than or equal to 0, found -1"),
        ("[train]\nepochs = 'two'", "train.epochs: expected a whole number, found 'two'"),
        ("[languages]\ntuned = ['xx']", "unknown language 'xx'; use one of"),
        ("[languages]\ntuned = ['fr', 'fr']\nunseen = []", "tuned names a language twice"),
        ("[languages]\ntuned = ['zh']", "zh is both tuned and unseen; remove it from one list"),
        ("[languages]\ntuned = ['en']", "en is always evaluated; remove it"),
        ("[languages]\ntuned = []", "languages: tuned is empty; name at least one language"),
        ("name = ", "is not valid TOML"),
    ],
)
def test_faults_name_file_and_key(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert str(caught.value).startswith(str(tmp_path / "pinch.toml"))
    assert message in str(caught.value)


@pytest.mark.parametrize("override", ["dose", "=3", "mix.dose.deep=3"])
def test_bad_overrides(tmp_path, override):
    with pytest.raises(ConfigError, match="--set"):
        load_config(write(tmp_path, "[mix]\ndose = 3"), [override])
