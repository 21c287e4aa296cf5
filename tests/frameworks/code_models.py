"""Small Keras models as users write them, each the text of a file with a function `build`."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from twinrun.contract.code import Code, CodeSource, CodeTensor
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.trial.code import _imported
from tests.frameworks import jobs

BATCH = 16
CLASSES = jobs.CLASSES
HEAD = "import keras\nfrom keras import layers, ops\n\n\n"

MLP = """
def build():
    return keras.Sequential([
        keras.Input((6, 6, 2)), layers.Dropout(0.25), layers.Flatten(),
        layers.Dense(8, activation="gelu"), layers.Dropout(0.5), layers.Dense(5),
    ])
"""
LENET = """
def build():
    x = inputs = keras.Input((6, 6, 2))
    x = layers.Conv2D(4, 3, padding="same", activation="tanh")(x)
    x = layers.AveragePooling2D(2)(x)
    x = layers.SpatialDropout2D(0.3)(x)
    x = layers.Conv2D(3, 2, strides=2, padding="same")(x)
    x = layers.LeakyReLU(negative_slope=0.1)(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs, layers.Dense(5)(x))
"""
RESNET = """
def build():
    x = inputs = keras.Input((6, 6, 2))
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = kept = layers.ReLU()(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.Add()([x, kept])
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return keras.Model(inputs, layers.Dense(5)(x))
"""
LSTM = """
def build():
    return keras.Sequential([
        keras.Input((6, 6, 2)), layers.Reshape((6, 12)),
        layers.LSTM(4, return_sequences=True), layers.LSTM(3), layers.Dense(5),
    ])
"""
GRU = """
def build():
    return keras.Sequential([
        keras.Input((6, 6, 2)), layers.Reshape((6, 12)),
        layers.Bidirectional(layers.GRU(4, return_sequences=True)),
        layers.GRU(3, reset_after=False), layers.Dense(5),
    ])
"""
ATTENTION = """
class Block(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.attention = layers.MultiHeadAttention(2, 3, dropout=0.2)
        self.inner = layers.Dense(7, activation="gelu")
        self.outer = layers.Dense(12)

    def build(self, shape):
        self.places = self.add_weight(shape=shape[1:], name="places", initializer="normal")

    def call(self, x, training=None):
        x = x + self.places
        y = self.norm(x)
        x = x + self.attention(y, y, use_causal_mask=True, training=training)
        return x + self.outer(self.inner(x))


def build():
    return keras.Sequential([
        keras.Input((6, 6, 2)), layers.Reshape((6, 12)), Block(), Block(),
        layers.GlobalAveragePooling1D(), layers.Dense(5),
    ])
"""
EMBEDDING = """
def build():
    x = inputs = keras.Input((6, 6, 2))
    words = ops.reshape(ops.cast(ops.abs(x) * 8, "int32"), (-1, 72))
    x = layers.Embedding(60, 4)(words)
    x = layers.Conv1D(3, 3, padding="causal", dilation_rate=2)(x)
    x = layers.GlobalMaxPooling1D()(x)
    return keras.Model(inputs, layers.Dense(5)(x))
"""
SUBCLASSED = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.second = layers.Dense(8, activation="relu")
        self.first = layers.Dense(8, activation="relu")
        self.many = [layers.Dense(8), layers.Dense(8)]
        self.norm = layers.BatchNormalization()
        self.drop = layers.Dropout(0.4)
        self.last = layers.Dense(5)
        self.spare = layers.Dense(3)

    def call(self, x, training=False):
        x = self.first(ops.reshape(x, (ops.shape(x)[0], -1)))
        x = self.drop(self.second(x), training=training)
        for dense in self.many:
            x = ops.tanh(dense(x))
        x = self.norm(x, training=training)
        self.spare(x)
        return {"logits": self.last(x), "features": x}


def build():
    return Net()
"""
ALL = {
    "mlp": MLP,
    "lenet": LENET,
    "resnet": RESNET,
    "lstm": LSTM,
    "gru": GRU,
    "attention": ATTENTION,
    "embedding": EMBEDDING,
    "subclassed": SUBCLASSED,
}
_numbers = itertools.count()


def written(folder: Path, text: str) -> Callable[[], object]:
    """Write the file, and return what imports it and builds its model."""
    directory = folder / "users-code" / "tensorflow"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"net_{next(_numbers)}.py"
    path.write_text(HEAD + text.lstrip())
    return lambda: _imported(path).build()


def data(samples: int = 40) -> Data:
    generator = np.random.default_rng(5)
    images = generator.standard_normal((samples, 6, 6, 2))
    labels = generator.integers(0, CLASSES, samples, dtype=np.int32)
    return Data(images, labels, images[:8], labels[:8], images, images[:8])


def job(**source) -> JobSpec:
    """Return two epochs of two batches and a short one; ``source``: fields of CodeSource."""
    code = Code(tensorflow=CodeSource("net.py", **source))
    return jobs.spec(layers=(), code=code, epochs=2, batch_size=BATCH, report_every_steps=2)


def paired(spec: JobSpec, traced) -> JobSpec:
    """Return the job with the trace's own tensors, each by its key."""
    tensors = tuple(
        CodeTensor(each.key, each.shape, each.trained, tensorflow=each.key)
        for each in traced.model.tensors
        if not each.tied_to
    )
    return replace(spec, code=replace(spec.code, tensors=tensors))


def named(traced, kind: str) -> dict:
    """Return a trace's arrays of one kind, such as initial, by key; without other layouts."""
    return {
        name.removeprefix(f"{kind}/"): array
        for name, array in traced.arrays.items()
        if name.startswith(f"{kind}/") and "@" not in name
    }


def sequential(*layers, after="layers.Flatten(), layers.Dense(5)"):
    listed = ", ".join(["keras.Input((6, 6, 2))", *layers, after])
    return f"def build():\n    return keras.Sequential([{listed}])\n"


SPEC = job()


def tracing(framework, folder: Path) -> Callable:
    """Return what traces the model of a text on the first samples."""

    def traced(text, spec=SPEC, weights=None, returned=None, scale=1.0):
        given = data()
        batch = slice(spec.batch_size)
        return framework.trace(
            *(spec, given.train_images[batch] * scale, given.train_labels[batch]),
            *(written(folder, text), weights),
            returned=returned or {},
        )

    return traced
