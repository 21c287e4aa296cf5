"""What the optimizers of job.proto require of every framework alike. One module for each kind."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from twinrun.contract import optimizers as contract
from twinrun.contract.enums import Decayed, DecayForm
from twinrun.contract.optimizers import Optimizer

from services.model.kinds import optimizer_modules
from services.model.schedules import learning_rates

K_contra = TypeVar("K_contra", contravariant=True)
Numbers = NDArray[np.float64]  # [steps]


class Plan(NamedTuple):
    """The numbers of each step that depend on its count, float64[steps] each."""

    rates: Numbers
    epsilons: Numbers
    kept: Numbers  # what decay apart from the gradient leaves of a weight


class Kind(Protocol[K_contra]):
    """A module of this folder, for the optimizers of one class."""

    def starts(self, kind: K_contra, /) -> tuple[float, ...]:
        """Return the initial value of each array that is kept for each parameter, in order."""

    def factors(self, kind: K_contra, rates: Numbers, t: Numbers, /) -> tuple[Numbers, Numbers]:
        """Return what the update multiplies by, and the epsilons that it adds.

        They are those of learning ``rates`` at the steps ``t``, which count from 1.
        """


# Each module takes the one class under which it is found.
KINDS = cast("Mapping[type, Kind[contract.Kind]]", optimizer_modules(__name__))


def starts(optimizer: Optimizer) -> tuple[float, ...]:
    """Return the initial values of the arrays of a parameter's shape that the optimizer keeps."""
    return KINDS[type(optimizer.kind)].starts(optimizer.kind)


def sets_epsilon(optimizer: Optimizer) -> bool:
    """Return whether the job sets an epsilon other than the default: no own way replaces it."""
    kind = optimizer.kind
    usual = getattr(type(kind)(), "epsilon", None)
    return bool(getattr(kind, "epsilon", None) != usual)


def epsilon_set(optimizer: Optimizer) -> float | None:
    """Return the epsilon if the job sets it; None: it has the default, or there is none."""
    return getattr(optimizer.kind, "epsilon", None) if sets_epsilon(optimizer) else None


def schedule(optimizer: Optimizer, first: int, steps: int) -> Plan:
    """Return the plan of the steps that follow ``first`` steps.

    It is computed here in float64: in float32, 1 - 0.999 alone would be wrong by one part in
    80,000.
    """
    t = np.arange(first + 1, first + steps + 1, dtype=np.float64)
    rates = learning_rates(optimizer, first, steps)
    factors = KINDS[type(optimizer.kind)].factors(optimizer.kind, rates, t)
    factor, form = _decay(optimizer)
    by = np.ones(steps) if form is DecayForm.DECOUPLED else rates
    return Plan(*factors, kept=1 - by * (factor if form is not DecayForm.COUPLED else 0.0))


def decays(optimizer: Optimizer, shape: Sequence[int]) -> bool:
    """Return whether a parameter of the shape is one of those that decay, if any do."""
    return optimizer.decayed is Decayed.ALL or len(shape) > 1


def coupled(optimizer: Optimizer, shape: Sequence[int]) -> float:
    """Return how often a parameter of the shape is added to its gradient."""
    factor, form = _decay(optimizer)
    return factor if form is DecayForm.COUPLED and decays(optimizer, shape) else 0.0


def decays_apart(optimizer: Optimizer, shape: Sequence[int]) -> bool:
    """Return whether a parameter of the shape is multiplied by `Plan.kept` before a step."""
    factor, form = _decay(optimizer)
    return form is not DecayForm.COUPLED and bool(factor) and decays(optimizer, shape)


def _decay(optimizer: Optimizer) -> tuple[float, DecayForm]:
    if optimizer.weight_decay is not None:
        return optimizer.weight_decay.factor, optimizer.weight_decay.form
    return getattr(optimizer.kind, "weight_decay", 0.0), DecayForm.DECOUPLED_TIMES_RATE
