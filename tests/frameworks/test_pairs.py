"""The corpus of pairs: this framework's half of each runs, and a fault makes it another model.

One fault of each cause; `make ports` takes all of them, of Flax's with ARGS="--sides pytorch jax".
"""

import functools
import importlib
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest

from services.frameworks import FRAMEWORKS
from tests.builders.ports import ALL_FILES, FAULTS, PORTS, Fault, Learned, Port, builder

SAMPLES = 6
HERE = next(name for name, framework in FRAMEWORKS.items() if find_spec(framework.requires))
if HERE not in ALL_FILES:
    pytest.skip("the corpus is not written for it", allow_module_level=True)
# XLA makes a program of each: some of them will do.
FEW = {"jax": ("mlp", "lenet_chw", "text_lstm")}.get(HERE, [port.name for port in PORTS])
WRITTEN_HERE = [port for port in PORTS if port.name in FEW]
PLANTED_HERE = {fault.cause: fault for fault in FAULTS if fault.side == HERE and fault.pair in FEW}


@pytest.fixture(scope="session")
def learned(name: str) -> Callable[[Port, str], Learned]:
    """Return what computes a pair's model in this framework, from its file's text."""
    module = importlib.import_module(f"tests.frameworks.ported.{name}")

    @functools.cache
    def computed(port: Port, text: str) -> Learned:
        return module.learned(port, builder(text), SAMPLES)

    return computed


@pytest.mark.parametrize("port", WRITTEN_HERE, ids=lambda port: port.name)
def test_each_model_is_built_and_learns(port, name, learned):
    found = learned(port, port.file(name).read_text())
    assert found.trained.shape == found.evaluated.shape == (SAMPLES, port.outputs)
    for each in (found.trained, found.evaluated, *found.gradients, *found.statistics):
        assert np.isfinite(each).all()
    assert any(each.any() for each in found.gradients)


@pytest.mark.parametrize(
    "fault", PLANTED_HERE.values(), ids=lambda fault: f"{fault.pair}-{fault.cause}-{fault.layer}"
)
def test_each_fault_makes_another_model(fault: Fault, name, learned):
    clean = learned(fault.port, fault.port.file(name).read_text())
    faulty = learned(fault.port, fault.changed())
    assert not clean.same(faulty)
    place, _, function = fault.layer.partition("#")
    path = place.rpartition(".")[0] if function else place
    assert path in clean.paths | faulty.paths


def test_the_same_model_is_not_taken_for_another(name, learned):
    port = next(port for port in PORTS if port.name == "dropouts")
    text = port.file(name).read_text()
    assert learned(port, text).same(learned(port, f"{text}\n"))
