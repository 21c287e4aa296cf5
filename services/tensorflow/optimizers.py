"""The optimizers of job.proto, by TensorFlow's own kernels or in plain operations.

A step's rate and epsilon come from `services.matched`. The kernels are the fastest; XLA cannot
fuse them with what comes before, so under it the same formulas stand in plain operations.
"""

from collections.abc import Sequence

import tensorflow as tf

from services.spec import Adam, AdamW, Optimizer, Sgd


class Update:
    """Updates ``parameters``; holds the optimizer's state for each, in `slots`."""

    def __init__(self, spec: Optimizer, parameters: Sequence[tf.Variable], plain: bool) -> None:
        self._spec = spec
        self._parameters = parameters
        self._plain = plain
        match spec.kind:
            case Sgd(momentum):
                count = 1 if momentum else 0
            case Adam() | AdamW():
                count = 2
        self.slots = [
            [tf.Variable(tf.zeros_like(parameter)) for _ in range(count)]
            for parameter in parameters
        ]

    def apply(self, gradients: Sequence[tf.Tensor], rate: tf.Tensor, epsilon: tf.Tensor) -> None:
        """One step; ``rate`` and ``epsilon`` are scalars in the parameters' precision."""
        for parameter, slots, gradient in zip(self._parameters, self.slots, gradients, strict=True):
            match self._spec.kind:
                case Sgd(momentum):
                    update = _sgd_plain if self._plain else _sgd
                    update(parameter, slots, gradient, rate, momentum)
                case Adam() | AdamW() as kind:
                    if isinstance(kind, AdamW):
                        decay = self._spec.learning_rate * kind.weight_decay
                        parameter.assign_sub(decay * parameter)
                    update = _adam_plain if self._plain else _adam
                    update(parameter, slots, gradient, rate, epsilon, kind)


def _sgd(parameter, slots, gradient, rate, momentum):
    if not slots:
        tf.raw_ops.ResourceApplyGradientDescent(var=parameter.handle, alpha=rate, delta=gradient)
        return
    tf.raw_ops.ResourceApplyMomentum(
        var=parameter.handle,
        accum=slots[0].handle,
        lr=rate,
        grad=gradient,
        momentum=tf.constant(momentum, gradient.dtype),
    )


def _sgd_plain(parameter, slots, gradient, rate, momentum):
    if slots:
        gradient = slots[0].assign(momentum * slots[0] + gradient)
    parameter.assign_sub(rate * gradient)


def _adam(parameter, slots, gradient, rate, epsilon, kind):
    """The kernel corrects by its beta powers and puts epsilon inside; `rate` and `epsilon` have
    done so, exactly, so the powers given are zero."""
    dtype = gradient.dtype
    tf.raw_ops.ResourceApplyAdam(
        var=parameter.handle,
        m=slots[0].handle,
        v=slots[1].handle,
        beta1_power=tf.zeros((), dtype),
        beta2_power=tf.zeros((), dtype),
        lr=rate,
        beta1=tf.constant(kind.beta_1, dtype),
        beta2=tf.constant(kind.beta_2, dtype),
        epsilon=epsilon,
        grad=gradient,
    )


def _adam_plain(parameter, slots, gradient, rate, epsilon, kind):
    m = slots[0].assign(kind.beta_1 * slots[0] + (1 - kind.beta_1) * gradient)
    v = slots[1].assign(kind.beta_2 * slots[1] + (1 - kind.beta_2) * tf.square(gradient))
    parameter.assign_sub(rate * m / (tf.sqrt(v) + epsilon))
