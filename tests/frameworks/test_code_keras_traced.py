"""What a trace of a user's Keras model tells, and its canonical arrays."""

import math
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import CodeLayout
from twinrun.contract.optimizers import AdamW, Optimizer

from tests.frameworks import code_models as models
from tests.frameworks import jobs
from tests.frameworks.code_models import SPEC, sequential

pytestmark = pytest.mark.usefixtures("only_in_tensorflow")


def settings(found):
    return {layer.path: (layer.kind, layer.settings) for layer in found.model.layers}


def test_layers_are_told_by_kind_and_settings_in_the_order_of_their_calls(trace):
    found = trace(models.LENET)
    plain = {"dilation": "1,1", "groups": "1", "use_bias": "True"}
    same = {"units": "4", "size": "3,3", "stride": "1,1", "padding": "1:1,1:1"}
    halved = {"units": "3", "size": "2,2", "stride": "2,2", "padding": "0:1,0:1"}
    pool = {"size": "2,2", "stride": "2,2", "padding": "0:0,0:0"}
    assert settings(found) == {
        "conv2d": ("conv2d", plain | same | {"activation": "tanh"}),
        "average_pooling2d": ("average_pool2d", pool | {"padding_value": "0"}),
        "spatial_dropout2d": ("dropout", {"rate": "0.3"}),
        "conv2d_1": ("conv2d", plain | halved | {"activation": "linear"}),
        "leaky_re_lu": ("leaky_relu", {"activation": "leaky_relu", "negative_slope": "0.1"}),
        "flatten": ("flatten", {}),
        "dense": ("dense", {"units": "5", "use_bias": "True", "activation": "linear"}),
    }
    (draw,) = found.model.draws
    assert (draw.path, draw.rate, draw.shape) == ("spatial_dropout2d", 0.3, (1, 1, 4))
    assert [layer.output_shape for layer in found.model.layers[:4]] == [
        (6, 6, 4),
        (3, 3, 4),
        (3, 3, 4),
        (2, 2, 3),
    ]


def test_what_a_mask_hides_and_what_a_pool_does_not_count_is_told(trace):
    text = """
import numpy as np
from keras import Input, Model, layers

def build():
    inputs = Input((6, 6, 2))
    x = layers.UpSampling2D((2, 1), interpolation="bilinear", name="up")(inputs)
    x = layers.AveragePooling2D(5, padding="same", name="pool")(x)
    x = layers.Activation(lambda t: 2 * t, name="own")(x)
    x = layers.Flatten()(x)
    x = layers.Reshape((x.shape[-1], 1))(x)
    seen = np.arange(x.shape[1])[None, None, :] > 1
    x = layers.MultiHeadAttention(1, 2, name="attention")(x, x, attention_mask=seen)
    return Model(inputs, layers.Dense(5)(layers.Flatten()(x)))
"""
    found = settings(trace(text))
    told = {"size": "2,1", "interpolation": "bilinear", "corners": "False"}
    assert found["up"] == ("upsample2d", told)
    assert found["pool"][1]["padding_value"] == "nan"
    assert found["own"][0] == "activation"
    assert found["attention"][1]["keys_hidden"] == f"{2 * SPEC.batch_size}"


def test_gates_and_biases_have_canonical_parts(trace):
    found = {each.key: each.shape for each in trace(models.GRU).model.tensors}
    assert found == {
        "bidirectional.kernel": (12, 3, 4),
        "bidirectional.recurrent_kernel": (4, 3, 4),
        "bidirectional.bias": (3, 4),
        "bidirectional.recurrent_bias": (3, 4),
        "bidirectional.backward.kernel": (12, 3, 4),
        "bidirectional.backward.recurrent_kernel": (4, 3, 4),
        "bidirectional.backward.bias": (3, 4),
        "bidirectional.backward.recurrent_bias": (3, 4),
        "gru_1.kernel": (8, 3, 3),
        "gru_1.recurrent_kernel": (3, 3, 3),
        "gru_1.bias": (3, 3),
        "dense.kernel": (3, 5),
        "dense.bias": (5,),
    }


