"""A device's part of a step, for `tf.distribute.Strategy.run`."""

from typing import TypeVar

import tensorflow as tf
from twinrun.contract.losses import ignored
from twinrun.contract.spec import JobSpec

from services.tensorflow import losses
from services.tensorflow.devices.together import Total
from services.tensorflow.eager_steps import Drawn, EagerSteps
from services.tensorflow.model import LayersModel

Values = TypeVar("Values", tf.Tensor, list[tf.Tensor])
# A step's sums over the devices, and the norms of its gradients, which are the same on each.
Measured = tuple[tf.Tensor, tf.Tensor]


def summed(values: Values) -> Values:
    """Return the sums over a machine's devices; called on each of them. They have a gradient."""
    context = tf.distribute.get_replica_context()
    found: Values = context.all_reduce(tf.distribute.ReduceOp.SUM, values)
    return found


class Replica(EagerSteps):
    """Trains a device's own copy of the model, in place, by the gradients of whole steps.

    Its variables are the device's alone. A mirrored variable would add up what the replicas assign,
    or take the first one's: here each assigns the same. ``total``: adds up over machines what this
    device and those of its number have; None: there is one.
    """

    def __init__(
        self,
        spec: JobSpec,
        model: LayersModel,
        images: tf.Tensor,
        labels: tf.Tensor,
        total: Total | None = None,
    ) -> None:
        super().__init__(spec, model, images, labels)
        self._own, self._total = model, total
        self._divisor = losses.divisor(spec)

    def share(
        self, batch: tf.Tensor, drawn: Drawn, plan: tf.Tensor, weight: tf.Tensor, places: tf.Tensor
    ) -> Measured:
        """Run a step on the share ``batch`` of its samples; return the share's measurements.

        ``weight`` and ``places``: as of `services.model.shares.Share`.
        """
        images = self._augment(tf.gather(self._images, batch), drawn)
        labels = tf.gather(self._labels, batch)
        self._own.mean = lambda own: self._summed([own * weight])[0]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._parameters)
            logits, statistics = self._model.training_logits(images, drawn)
            counted = self._counted(logits, labels, weight)
            loss = self._loss(logits, labels) * counted
        own = tape.gradient(loss, self._parameters)
        gradients = self._summed([tf.convert_to_tensor(gradient) for gradient in own])
        sums, norms = [loss], [tf.zeros(0, loss.dtype)]
        if self._spec.report_step_details:
            sums.append(tf.reduce_sum(self._losses(logits, labels) * places))
            by_target = ignored(self._spec.loss) is not None
            sums.append(self._accuracy(logits, labels) * (counted if by_target else weight))
            norms.append(tf.stack(self._model.norms(gradients)))
        numbers = tf.unstack(plan)
        self._update(self._spec.optimizer, self._parameters, self._slots, gradients, numbers)
        self._model.keep(statistics)
        return tf.stack(sums), tf.concat(norms, 0)

    def variables(self) -> list[tf.Variable]:
        """Return all that steps change."""
        slots = [slot for slots in self._slots for slot in slots]
        return [*self._parameters, *self._model.state, *slots]

    def _summed(self, values: list[tf.Tensor]) -> list[tf.Tensor]:
        """Return the sums over all devices of the job. They have a gradient."""
        of_machine = summed(values)
        return of_machine if self._total is None else [self._total(each) for each in of_machine]

    def _counted(self, logits: tf.Tensor, labels: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        """Return what the loss of the share counts in that of the step."""
        if self._divisor is None:
            return weight
        own = self._divisor(logits, labels) * tf.cast(weight > 0, weight.dtype)
        (whole,) = self._summed([own])
        return own / tf.where(whole > 0, whole, 1)  # of targets that are all left out
