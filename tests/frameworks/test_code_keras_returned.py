"""What a Keras layer returns in place of its output: what is behind it sees that, nothing else."""

import numpy as np
import pytest

from services.errors import BadWeights
from tests.frameworks import code_models as models


@pytest.fixture(autouse=True)
def _only_in_tensorflow(name):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")


@pytest.fixture
def trace(framework, tmp_path):
    return models.tracing(framework, tmp_path)


def outputs(found):
    return [found.arrays[f"output/{index}"] for index in range(len(found.model.layers))]


def returned(arrays):
    return {f"tensorflow/{index}": array for index, array in enumerate(arrays)}


@pytest.mark.parametrize("model", models.ALL)
def test_layers_given_what_others_get_return_what_others_return(model, trace):
    plain = trace(models.ALL[model])
    apart = outputs(trace(models.ALL[model], scale=0.5))
    assert any(not np.allclose(a, b) for a, b in zip(apart, outputs(plain), strict=True))
    found = trace(models.ALL[model], scale=0.5, returned=returned(outputs(plain)))
    first = plain.model.layers[0].path
    for layer, made, wanted in zip(plain.model.layers, outputs(found), outputs(plain), strict=True):
        if layer.path != first:
            np.testing.assert_allclose(made, wanted, 1e-12, 1e-12, err_msg=layer.path)
    np.testing.assert_allclose(found.arrays["logits"], plain.arrays["logits"], 1e-12)


@pytest.mark.parametrize("sequences", [True, False])
def test_the_state_that_a_recurrent_layer_ends_in_is_that_of_what_it_returns(trace, sequences):
    text = f"""
def build():
    inputs = keras.Input((6, 6, 2))
    x = layers.Reshape((6, 12))(inputs)
    _, h, _ = layers.LSTM(3, return_sequences={sequences}, return_state=True)(x)
    return keras.Model(inputs, layers.Dense(5)(h))
"""
    plain = trace(text)
    index = [layer.kind for layer in plain.model.layers].index("lstm")
    own = plain.arrays[f"output/{index}"]
    steps = np.random.default_rng(1).normal(size=own.shape)
    found = trace(text, returned={f"tensorflow/{index}": steps})
    ends = steps[:, -1] if sequences else steps
    kernel, bias = (plain.arrays[f"initial/dense.{part}"] for part in ("kernel", "bias"))
    np.testing.assert_allclose(found.arrays["logits"], ends @ kernel + bias, 1e-12)


def test_a_gradient_passes_to_what_the_values_stand_for(trace):
    plain = trace(models.MLP)
    found = trace(models.MLP, returned=returned(outputs(plain)))
    for name, array in plain.arrays.items():
        np.testing.assert_allclose(found.arrays[name], array, 1e-12, 1e-15, err_msg=name)


def test_values_of_another_shape_are_refused(trace):
    with pytest.raises(BadWeights, match="is to take the place of it"):
        trace(models.MLP, returned={"tensorflow/0": np.ones((16, 7))})