def test_a_gru_computes_its_formula_from_its_canonical_arrays(trace):
    """Gates z, r, h; both biases of h, the second before the reset gate."""
    found = trace(sequential("layers.Reshape((6, 12))", "layers.GRU(4)"))
    weights = models.named(found, "initial")
    generator = np.random.default_rng(4)
    weights = {name: generator.standard_normal(array.shape) for name, array in weights.items()}
    spec = models.paired(SPEC, found)
    found = trace(sequential("layers.Reshape((6, 12))", "layers.GRU(4)"), spec, weights)
    x = found.arrays["output/0"]
    h = np.zeros((len(x), 4))

    def sigmoid(values):
        return 1 / (1 + np.exp(-values))

    for step in range(6):
        given = np.einsum("bi,igu->gbu", x[:, step], weights["gru.kernel"])
        given += weights["gru.bias"][:, None]
        inner = np.einsum("bi,igu->gbu", h, weights["gru.recurrent_kernel"])
        inner += weights["gru.recurrent_bias"][:, None]
        z, r = sigmoid(given[0] + inner[0]), sigmoid(given[1] + inner[1])
        h = z * h + (1 - z) * np.tanh(given[2] + r * inner[2])
    np.testing.assert_allclose(found.arrays["output/1"], h, rtol=1e-12)


