"""What a spec becomes where a job uses each framework's defaults, which say the values."""

from collections.abc import Callable
from dataclasses import replace

from twinrun.contract import nesting
from twinrun.contract.enums import DecayForm, OwnWay
from twinrun.contract.layers import Leaf
from twinrun.contract.norms import Norm, is_usual
from twinrun.contract.spec import JobSpec


def changed(spec: JobSpec, epsilon: Callable[[Norm], float], decay: DecayForm) -> JobSpec:
    """Return the spec with a framework's epsilons of norms, and its form of decay.

    Each if the spec's own ways have it. An epsilon other than the default here stays.
    """

    def of(layer: Leaf) -> Leaf:
        return replace(layer, epsilon=epsilon(layer)) if is_usual(layer) else layer

    if OwnWay.NORM_EPSILON in spec.own_ways:
        spec = replace(spec, layers=nesting.mapped(spec.layers, of))
    held = spec.optimizer.weight_decay
    if OwnWay.WEIGHT_DECAY in spec.own_ways and held is not None:
        optimizer = replace(spec.optimizer, weight_decay=replace(held, form=decay))
        spec = replace(spec, optimizer=optimizer)
    return spec
