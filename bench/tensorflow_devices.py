"""TensorFlow: the job on two devices of a CPU, and `MirroredStrategy` as its users write it.

``python -m bench.tensorflow_devices`` in TensorFlow's environment.
"""

from dataclasses import replace

import numpy as np

from bench import interleave, report, workload
from bench.interleave import Variant
from bench.report import Target
from bench.tensorflow import matched, model
from services import tensorflow
from services.data.arrays import Data
from services.tensorflow import device

import keras  # isort: skip - after the trainer's module, which quiets TensorFlow's import
import tensorflow as tf  # isort: skip

DEVICES = 2


def mirrored(names: list[str], data: Data, *, on_one: bool = False) -> Variant:
    """Return a Keras model and Keras's Adam in one `tf.function` an epoch, on mirrored devices.

    Each device takes its share of a batch of the data, which it has a copy of. ``on_one``:
    gradients are added up on the first device, and not by TensorFlow's collective operations.
    """
    adds = tf.distribute.ReductionToOneDevice() if on_one else None
    strategy = tf.distribute.MirroredStrategy(names, adds)
    with strategy.scope():
        net = model()
        optimizer = keras.optimizers.Adam(workload.LEARNING_RATE)
        optimizer.build(net.trainable_variables)
    copies = []
    for name in names:
        with tf.device(name):
            copies.append((tf.constant(data.train_images), tf.constant(data.train_labels)))
    whole, share = len(data.train_labels) // workload.BATCH, workload.BATCH // len(names)

    def step(batch: tf.Tensor) -> tf.Tensor:
        place = int(
            tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group)
        )
        images, labels = copies[place]
        own = batch[place * share : (place + 1) * share]
        with tf.GradientTape() as tape:
            logits = net(tf.gather(images, own), training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(labels, own), logits)
            loss = tf.reduce_sum(losses) / workload.BATCH
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply(gradients, net.trainable_variables)
        return loss

    @tf.function
    def epoch(order: tf.Tensor) -> tf.Tensor:
        batches = tf.reshape(order, (whole, workload.BATCH))
        losses = tf.TensorArray(tf.float32, whole)
        for i in tf.range(whole):
            found = strategy.run(step, (batches[i],))
            losses = losses.write(i, strategy.reduce("SUM", found, axis=None))
        return losses.stack()

    generator = np.random.default_rng(0)

    def run() -> None:
        order = generator.permutation(len(data.train_labels))[: whole * workload.BATCH]
        epoch(tf.constant(order)).numpy()

    return Variant(run)


TARGETS = (
    Target("matched, two devices", "bare MirroredStrategy", 1.05),
    Target("matched, two devices", "bare MirroredStrategy, sums on one device", 1.05),
)


def main() -> None:
    chosen = workload.options()
    job = replace(workload.spec(chosen), devices=DEVICES)
    data = workload.load(chosen, job)
    variants = {
        "matched, two devices": matched(job, data),  # which makes the devices
        "matched, one device": matched(replace(job, devices=1), data),
        "bare MirroredStrategy": mirrored(device.names(job), data),
        "bare MirroredStrategy, sums on one device": mirrored(device.names(job), data, on_one=True),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, tensorflow.environment(chosen.threads), variants, TARGETS, "-devices")


if __name__ == "__main__":
    main()
