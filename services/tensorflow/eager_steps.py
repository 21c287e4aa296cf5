"""Steps op by op: a Python loop over the batches of a chunk."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import Execution, Loop, OwnWay
from twinrun.contract.spec import JobSpec

from services.model.weights import parameter_dtype
from services.tensorflow import augmentation, losses, optimizers
from services.tensorflow.model import Trained, details
from services.trial import chunks, matched
from services.trial.chunks import Chunk

# As in `services.trial.chunks.Chunk`; for one step, without the first axis.
Drawn = Mapping[str, tf.Tensor]


def unstacked(drawn: Mapping[str, NDArray[np.generic]], steps: int) -> list[Drawn]:
    """Return what was ``drawn`` for a chunk, for each of its steps."""
    parts = {name: tf.unstack(array) for name, array in drawn.items()}
    return [{name: part[step] for name, part in parts.items()} for step in range(steps)]


def dense(
    gradient: tf.Tensor | tf.IndexedSlices | None, gradient_scale: int = 1
) -> tf.Tensor | None:
    """Return a gradient as one tensor, also an embedding's; None if the loss does not depend.

    ``gradient_scale``: by how much the loss was multiplied.
    """
    if gradient is None:
        return None
    made = tf.convert_to_tensor(gradient)
    return made if gradient_scale == 1 else made / gradient_scale


class EagerSteps:
    """Trains the parameters of ``model``, in place."""

    def __init__(
        self,
        spec: JobSpec,
        model: Trained,
        images: tf.Tensor,
        labels: tf.Tensor,
    ) -> None:
        self._spec = spec
        self._loss, self._losses = losses.mean(spec), losses.each(spec)
        self._accuracy = losses.accuracy(spec)
        self._model, self._parameters = model, model.parameters
        self._images, self._labels = images, labels
        self._shape = tuple(images.shape)
        self._augment = augmentation.augment(spec, images)
        self._slots = optimizers.slots(spec.optimizer, model.parameters)
        compiled = spec.execution is Execution.COMPILED
        dtype = parameter_dtype(spec.precision).type
        kernels = (
            spec.loop is Loop.FIT and not compiled and optimizers.has_kernel(spec.optimizer, dtype)
        )
        self._update = optimizers.update if kernels else optimizers.update_plainly
        self._taken = 0

    def run(self, chunk: Chunk) -> tf.Tensor:
        """Run the steps of ``chunk``; return their measurements, on the device.

        They have the form that `services.trial.matched.steps_taken` expects.
        """
        return self._run(chunk, self.plan(len(chunk)))

    def plan(self, steps: int) -> NDArray[np.floating]:
        """Return the numbers [steps, numbers] of the next steps, and count these as taken."""
        plan = optimizers.plan(self._spec, self._taken, steps)
        self._taken += steps
        dtype = parameter_dtype(self._spec.precision).type
        if self._update is optimizers.update:
            plan = optimizers.kernel_plan(self._spec.optimizer, plan, dtype)
        return np.stack(plan, 1).astype(dtype)

    def _run(self, chunk: Chunk, plan: NDArray[np.floating]) -> tf.Tensor:
        """Run the steps of ``chunk`` by their ``plan`` [steps, numbers]."""
        steps = zip(
            tf.unstack(chunk.indices),
            unstacked(chunk.drawn, len(chunk)),
            tf.unstack(plan),
            strict=True,
        )
        return tf.stack([self._step(*step) for step in steps])

    def _step(self, batch: tf.Tensor, drawn: Drawn, plan: tf.Tensor) -> tf.Tensor:
        images = self._augment(tf.gather(self._images, batch), drawn)
        labels = tf.gather(self._labels, batch)
        return self._step_on(images, labels, drawn, plan)

    def _step_on(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        drawn: Drawn,
        plan: tf.Tensor,
    ) -> tf.Tensor:
        """Run one step on ``images`` [samples, h, w, c] and ``drawn``; return its measurements."""
        if self._spec.accumulate_steps == 1:
            gradients, loss, logits, found = self._computed(images, labels, drawn)
        else:
            parts = matched.batches(self._spec, int(labels.shape[0]))
            batches = [
                self._computed(
                    *(images[part], labels[part]),
                    {name: tensor[part] for name, tensor in drawn.items()},
                    share,
                )
                for part, share in parts
            ]
            gradients, loss, logits, found = matched.together(
                batches, lambda arrays: tf.concat(arrays, 0)
            )
        if self._spec.report_step_details:
            accuracy = self._accuracy(logits, labels)
            norms = self._model.norms(gradients)
            rest = details(self._losses(logits, labels), accuracy, norms)
            loss = tf.concat([[loss], rest], 0)
        elif OwnWay.ACCURACY in self._spec.own_ways:
            loss = tf.stack([loss, self._accuracy(logits, labels)])
        numbers = tf.unstack(plan)
        self._update(self._spec.optimizer, self._parameters, self._slots, gradients, numbers)
        for statistics in found:
            self._model.keep(statistics)
        return loss

    def _computed(
        self, images: tf.Tensor, labels: tf.Tensor, drawn: Drawn, share: float = 1.0
    ) -> matched.Computed[tf.Tensor]:
        """Return what a batch makes, with its ``share`` of the step's loss."""
        gradient_scale = self._spec.gradient_scale
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._parameters)
            logits, statistics = self._model.training_logits(images, drawn)
            loss = self._loss(logits, labels)
            for more in self._model.losses():
                loss += more
            loss = loss if share == 1 else loss * share
            scaled = loss if gradient_scale == 1 else loss * gradient_scale
        found = tape.gradient(scaled, self._parameters)
        gradients = [dense(gradient, gradient_scale) for gradient in found]
        return gradients, loss, logits, [statistics]

    def advance(self, steps: int) -> None:
        """Advance as `services.trial.trainer.Trainer.advance`."""
        self._taken = steps

    def begin(self, order: Sequence[NDArray[np.int32]]) -> None:
        """Set what an epoch will `run`."""

    def waited(self) -> float:
        """Return the seconds spent waiting for data since the last call: none, it is in memory."""
        return 0.0

    def warm_up(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Run enough steps of each of ``shapes``, and restore the previous state."""
        slots = [slot for slots in self._slots for slot in slots]
        variables = [*self._parameters, *self._model.state, *slots]
        values = [tf.identity(variable) for variable in variables]
        for steps, batch in shapes:
            enough = self._enough((steps, batch))
            self.run(chunks.blank(self._spec, self._shape, enough, batch, self._model.sites))
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self._taken = 0

    def _enough(self, shape: tuple[int, int]) -> int:
        """Return how many steps of a chunk of this ``shape`` a warm-up runs."""
        return min(shape[0], matched.WARM_UP_STEPS)
