"""The corpus of pairs: its files, what is said of them, and its faults, which can be planted."""

import re

import numpy as np
import pytest
import yaml
from twinrun.contract.losses import MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy

from services.model import losses
from tests.builders.ports import ALL_FILES, FAULTS, FILES, FOLDER, FUNCTION, PORTS, Fault

LOSSES = {
    "softmax_cross_entropy": SoftmaxCrossEntropy(),
    "sigmoid_cross_entropy": SigmoidCrossEntropy(),
    "mean_squared_error": MeanSquaredError(),
}
# What a model's file can hold. Loss reduction, epsilon's place and Nesterov are a spec's alone.
CAUSES = {
    *("batch_norm_epsilon", "batch_norm_momentum", "layer_norm_epsilon", "padding_side"),
    *("pooling_padding", "flatten_order", "gate_order", "second_gru_bias", "gelu_form"),
    *("softmax_twice", "dropout_rate", "missing_activation", "missing_bias", "initial_values"),
    *("tied_weights", "eval_mode", "label_order", "input_scale", "channel_order", "column_target"),
    *("weight_decay_form", "gradient_clipping", "attention_mask", "head_scaling"),
    "interpolation_corners",
}
of_each_pair = pytest.mark.parametrize("port", PORTS, ids=lambda port: port.name)


@of_each_pair
def test_a_pair_says_what_is_special_about_it(port):
    text = (FOLDER / port.name / "pair.yaml").read_text()
    assert text.startswith("# ")
    for key, value in yaml.safe_load(text).items():
        read = getattr(port, key)
        assert value == (list(read) if isinstance(read, tuple) else read)


@of_each_pair
@pytest.mark.parametrize("framework", FILES)
def test_a_pair_has_a_file_for_each_framework(port, framework):
    text = port.file(framework).read_text()
    assert re.search(rf"^(def {FUNCTION}\(|{FUNCTION} = )", text, re.MULTILINE)


def test_some_pairs_have_a_file_in_flax_too_and_faults_of_many_causes():
    assert sum(port.is_written_for("jax") for port in PORTS) >= 6
    assert len({fault.cause for fault in FAULTS if fault.side == "jax"}) >= 10


@of_each_pair
def test_a_pair_has_samples_that_its_loss_takes(port):
    features, targets = port.samples(50)
    assert features.shape == (50, *port.shape)
    assert np.isfinite(losses.mean(LOSSES[port.loss], np.zeros((50, port.outputs)), targets))
    if port.inputs == "tokens":
        assert set(np.unique(features)) <= set(range(port.vocabulary))


@pytest.mark.parametrize(
    "fault", FAULTS, ids=lambda fault: f"{fault.pair}-{fault.side}-{fault.cause}-{fault.layer}"
)
def test_a_fault_can_be_planted_in_one_place(fault):
    assert fault.port.file(fault.side).read_text().count(fault.old) == 1
    compile(fault.changed(), ALL_FILES[fault.side], "exec")


def test_there_are_enough_pairs_and_faults_and_each_cause_is_in_several_models():
    assert len(PORTS) >= 20
    assert len(set(FAULTS)) == len(FAULTS) >= 150
    models = {cause: {fault.pair for fault in FAULTS if fault.cause == cause} for cause in CAUSES}
    assert {cause: found for cause, found in models.items() if len(found) < 2} == {}


def test_a_path_is_where_a_fault_is_or_within_it_or_named_beside_it():
    fault = Fault("mlp", "pytorch", "old", "new", "", "block.1", ("dense",))
    there, elsewhere = ["block.1", "block.1.norm", "dense"], ["block.10", "block", "dense_1", ""]
    assert all(map(fault.located, there))
    assert not any(map(fault.located, elsewhere))
