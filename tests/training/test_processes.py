"""Who is alone, who is the main one, and what is refused before anybody waits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils import DistributedType
from accelerate.utils.launch import prepare_multi_gpu_env

from pinchtune.errors import UsageError
from pinchtune.training.processes import (
    SPLITS,
    UNSUPPORTED,
    Processes,
    count_processes,
    process_number,
)

LAUNCH = Path(__file__).parents[2] / "docs" / "launch"


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"):
        monkeypatch.delenv(name, raising=False)


def test_a_process_alone_agrees_with_itself():
    alone = Processes()
    assert (alone.count, alone.is_main, process_number()) == (1, True, 0)
    assert alone.agree("x") == "x"
    alone.check_same("x", "anything")
    alone.wait()
    with alone.main_first():
        pass


@pytest.mark.parametrize("prefix", ["", "OMPI_COMM_WORLD_"])
def test_launchers_say_how_many_there_are(monkeypatch, prefix):
    monkeypatch.setenv(f"{prefix or 'WORLD_'}SIZE", "4")
    monkeypatch.setenv(f"{prefix}RANK", "3")
    assert (count_processes(), process_number()) == (4, 3)


def test_a_variable_that_is_no_number_says_nothing(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "")
    assert count_processes() == 1


@pytest.mark.parametrize("variable, name", UNSUPPORTED.items())
def test_what_is_not_done_here_is_refused_before_anybody_waits(monkeypatch, variable, name):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv(variable, "true")
    with pytest.raises(UsageError, match=f"asks for {name}, which is not supported"):
        Processes()


def test_every_launch_file_is_one_of_the_installed_accelerate():
    found = {path.stem: load_config_from_file(str(path)) for path in LAUNCH.glob("*.yaml")}
    kinds = {"ddp": DistributedType.MULTI_GPU, "fsdp": DistributedType.FSDP}
    assert set(found) == {
        f"{kind}-{nodes}" for kind in kinds for nodes in ("one-node", "many-nodes")
    }
    for name, config in found.items():
        assert isinstance(config, ClusterConfig)
        assert config.distributed_type == kinds[name.partition("-")[0]]
        assert not any(value is True for value in config.fsdp_config.values())
        assert (config.num_machines > 1) == name.endswith("many-nodes")
        assert config.num_processes == 8 * config.num_machines
        assert bool(config.main_process_ip) == (config.num_machines > 1)
        # The number format is pinch.toml's to choose.
        assert config.mixed_precision == "no"


@pytest.mark.parametrize("path", sorted(LAUNCH.glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_asks_by_it_for_what_is_done_here(path, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    words = ["--config_file", str(path), "-m", "pinchtune.cli", "train"]
    args, *_ = _validate_launch_command(launch_command_parser().parse_args(words))
    asked = prepare_multi_gpu_env(args)
    assert asked.get(SPLITS, "false") == str(path.stem.startswith("fsdp")).lower()
    assert not [name for name in UNSUPPORTED if asked.get(name, "").lower() == "true"]
