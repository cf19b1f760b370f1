"""What the tests of the report share: a made-up run, and a small one."""

import pytest
from made_up_runs import make_data, make_small


@pytest.fixture(scope="session")
def data():
    return make_data()


@pytest.fixture(scope="session")
def small():
    return make_small()
