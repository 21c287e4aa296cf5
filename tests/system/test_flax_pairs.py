"""A model in Flax's code beside PyTorch's: paired without a map, and planted faults are found.

A sample of the corpus; `make ports ARGS="--sides pytorch jax"` takes all of it.
"""

import pytest
from twinrun.contract.data_dir import BLOBS

from tests.builders.ports import FAULTS, PORTS
from tests.documents import ROOT
from tests.pairs import corpus
from tests.pairs.engine import Sides

if not (ROOT / ".venv-jax").exists():
    pytest.skip("JAX has no environment here", allow_module_level=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data directory, which is also that of the processes that write blobs."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("data")
        (path / BLOBS).mkdir()
        patch.setenv("TWINRUN_DATA_DIR", str(path))
        yield path


@pytest.fixture(scope="module")
def sides(data, tmp_path_factory):
    with Sides(tmp_path_factory.mktemp("jobs"), data, ("pytorch", "jax")) as sides:
        yield sides


@pytest.mark.parametrize("name", ["dropouts", "text_lstm"])
def test_a_pair_is_paired_without_a_map_and_has_the_same_losses(sides, data, name):
    (port,) = [port for port in PORTS if port.name == name]
    pair = corpus.trained(port, sides, data, epochs=2)  # 12 steps of Adam
    assert not pair.told
    assert pair.gap < 1e-11


PLANTED = (
    ("lenet_chw", "flatten_order"),
    ("mlp", "missing_activation"),
    ("mlp", "missing_bias"),
    ("text_lstm", "dropout_rate"),
)


@pytest.mark.parametrize("wanted", PLANTED, ids="-".join)
def test_a_planted_fault_is_located_and_named(sides, data, wanted):
    (fault,) = [
        fault for fault in FAULTS if fault.side == "jax" and (fault.pair, fault.cause) == wanted
    ]
    found = corpus.found(fault, sides, data)
    assert found.located, found
    assert found.named, found
