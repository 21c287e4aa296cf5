"""What a spec becomes where a job uses each framework's defaults, which say the values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from twinrun.contract import nesting
from twinrun.contract.enums import DecayForm, OwnWay
from twinrun.contract.initializers import Initializer
from twinrun.contract.layers import Conv1d, Embedding, Leaf
from twinrun.contract.norms import Norm, is_usual, is_usual_momentum
from twinrun.contract.own import has_own_zeros, is_drawn
from twinrun.contract.spec import JobSpec


@dataclass(frozen=True, slots=True)
class Defaults:
    """A framework's: epsilons of norms, the share that a batch norm keeps in a step, and its decay.

    ``table``: the initialiser of an embedding; ``initializers``: by field, those of other layers.
    """

    epsilon: Callable[[Norm], float]
    momentum: float
    decay: DecayForm
    initializers: Mapping[str, Initializer]
    table: Callable[[Embedding], Initializer]


def changed(spec: JobSpec, defaults: Defaults) -> JobSpec:
    """Return the spec with a framework's numbers of norms, initialisers, and form of decay.

    Each if the spec's own ways have it. What is not the default here stays.
    """
    ways = {*spec.own_ways}

    def of(layer: Leaf) -> Leaf:
        if OwnWay.NORM_EPSILON in ways and is_usual(layer):
            layer = replace(layer, epsilon=defaults.epsilon(layer))
        if OwnWay.NORM_MOMENTUM in ways and is_usual_momentum(layer):
            layer = replace(layer, momentum=defaults.momentum)
        return _drawn(layer, defaults) if OwnWay.INITIALIZERS in ways else layer

    if ways & {OwnWay.NORM_EPSILON, OwnWay.NORM_MOMENTUM, OwnWay.INITIALIZERS}:
        spec = replace(spec, layers=nesting.mapped(spec.layers, of))
    held = spec.optimizer.weight_decay
    if OwnWay.WEIGHT_DECAY in ways and held is not None:
        optimizer = replace(spec.optimizer, weight_decay=replace(held, form=defaults.decay))
        spec = replace(spec, optimizer=optimizer)
    return spec


def _drawn(layer: Leaf, defaults: Defaults) -> Leaf:
    """Return the layer with the framework's initialisers, where it has the defaults here."""
    if not is_drawn(layer):
        return layer
    own = dict(defaults.initializers)
    if isinstance(layer, Embedding):
        own = {"table_initializer": defaults.table(layer)}
    usual = {each.name: each.default for each in fields(layer)}
    taken: dict[str, Any] = {
        name: each for name, each in own.items() if getattr(layer, name) == usual[name]
    }
    return replace(layer, **taken)


def symmetric(spec: JobSpec) -> JobSpec:
    """Return the spec with as many zeros before as after, where `has_own_zeros`.

    The shapes stay the same.
    """
    return replace(spec, layers=nesting.mapped(spec.layers, _symmetric))


def _symmetric(layer: Leaf) -> Leaf:
    if not has_own_zeros(layer):
        return layer
    if isinstance(layer, Conv1d):
        each = (layer.size - 1) * layer.dilation // 2
        return replace(layer, same=False, padding=0, padding_1d=(each, each))
    down, across = ((size - 1) * layer.dilation // 2 for size in layer.size_2d or (layer.size,) * 2)
    return replace(layer, same=False, padding=0, padding_2d=(down, down, across, across))
