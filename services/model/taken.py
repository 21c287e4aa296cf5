"""What the idiomatic recipe takes of a spec, and what it leaves to the framework.

A field that is not its default is the job's, and is taken. A default is the framework's own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeAlias

from twinrun.contract import nesting
from twinrun.contract.enums import EpsilonPlace
from twinrun.contract.layers import Layer, Leaf, layer_field
from twinrun.contract.norms import Norm, is_usual, is_usual_momentum
from twinrun.contract.optimizers import optimizer_field
from twinrun.contract.spec import JobSpec

from services.model import shapes
from services.model.optimizers import sets_epsilon
from services.model.weights import Weights, drawn

_DRAWN = "_initializer"  # what the names of fields end with that say how values are drawn
_NUMBERS = ("epsilon", "momentum")  # of norms
ITS_OWN = ""  # what has no number: the framework's own way


@dataclass(frozen=True, slots=True)
class Used:
    """``values``: what a trainer used, by field; ``own``: the fields of the framework's default."""

    values: Mapping[str, str]
    own: Sequence[str]


def epsilon(layer: Norm, name: str) -> dict[str, float]:
    """Return a norm's epsilon as an argument ``name``, if the job sets it."""
    return {} if is_usual(layer) else {name: layer.epsilon}


def initial_values(spec: JobSpec, shape: tuple[int, ...], seed: Callable[[], int]) -> Weights:
    """Draw the values whose initialisers the job sets.

    ``seed`` draws one from the framework's generator: not both sides have the same values.
    """
    if spec.code is not None:
        return {}
    usual = nesting.mapped(spec.layers, _usual)
    set_by_job = [
        parameter
        for parameter, default in zip(
            shapes.parameters(spec.layers, shape), shapes.parameters(usual, shape), strict=True
        )
        if parameter.initializer != default.initializer
    ]
    return drawn(set_by_job, seed(), spec.precision) if set_by_job else {}


def _usual(layer: Leaf) -> Leaf:
    """Return the layer with its default initialisers, at any depth of a layer that has one."""
    changes: dict[str, Any] = {}
    for each in fields(layer):
        value = getattr(layer, each.name)
        if each.name.endswith(_DRAWN):
            changes[each.name] = each.default
        elif isinstance(value, Leaf):
            changes[each.name] = _usual(value)
    return replace(layer, **changes) if changes else layer


@dataclass(frozen=True, slots=True)
class Framework:
    """What a framework has of its own: the ``numbers`` of a norm by field, and RMSprop's place.

    ``epsilon``: that of the optimizer that was made, None if it has none; ``tf32``: where it is on
    a GPU, else empty.
    """

    numbers: Callable[[Norm, str], float]
    epsilon: float | None
    epsilon_place: EpsilonPlace
    tf32: str


def used(spec: JobSpec, framework: Framework) -> Used:
    """Return what a trainer used."""
    found = [
        ("seed", ITS_OWN, True),
        *_of_layers(spec, framework.numbers),
        *_of_optimizer(spec, framework),
        *([("allow_tf32", framework.tf32, not spec.allow_tf32)] if framework.tf32 else []),
    ]
    values: dict[str, list[str]] = {}
    for field, value, _ in found:
        several = values.setdefault(field, [])
        several.extend([value] if value and value not in several else [])
    own = dict.fromkeys(field for field, _, is_own in found if is_own)
    return Used({field: ", ".join(each) for field, each in values.items()}, tuple(own))


_Field: TypeAlias = tuple[str, str, bool]  # its path, its value, whether that is the framework's


def _of_layers(spec: JobSpec, numbers: Callable[[Norm, str], float]) -> Iterator[_Field]:
    for layer in () if spec.code is not None else _leaves(spec.layers):
        for each in fields(layer):
            path = f"{layer_field(type(layer))}.{each.name}"
            value = getattr(layer, each.name)
            if isinstance(layer, Norm) and each.name in _NUMBERS:
                usual = is_usual(layer) if each.name == "epsilon" else is_usual_momentum(layer)
                yield path, f"{numbers(layer, each.name) if usual else value:g}", usual
            elif each.name.endswith(_DRAWN):
                usual = value == each.default and not spec.matched_initial_values
                yield path, ITS_OWN if usual else _written(value), usual


def _of_optimizer(spec: JobSpec, framework: Framework) -> Iterator[_Field]:
    if framework.epsilon is None:
        return
    kind = spec.optimizer.kind
    path = f"optimizer.{optimizer_field(type(kind))}"
    yield f"{path}.epsilon", f"{framework.epsilon:g}", not sets_epsilon(spec.optimizer)
    if place := getattr(kind, "epsilon_place", None):
        own = framework.epsilon_place
        yield f"{path}.epsilon_place", own, place is not own


def _leaves(layers: Sequence[Layer]) -> Iterator[Leaf]:
    """Yield the leaves, and the layers that they hold."""
    for layer in nesting.leaves(layers):
        yield layer
        for each in fields(layer):
            if isinstance(value := getattr(layer, each.name), Leaf):
                yield value


def _written(value: object) -> str:
    """Write an initialiser: ``VarianceScaling 2 in normal``."""
    numbers = (getattr(value, each.name) for each in fields(value)) if is_dataclass(value) else ()
    return " ".join([type(value).__name__, *(f"{number}" for number in numbers)])
