"""The idiomatic recipe with a loop of one's own around a Keras model, by GradientTape."""

from collections.abc import Iterator

import tensorflow as tf
from twinrun.contract.enums import Execution
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.model.weights import Weights
from services.tensorflow.idiomatic import IdiomaticTrainer, loss_of
from services.trial import matched
from services.trial.trainer import Steps
from services.trial.waiting import Waiting, timed


class CustomLoopTrainer(IdiomaticTrainer):
    """A `services.trial.trainer.Trainer`; model, optimizer and evaluation are those of `fit`."""

    def __init__(self, spec: JobSpec, data: Data, weights: Weights | None) -> None:
        super().__init__(spec, data, weights)
        self._loss = loss_of(spec)
        self._batches = self._preprocessing.batches(self._images, self._labels)
        self._step = self._op_by_op
        if spec.execution is not Execution.EAGER:
            compiled = spec.execution is Execution.COMPILED
            self._step = tf.function(self._op_by_op, jit_compile=compiled)

    def _op_by_op(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = self._loss(labels, self._model(images, training=True))
        variables = self._model.trainable_variables
        self._model.optimizer.apply_gradients(
            zip(tape.gradient(loss, variables), variables, strict=True)
        )
        return loss

    def warm_up(self) -> None:
        self._model.optimizer.build(self._model.trainable_variables)
        variables = [*self._model.variables, *self._model.optimizer.variables]
        values = [variable.numpy() for variable in variables]
        samples, batch = len(self._images), self._spec.batch_size
        for size in {min(batch, samples), samples % batch} - {0}:  # each is a graph of its own
            for _ in range(matched.WARM_UP_STEPS):
                self._step(self._images[:size], self._labels[:size])
        self.evaluate()
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def train_epoch(self, epoch: int) -> Iterator[Steps]:  # noqa: ARG002 - it shuffles by itself
        waiting = Waiting(iter(self._batches))
        losses: list[tf.Tensor] = []
        for images, labels in waiting:
            losses.append(self._step(images, labels))
            if len(losses) == self._spec.report_every_steps:
                yield _taken(losses, waiting)
                losses = []
        if losses:
            yield _taken(losses, waiting)


def _taken(losses: list[tf.Tensor], waiting: Waiting[tuple[tf.Tensor, tf.Tensor]]) -> Steps:
    on_host, synced = timed(tf.stack(losses).numpy)
    return Steps(on_host, wait_seconds=waiting.taken(), sync_seconds=synced)
