"""What users of Optax put together for a spec's optimizer. Formulas and defaults are Optax's."""

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias, assert_never

import jax
import jax.numpy as jnp
import optax
from twinrun.contract.enums import DecayForm, Precision
from twinrun.contract.optimizers import Optimizer
from twinrun.contract.regularization import Clip, ClipByGlobalNorm, ClipByNorm, ClipByValue

from services.jax.optimizers.kinds import KINDS
from services.model.optimizers import decays, epsilon_set
from services.model.schedules import learning_rates

Rate: TypeAlias = float | Callable[[jax.Array], jax.Array]
Usual: TypeAlias = tuple[Callable[..., optax.GradientTransformation], dict[str, Any]]


def usual(spec: Optimizer) -> Usual:
    """Return what users of Optax call, and its arguments. Epsilon and its place are Optax's."""
    name, given = KINDS[type(spec.kind)].usual(spec.kind)
    return amsgradw if name == "amsgradw" else getattr(optax, name), given


def amsgradw(
    learning_rate: Rate,
    *,
    b1: float,
    b2: float,
    weight_decay: float,
    mask: Callable[[Any], Any],
    eps: float = 1e-8,  # as of Optax's AdamW
) -> optax.GradientTransformation:
    """Return AMSGrad with AdamW's decay, which Optax has as two parts only."""
    return optax.chain(
        optax.scale_by_amsgrad(b1=b1, b2=b2, eps=eps),
        optax.add_decayed_weights(weight_decay, mask),
        optax.scale_by_learning_rate(learning_rate),
    )


def epsilon(spec: Optimizer) -> float | None:
    """Return the epsilon of `idiomatic`; None: it has none."""
    if (found := epsilon_set(spec)) is not None:
        return found
    return own_epsilon(spec)


def own_epsilon(spec: Optimizer) -> float | None:
    """Return Optax's default epsilon; None: there is none."""
    made, _ = usual(spec)
    default = inspect.signature(made).parameters.get("eps")
    return None if default is None else float(default.default)


def title(spec: Optimizer) -> str:
    """Return the name of the function that users call."""
    return usual(spec)[0].__name__


def idiomatic(
    spec: Optimizer, steps: int, batches: int = 1, precision: Precision = Precision.FLOAT32
) -> optax.GradientTransformation:
    """Return what users of Optax chain, for a job of so many ``steps`` of so many ``batches``.

    Epsilon is left to Optax, unless the job sets another than the default.
    """
    made, given = usual(spec)
    if (found := epsilon_set(spec)) is not None:
        given = {**given, "eps": found}
    if "weight_decay" in given:
        given = {**given, "mask": _mask(spec)}
    rate: Rate = spec.learning_rate if spec.schedule is None else _scheduled(spec, steps)
    clip = [] if spec.clip is None else [_clip(spec.clip)]
    chain = optax.chain(*clip, *_decayed(spec, made, given, rate))
    if batches == 1:
        return chain
    dtype = jnp.float64 if precision is Precision.FLOAT64 else jnp.float32
    return optax.MultiSteps(chain, batches, accumulator_dtype=dtype).gradient_transformation()


def _decayed(
    spec: Optimizer,
    made: Callable[..., optax.GradientTransformation],
    given: dict[str, Any],
    rate: Rate,
) -> list[optax.GradientTransformation]:
    """Return the optimizer with its decay before or after it; AdamW has its own."""
    decay = spec.weight_decay
    if decay is None:
        return [made(rate, **given)]
    mask = _mask(spec)
    match decay.form:
        case DecayForm.COUPLED:
            return [optax.add_decayed_weights(decay.factor, mask), made(rate, **given)]
        case DecayForm.DECOUPLED:
            return [made(rate, **given), optax.add_decayed_weights(-decay.factor, mask)]
        case DecayForm.DECOUPLED_TIMES_RATE:
            # The optimizer's own rate is 1: both its step and the decay are times the job's.
            by_rate = optax.scale_by_learning_rate(rate, flip_sign=False)
            return [made(1.0, **given), optax.add_decayed_weights(-decay.factor, mask), by_rate]
        case _:
            assert_never(decay.form)


def _mask(spec: Optimizer) -> Callable[[Any], Any]:
    """Return the function that says of each parameter whether it decays."""
    return lambda parameters: jax.tree.map(lambda w: decays(spec, w.shape), parameters)


def _scheduled(spec: Optimizer, steps: int) -> Rate:
    """Return the rates of a job's schedule by step; after its last step the last one stays."""
    rates = learning_rates(spec, 0, steps)
    return lambda count: jnp.asarray(rates)[jnp.minimum(count, steps - 1)]


def _clip(clip: Clip) -> optax.GradientTransformation:
    match clip.kind:
        case ClipByValue(limit):
            return optax.clip(limit)
        case ClipByNorm(limit):  # of each parameter, which Optax has no function for
            return optax.stateless_with_tree_map(
                lambda g, _: g * limit / jnp.maximum(jnp.linalg.norm(g), limit)
            )
        case ClipByGlobalNorm(limit):
            return optax.clip_by_global_norm(limit)
        case _:
            assert_never(clip.kind)
