"""One contract for every framework: run it in each framework's environment."""

import importlib
from importlib.util import find_spec
from types import ModuleType

import pytest

from services.frameworks import FRAMEWORKS


@pytest.fixture(scope="session")
def name() -> str:
    """Return the framework of this environment."""
    installed = [name for name, framework in FRAMEWORKS.items() if find_spec(framework.requires)]
    if len(installed) != 1:
        pytest.fail(f"one of {sorted(FRAMEWORKS)} must be installed, but there are {installed}")
    return installed[0]


@pytest.fixture(scope="session")
def framework(name: str) -> ModuleType:
    """Return its module: `Trainer` and `environment`."""
    return importlib.import_module(FRAMEWORKS[name].module)
