"""TensorFlow: the trainer, and the loops that it is compared with.

``python -m bench.tensorflow`` in TensorFlow's environment. The loops are the benchmark's own: what
a good user would write in memory, and what lessons teach.
"""

import itertools
from dataclasses import replace

import numpy as np
from twinrun.contract.enums import Execution
from twinrun.contract.spec import JobSpec

from bench import interleave, report, workload
from bench.interleave import Variant
from bench.report import Target
from services import tensorflow
from services.data.arrays import Data

import keras  # isort: skip - after the trainer's module, which quiets TensorFlow's import
import tensorflow as tf  # isort: skip


def model(**last: str) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10, **last),
        ]
    )


def one_graph(net: keras.Model, data: Data, *, xla: bool = False) -> Variant:
    """Return a Keras model and Keras's Adam in one `tf.function` an epoch, with the loop in it."""
    images = tf.constant(data.train_images)
    labels = tf.constant(data.train_labels)
    optimizer = keras.optimizers.Adam(workload.LEARNING_RATE)
    optimizer.build(net.trainable_variables)
    whole, short = divmod(len(data.train_labels), workload.BATCH)

    def step(batch: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = net(tf.gather(images, batch), training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                tf.gather(labels, batch), logits
            )
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply(gradients, net.trainable_variables)
        return loss

    @tf.function(jit_compile=xla)
    def epoch(order: tf.Tensor) -> tf.Tensor:
        batches = tf.reshape(order[: whole * workload.BATCH], (whole, workload.BATCH))
        losses = tf.TensorArray(tf.float32, whole)
        for i in tf.range(whole):
            losses = losses.write(i, step(batches[i]))
        if short:
            step(order[whole * workload.BATCH :])
        return losses.stack()

    generator = np.random.default_rng(0)

    def run() -> None:
        epoch(tf.constant(generator.permutation(len(data.train_labels)))).numpy()

    return Variant(run)


def lesson(data: Data) -> Variant:
    """Return a loop as in lessons: `fit` on NumPy arrays, softmax in the model, one-hot labels."""
    net = model(activation="softmax")
    net.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    answers = keras.utils.to_categorical(data.train_labels, 10)
    return Variant(
        lambda: net.fit(data.train_images, answers, batch_size=workload.BATCH, verbose=0),
        slow=True,
    )


def lesson_augmented(data: Data) -> Variant:
    """Return a loop as in Keras's current guides: augmentation layers in `tf.data`."""
    given = workload.AUGMENTED
    turn, shifts = given.rotation_degrees / 360, (given.height_shift, given.width_shift)
    layers = [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomRotation(turn, fill_mode="constant"),
        keras.layers.RandomTranslation(*shifts, fill_mode="constant"),
    ]

    def augment(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        for layer in layers:
            images = layer(images, training=True)
        return images, labels

    net = model()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile("adam", loss, metrics=["accuracy"])
    batches = (
        tf.data.Dataset.from_tensor_slices((data.train_images, data.train_labels))
        .shuffle(len(data.train_labels))
        .batch(workload.BATCH)
        .map(augment, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )
    return Variant(lambda: net.fit(batches, verbose=0), slow=True)


def matched(job: JobSpec, data: Data) -> Variant:
    trainer = tensorflow.Trainer(job, data, workload.initial(job))
    trainer.warm_up()
    epochs = itertools.count()
    return Variant(lambda: list(trainer.train_epoch(next(epochs))))


def across(mlp: JobSpec, data: Data) -> dict[str, Variant]:
    """Return what `bench.across` has of the MLP beside the matched job, and NumPy's products."""
    return {
        "mlp, compiled": matched(replace(mlp, execution=Execution.COMPILED), data),
        "mlp, bare XLA": one_graph(model(), data, xla=True),
        interleave.NUMPY: Variant(interleave.numpy_products()),
    }


TARGETS = (
    Target("matched, default", "bare tf.function", 1.05),
    Target("matched, default", "lesson-style Keras fit", 1 / 2.5),
    Target("matched, default, augmented", "matched, default", 1.6),
    Target("matched, compiled", "products, NumPy, by rule", 1.3),
)


def main() -> None:
    chosen = workload.options()
    job = workload.spec(chosen)
    augmented = replace(job, augmentation=workload.AUGMENTED)
    data = workload.load(chosen, job)
    variants = {
        "matched, default": matched(job, data),
        "matched, compiled": matched(replace(job, execution=Execution.COMPILED), data),
        "matched, default, augmented": matched(augmented, data),
        "matched, compiled, augmented": matched(
            replace(augmented, execution=Execution.COMPILED), data
        ),
    }
    a, b = tf.random.uniform((2, interleave.SIDE, interleave.SIDE))
    variants |= {
        "bare tf.function": one_graph(model(), data),
        "bare tf.function, XLA": one_graph(model(), data, xla=True),
        "lesson-style Keras fit": lesson(data),
        "lesson-style Keras fit, augmented": lesson_augmented(data),
        interleave.NUMPY: Variant(interleave.numpy_products()),
        "products, TensorFlow": Variant(interleave.products(lambda: tf.matmul(a, b))),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, tensorflow.environment(chosen.threads), variants, TARGETS)


if __name__ == "__main__":
    main()