def test_constants_that_keras_takes_in_float32_are_precise_in_float64(trace):
    found = trace(
        sequential(
            'layers.UpSampling2D((2, 3), interpolation="bilinear")',
            'layers.Activation("gelu")',
            "layers.LeakyReLU(negative_slope=0.3)",
        )
    )
    resized, gelu, leaky = (found.arrays[f"output/{number}"] for number in range(3))
    x = models.data().train_images[: len(resized)]
    for axis, times in ((1, 2), (2, 3)):
        places = (np.arange(6 * times) + 0.5) / times - 0.5
        x = np.apply_along_axis(lambda row, at=places: np.interp(at, range(6), row), axis, x)
    np.testing.assert_allclose(resized, x, rtol=1e-13, atol=1e-15)
    x = x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2
    np.testing.assert_allclose(gelu, x, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(leaky, np.where(x > 0, x, 0.3 * x), rtol=1e-12, atol=1e-15)


LAST = sequential(
    'layers.Conv2D(4, 3, activation="tanh")',
    "layers.BatchNormalization()",
    "layers.SpatialDropout2D(0.3)",
    "layers.MaxPooling2D(2)",
    "layers.Dropout(0.25)",
    "layers.Flatten()",
    "layers.Dropout(0.5)",
    after="layers.Dense(5)",
)
TO_FIRST, TO_LAST = "layers.Permute((3, 1, 2))", "layers.Permute((2, 3, 1))"
FIRST = (  # as far as TensorFlow can on a CPU
    LAST.replace("(6, 6, 2)", "(2, 6, 6)")
    .replace("layers.Conv2D", f"{TO_LAST}, layers.Conv2D")
    .replace(
        "layers.BatchNormalization()",
        f"{TO_FIRST}, layers.BatchNormalization(axis=1), {TO_LAST}",
    )
    .replace("layers.Dropout(0.25)", f"{TO_FIRST}, layers.Dropout(0.25)")
)
PERMUTED = LAST.replace("layers.Flatten()", "layers.Permute((3, 1, 2)), layers.Flatten()")
BY_HAND = PERMUTED.replace(
    "layers.Permute((3, 1, 2))", "layers.Lambda(lambda x: ops.transpose(x, (0, 3, 1, 2)))"
)


@pytest.mark.parametrize("text", [FIRST, PERMUTED], ids=["channels first", "permuted"])
def test_channels_first_is_the_same_job_by_canonical_arrays_and_masks(trace, text):
    start = trace(LAST)
    spec = models.paired(SPEC, start)
    if text == FIRST:
        source = replace(spec.code.tensorflow, layout=CodeLayout.CHANNELS_FIRST)
        spec = replace(spec, code=replace(spec.code, tensorflow=source))
    found = trace(text, spec, models.named(start, "initial"))
    assert found.model.draws == start.model.draws
    places = {layer.path: number for number, layer in enumerate(found.model.layers)}
    for number, layer in enumerate(start.model.layers):
        for kind in ("output", "slope"):
            array = found.arrays[f"{kind}/{places[layer.path]}"]
            expected = start.arrays[f"{kind}/{number}"]
            np.testing.assert_allclose(array, expected, rtol=1e-10, atol=1e-14)
    for kind in ("gradient", "updated"):
        for name, array in models.named(start, kind).items():
            given = found.arrays[f"{kind}/{name}"]
            np.testing.assert_allclose(given, array, rtol=1e-9, atol=1e-13)


def test_rows_of_an_image_that_was_turned_by_hand_have_another_layout_to_try(trace):
    plain = replace(SPEC, code=replace(SPEC.code, without_dropout=True))
    start = trace(LAST, plain)
    (kernel,) = (each for each in start.model.tensors if each.key == "dense.kernel")
    assert kernel.variants == ("@channels_first",)
    for suffix in ("", "@channels_first"):
        spec = models.paired(plain, start)
        tensors = tuple(
            replace(each, tensorflow=each.name + suffix) if each.name == kernel.key else each
            for each in spec.code.tensors
        )
        spec = replace(spec, code=replace(spec.code, tensors=tensors))
        found = trace(BY_HAND, spec, models.named(start, "initial"))
        alike = np.allclose(found.arrays["logits"], start.arrays["logits"], rtol=1e-10)
        assert alike == bool(suffix)


TIED = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.table = layers.Dense(8, name="table")
        self.frozen = layers.Dense(8, trainable=False, name="frozen")
        self.unused = layers.Dense(3, name="unused")
        self.never = layers.Dense(3, name="never")
        self.never.build((None, 72))
        self.last = layers.Dense(5)

    def build(self, shape):
        self.scale = self.add_weight(shape=(8, 4), name="scale", initializer="ones")

    def call(self, x):
        x = ops.reshape(x, (-1, 72))
        self.unused(x)
        y = self.table(x) + self.frozen(x)
        y = ops.matmul(y, self.scale) @ ops.transpose(self.scale)
        return self.last(ops.tanh(self.table(x) + y))


def build():
    return Net()
"""


def test_shared_frozen_and_unused_arrays_are_shown_for_what_they_are(framework, trace, tmp_path):
    spec = replace(SPEC, optimizer=Optimizer(AdamW(weight_decay=0.3), 0.01))
    found = trace(TIED, spec)
    assert [(layer.path, layer.call) for layer in found.model.layers] == [
        ("unused", 0),
        ("table", 0),
        ("frozen", 0),
        ("table", 1),
        ("dense", 0),
    ]
    told = {each.key: (each.trained, each.used) for each in found.model.tensors}
    assert told["table.kernel"] == (True, True)
    assert told["frozen.kernel"] == (False, True)
    assert told["unused.kernel"] == (True, False)
    assert told["never.kernel"] == (True, False)
    assert told["scale"] == (True, True)
    scale = next(each for each in found.model.tensors if each.key == "scale")
    assert scale.variants == ("@transposed",)
    assert found.arrays["initial/scale@transposed"].shape == (4, 8)
    assert "The loss does not depend on unused.kernel." in found.model.notes
    assert "frozen.kernel is not trained." in found.model.notes
    initial, updated = models.named(found, "initial"), models.named(found, "updated")
    moved = {name for name in initial if not np.array_equal(initial[name], updated[name])}
    assert moved == {"table.kernel", "table.bias", "scale", "dense.kernel", "dense.bias"}
    build = models.written(tmp_path, TIED)
    trainer = framework.Trainer(models.paired(spec, found), models.data(), initial, build)
    list(trainer.train_epoch(0))
    after = trainer.weights()
    assert {name for name in after if not np.array_equal(initial[name], after[name])} == moved


def test_one_array_in_two_layers_is_tied(trace):
    text = """
def build():
    first = layers.Dense(72, name="first")

    class Tied(layers.Dense):
        def build(self, shape):
            self._kernel, self.bias = first._kernel, None

    x = inputs = keras.Input((6, 6, 2))
    x = Tied(72, use_bias=False, name="second")(first(layers.Flatten()(x)))
    return keras.Model(inputs, layers.Dense(5)(x))
"""
    tied = {each.key: each.tied_to for each in trace(text).model.tensors}
    assert tied["second.kernel"] == "first.kernel"
    assert {key for key, to in tied.items() if to} == {"second.kernel"}


def test_what_the_model_adds_to_the_loss_is_added_and_told(framework, trace, tmp_path):
    text = sequential(
        "layers.Flatten()", after="layers.Dense(5, kernel_regularizer=keras.regularizers.L2(0.125))"
    )
    plain, more = trace(sequential("layers.Flatten()", after="layers.Dense(5)")), trace(text)
    kernel = more.arrays["initial/dense.kernel"]
    penalty = 0.125 * (kernel**2).sum()
    assert more.arrays["loss"][0] == pytest.approx(plain.arrays["loss"][0] + penalty, rel=1e-12)
    gradient = plain.arrays["gradient/dense.kernel"] + 0.25 * kernel
    np.testing.assert_allclose(more.arrays["gradient/dense.kernel"], gradient, rtol=1e-9)
    assert more.model.notes[0].startswith("The model adds 1 losses of its own")
    spec = models.paired(SPEC, more)
    build, initial = models.written(tmp_path, text), models.named(more, "initial")
    for execution in jobs.EXECUTIONS:
        job = replace(spec, execution=execution, batch_size=40, epochs=1)
        (chunk,) = framework.Trainer(job, models.data(), initial, build).train_epoch(0)
        whole = trace(text, replace(SPEC, batch_size=40)).arrays["loss"]
        assert chunk.losses == pytest.approx(whole, rel=1e-12)
