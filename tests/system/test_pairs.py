"""Models in two frameworks' code are paired without a map, and planted faults are found.

A sample of the corpus; `make ports` takes all of it.
"""

import pytest
from twinrun.contract.data_dir import BLOBS

from tests.builders.ports import FAULTS, PORTS
from tests.pairs import corpus
from tests.pairs.engine import Sides

NAMES = (
    *("mlp", "lenet_chw", "mobilenet", "text_lstm"),
    *("gpt", "transformer_encoder", "dropouts", "tied"),
)


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
    with Sides(tmp_path_factory.mktemp("jobs"), data) as sides:
        yield sides


@pytest.mark.parametrize("name", NAMES)
def test_a_pair_is_paired_without_a_map_and_has_the_same_losses(sides, data, name):
    (port,) = [port for port in PORTS if port.name == name]
    pair = corpus.trained(port, sides, data, epochs=2)  # 12 steps of Adam
    assert not pair.told
    assert pair.gap < 1e-10


# By their pair, side and cause: other faults of the corpus may not be found yet.
PLANTED = (
    ("tabular", "pytorch", "batch_norm_epsilon"),
    ("tabular", "tensorflow", "batch_norm_momentum"),
    ("siamese", "tensorflow", "layer_norm_epsilon"),
    ("cnn1d", "pytorch", "padding_side"),
    ("dropouts", "tensorflow", "flatten_order"),
    ("bi_gru", "tensorflow", "second_gru_bias"),
    ("lenet_hwc", "tensorflow", "softmax_twice"),
    ("text_lstm", "pytorch", "dropout_rate"),
    ("mlp", "pytorch", "missing_activation"),
    ("mlp", "tensorflow", "missing_bias"),
    ("cnn1d", "pytorch", "input_scale"),
    ("tied", "tensorflow", "attention_mask"),
)


@pytest.mark.parametrize("wanted", PLANTED, ids="-".join)
def test_a_planted_fault_is_located_and_named(sides, data, wanted):
    (fault,) = [fault for fault in FAULTS if (fault.pair, fault.side, fault.cause) == wanted]
    found = corpus.found(fault, sides, data)
    assert found.located, found
    assert found.named, found
