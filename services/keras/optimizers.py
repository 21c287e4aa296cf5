"""The optimizers of users of Keras, and what they write where it has no argument."""

from collections.abc import Sequence
from typing import Any, assert_never

import keras
from twinrun.contract.enums import Decayed, DecayForm
from twinrun.contract.optimizers import (
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Optimizer,
    RmsProp,
    Sgd,
)
from twinrun.contract.regularization import ClipByGlobalNorm, ClipByNorm, ClipByValue

from services.model.optimizers import coupled, decays, decays_apart, epsilon_set
from services.model.schedules import learning_rates

Usual = tuple[type[keras.optimizers.Optimizer], dict[str, Any]]  # a class, and its arguments
_CLIPS = {ClipByValue: "clipvalue", ClipByNorm: "clipnorm", ClipByGlobalNorm: "global_clipnorm"}


def idiomatic(
    spec: Optimizer,
    variables: Sequence[keras.Variable],
    steps: int,
    batches: int = 1,
    *,
    scaled: bool = False,
) -> keras.optimizers.Optimizer:
    """Return the optimizer that users of Keras create, for a job of so many ``steps``.

    Each is of so many ``batches``. Epsilon is left to Keras, unless the job sets another than the
    default. ``scaled``: it scales the loss, as Keras does by itself where float16 is the policy of
    the whole program.
    """
    kind, given = usual(spec.kind)
    if (epsilon := epsilon_set(spec)) is not None:
        given = {**given, "epsilon": epsilon}
    made = as_users_do(spec, (kind, given), variables, steps, batches)
    return keras.optimizers.LossScaleOptimizer(made) if scaled else made


def usual(kind: Sgd | Adam | AdamW | RmsProp | Adagrad | Adamax) -> Usual:
    """Return what users of Keras create. Epsilon, and where it stands, are Keras's."""
    match kind:
        case Sgd():
            return keras.optimizers.SGD, {"momentum": kind.momentum, "nesterov": kind.nesterov}
        case Adam() | AdamW():
            given = {"beta_1": kind.beta_1, "beta_2": kind.beta_2, "amsgrad": kind.amsgrad}
            if isinstance(kind, AdamW):
                return keras.optimizers.AdamW, {**given, "weight_decay": kind.weight_decay}
            return keras.optimizers.Adam, given
        case RmsProp():
            given = {"rho": kind.rho, "momentum": kind.momentum, "centered": kind.centered}
            return keras.optimizers.RMSprop, given
        case Adagrad():
            return keras.optimizers.Adagrad, {"initial_accumulator_value": kind.initial_accumulator}
        case Adamax():
            return keras.optimizers.Adamax, {"beta_1": kind.beta_1, "beta_2": kind.beta_2}
        case _:
            assert_never(kind)


def as_users_do(
    spec: Optimizer, usual: Usual, variables: Sequence[keras.Variable], steps: int, batches: int
) -> keras.optimizers.Optimizer:
    """Return Keras's optimizer with the spec's decay, clipping and schedule.

    For so many ``steps``, each of so many ``batches``.
    """
    made, given = usual
    given = dict(given)
    if batches > 1:
        given["gradient_accumulation_steps"] = batches
    if spec.clip is not None:
        given[_CLIPS[type(spec.clip.kind)]] = spec.clip.kind.limit
    decay = spec.weight_decay
    if decay is not None and decay.form is DecayForm.DECOUPLED_TIMES_RATE:
        given["weight_decay"] = decay.factor
    elif decay is not None:
        made = _decaying(made, spec, decay.factor)
    rate = spec.learning_rate if spec.schedule is None else Scheduled(spec, steps, batches)
    found = made(rate, **given)
    if spec.decayed is Decayed.KERNELS:
        found.exclude_from_weight_decay([v for v in variables if not decays(spec, v.shape)])
    return found


class Scheduled(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc] # Keras's is Any
    """The rates of a job's schedule; after its last step the last one stays.

    Keras counts batches, of which a step may have several.
    """

    def __init__(self, spec: Optimizer, steps: int, batches: int) -> None:
        self._batches = batches
        self._rates = learning_rates(spec, 0, steps).astype(keras.config.floatx())

    def __call__(self, step: Any) -> keras.KerasTensor:
        ops = keras.ops
        taken = ops.cast(step, "int32") // self._batches
        return ops.take(self._rates, ops.minimum(taken, len(self._rates) - 1))


def _decaying(
    made: type[keras.optimizers.Optimizer], spec: Optimizer, factor: float
) -> type[keras.optimizers.Optimizer]:
    """Return the class with a decay that Keras has no argument for."""

    class Decaying(made):  # type: ignore[misc] # Keras's is Any
        """Adds the decay to gradients before they are clipped, as a regularizer's are."""

        def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
            given = trainable_variables  # none from Keras's trainer on JAX, which has built it
            variables = list(self._trainable_variables if given is None else given)
            batches = self.gradient_accumulation_steps or 1
            updates = keras.ops.cast((self._iterations + 1) % batches == 0, keras.config.floatx())
            for v in variables:
                if decays_apart(spec, v.shape):
                    v.assign(v * (1 - factor * updates))
            added = [
                g + factor * v if g is not None and coupled(spec, v.shape) else g
                for g, v in zip(grads, variables, strict=True)
            ]
            super().apply(added, variables)

    return Decaying
