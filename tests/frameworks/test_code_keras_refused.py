"""What of a user's Keras model is refused, whose errors are whose, and what stays as it was."""

from dataclasses import replace

import pytest
from twinrun.contract.enums import Precision

from services.errors import CodeFailed, Unsupported
from tests.frameworks import code_models as models
from tests.frameworks import jobs
from tests.frameworks.code_models import SPEC, sequential

pytestmark = pytest.mark.usefixtures("only_in_tensorflow")


REFUSED = {
    "gaussian_noise is a GaussianNoise": sequential("layers.GaussianNoise(0.1)"),
    "alpha_dropout is a AlphaDropout": sequential("layers.AlphaDropout(0.1)"),
    "is a LSTMCell with dropout or recurrent_dropout": sequential(
        "layers.Reshape((6, 12))", "layers.LSTM(3, dropout=0.2)"
    ),
    "is a GRUCell with dropout or recurrent_dropout": sequential(
        "layers.Reshape((6, 12))", "layers.GRU(3, recurrent_dropout=0.2)"
    ),
    "with one mask for several samples": sequential(
        "layers.Dropout(0.5, noise_shape=(1, 6, 6, 2))"
    ),
    "drops values in evaluation too": """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.drop, self.flat = layers.Dropout(0.5), layers.Flatten()
        self.last = layers.Dense(5)

    def call(self, x):
        return self.last(self.drop(self.flat(x), training=True))


def build():
    return Net()
""",
    "kernel has a constraint": sequential(
        "layers.Flatten()", 'layers.Dense(3, kernel_constraint="non_neg")'
    ),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_the_same_is_refused_by_name(trace, said):
    with pytest.raises(Unsupported, match=said):
        trace(REFUSED[said])


@pytest.mark.parametrize("said", [said for said in REFUSED if "constraint" not in said])
def test_without_dropout_what_is_random_lets_everything_through(trace, said):
    spec = replace(SPEC, code=replace(SPEC.code, without_dropout=True))
    found = trace(REFUSED[said], spec)
    assert (found.model.draws, found.model.notes) == ((), ())


def test_bfloat16_is_refused(framework, trace, tmp_path):
    found = trace(models.MLP)
    spec = replace(models.paired(SPEC, found), precision=Precision.BFLOAT16)
    with pytest.raises(Unsupported, match="bfloat16"):
        framework.Trainer(spec, models.data(), None, models.written(tmp_path, models.MLP))


FAILING = {
    "failed with ValueError: my own": "def build():\n    raise ValueError('my own')\n",
    "failed with ZeroDivisionError": """
class Net(keras.Model):
    def call(self, x):
        return x * (1 // 0)


def build():
    return Net()
""",
    "failed with SystemExit: 3": """
class Net(keras.Model):
    def call(self, x):
        raise SystemExit(3)


def build():
    return Net()
""",
    "returns a list, not a keras.Model": "def build():\n    return []\n",
    r"net.py:build of tensorflow returns \[2, 6, 6, 2\], and \[batch, 5\]": sequential(
        after="layers.ReLU()"
    ),
    r"returns \[2, 4\], and \[batch, 5\] is needed": sequential(
        after="layers.Flatten(), layers.Dense(4)"
    ),
    "first output of the model of net.py:build of tensorflow is a str": """
class Net(keras.Model):
    def call(self, x):
        return ["a", x]


def build():
    return Net()
""",
}


@pytest.mark.parametrize("said", FAILING)
def test_an_error_in_the_users_code_is_theirs(trace, said):
    kind = ValueError if "my own" in said else CodeFailed  # the loader's, which is not here
    with pytest.raises(kind, match=said.removeprefix("failed with ValueError: ")) as caught:
        trace(FAILING[said])
    if "Zero" in said:
        assert "net_" in caught.value.message
        assert "in call: return x * (1 // 0)" in caught.value.message
        assert "services" not in caught.value.message
        assert caught.value.metadata == {"framework": "tensorflow", "file": "net.py"}


@pytest.mark.parametrize("output", ["", "0", "features", "9"])
def test_the_logits_are_the_output_that_is_named(trace, output):
    made = replace(jobs.DATASET.synthetic, classes=8 if output == "features" else 5)
    spec = replace(models.job(output=output), dataset=replace(jobs.DATASET, synthetic=made))
    text = (
        models.SUBCLASSED
        if output in ("", "features")
        else models.SUBCLASSED.replace(
            '{"logits": self.last(x), "features": x}', "(self.last(x), x)"
        )
    )
    if output == "9":
        with pytest.raises(
            CodeFailed, match=r"output 9 of the model of net.py:build .* is missing"
        ):
            trace(text, spec)
    else:
        assert trace(text, spec).arrays["logits"].shape == (16, 8 if output == "features" else 5)


def test_a_tensor_that_the_model_lacks_is_named(framework, trace, tmp_path):
    spec = models.paired(SPEC, trace(models.MLP))
    kernel, *rest = spec.code.tensors
    tensors = (replace(kernel, tensorflow="dense_7.kernel"), *rest)
    spec = replace(spec, code=replace(spec.code, tensors=tensors))
    with pytest.raises(CodeFailed, match=r"names dense_7.kernel \(72, 8\) as dense.kernel"):
        framework.Trainer(spec, models.data(), None, models.written(tmp_path, models.MLP))


def test_keras_is_as_it_was_outside_of_a_users_model(trace):
    import keras  # noqa: PLC0415 - whichever is there
    import tensorflow as tf  # noqa: PLC0415
    from keras.src.backend.tensorflow import random  # noqa: PLC0415

    def seen():
        return (
            *(random.dropout, tf.cast, keras.layers.Layer.__call__, keras.config.floatx()),
            *(keras.layers.BatchNormalization.call, keras.config.dtype_policy().name),
            *(keras.layers.GaussianNoise.call, tf.config.functions_run_eagerly()),
        )

    before, name = seen(), keras.layers.Dense(1).name
    number = int(name.rpartition("_")[2]) if "_" in name else 0
    trace(models.MLP)
    with pytest.raises(CodeFailed):
        trace(FAILING["failed with ZeroDivisionError"])
    assert seen() == before
    assert keras.layers.Dense(1).name == f"dense_{number + 1}"
