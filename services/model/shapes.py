"""The shapes of a whole model: the outputs of its layers, and their parameters."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from twinrun.contract import nesting
from twinrun.contract.code import CodeTensor
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import Activation, Embedding, Layer, Leaf
from twinrun.contract.nesting import Place, through
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation

from services.model.layers import KINDS
from services.model.layers.parameter import Parameter, Shape

_MOST_PARAMETERS = 2**31


def trained_layers(layers: Sequence[Layer]) -> Sequence[Layer]:
    """Return the layers up to the logits: all except a final softmax."""
    if layers and layers[-1] == Activation(ActivationFunction.SOFTMAX):
        return layers[:-1]
    return layers


def output_shape(layer: Leaf, shape: Shape) -> Shape:
    """Return the output shape of ``layer`` for a sample of ``shape``.

    Raises ValueError on a misfit.
    """
    return KINDS[type(layer)].output_shape(layer, shape)


class Misfit(ValueError):
    """Layers that do not fit each other. ``field``: where in the spec is the one at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Placed:
    """A layer that holds no others: its name, and the shapes of a sample before and after it."""

    name: str
    layer: Leaf
    taken: Shape
    made: Shape


@dataclass(frozen=True, slots=True)
class Shapes:
    """A `Walk` of a sample's shape. ``found``: the leaves; ``nests``: what sums and concats are."""

    found: list[Placed] = field(default_factory=list)
    nests: list[Shape] = field(default_factory=list)

    def run(self, leaves: Sequence[tuple[Place, Leaf]], shape: Shape) -> Shape:
        for place, layer in leaves:
            try:
                made = output_shape(layer, shape)
            except ValueError as misfit:
                raise Misfit(nesting.case(place, layer), str(misfit)) from None
            self.found.append(Placed(nesting.name(place), layer, shape, made))
            shape = made
        return shape

    def total(self, place: Place, made: Shape, shortcut: Shape) -> Shape:
        if made != shortcut:
            what = (
                f"adds {_size(made)} of its layers to {_size(shortcut)} of its shortcut; give the "
                "shortcut layers that make the same shape"
            )
            raise Misfit(f"{nesting.field(place)}.residual", what)
        self.nests.append(made)
        return made

    def beside(self, place: Place, made: Sequence[Shape]) -> Shape:
        for number, shape in enumerate(made):
            if shape[:-1] != made[0][:-1]:
                what = (
                    f"makes {_size(shape)}, which does not fit beside the {_size(made[0])} of "
                    "the first branch; they may differ in the last size only"
                )
                raise Misfit(f"{nesting.field(place)}.concat.branches[{number}]", what)
        self.nests.append((*made[0][:-1], sum(shape[-1] for shape in made)))
        return self.nests[-1]


def _size(shape: Shape) -> str:
    return "x".join(map(str, shape))


def placed(layers: Sequence[Layer], shape: Shape) -> list[Placed]:
    """Return the leaves in model order, for samples of ``shape``. Raises Misfit."""
    walk = Shapes()
    through(layers, shape, walk)
    return walk.found


def output_shapes(layers: Sequence[Layer], shape: Shape) -> list[Shape]:
    """Return the shapes of all that is made of a sample of ``shape``, nests last. Raises Misfit."""
    walk = Shapes()
    through(layers, shape, walk)
    return [*(each.made for each in walk.found), *walk.nests]


def parameters(layers: Sequence[Layer], shape: Shape) -> list[Parameter]:
    """Return the parameters in model order, for samples of ``shape``. Raises Misfit."""
    return [
        parameter
        for each in placed(layers, shape)
        for parameter in KINDS[type(each.layer)].parameters(each.layer, each.name, each.taken)
    ]


def held(spec: JobSpec, shape: Shape) -> Sequence[Parameter | CodeTensor]:
    """Return the arrays of the job's model in order, for samples of ``shape``.

    Those of the user's code are as the client paired them.
    """
    return parameters(spec.layers, shape) if spec.code is None else spec.code.tensors


def multiplications(layers: Sequence[Layer], shape: Shape) -> list[int]:
    """Return each leaf's multiplications for one sample of ``shape``; 0 without a kernel."""
    return [
        KINDS[type(each.layer)].multiplications(each.layer, each.taken)
        for each in placed(layers, shape)
    ]


def violations(
    layers: Sequence[Layer], shape: Shape, wanted: Shape, codes: int
) -> Iterator[Violation]:
    """Yield layers that do not fit each other, ``shape``, or the ``wanted`` shape of a target.

    ``codes``: how many different ones a sample has, if it is of codes; otherwise 0.
    """
    if not layers:
        yield Violation("layers", "is empty; give at least flatten and one dense layer")
        return
    if too_large := nesting.size_violations(layers):
        yield from too_large
        return
    last = len(layers) - 1
    for place, layer in nesting.written(layers):
        yield from _embedding_violations(layer, place, codes)
    try:
        made = through(layers, shape, Shapes())
    except Misfit as misfit:
        yield Violation(misfit.field, str(misfit))
        return  # the following layers have no shape to check
    if made != wanted:
        size, due = _size(made), _size(wanted)
        yield Violation(
            f"layers[{last}]",
            f"makes {size} outputs for {due} {'classes' if len(wanted) == 1 else 'tokens'}; end "
            f"with a dense of {wanted[-1]} units",
        )
    if not any(multiplications(layers, shape)):
        yield Violation("layers", "have no parameter to train; add a dense layer")


def _embedding_violations(layer: Layer, place: Place, codes: int) -> Iterator[Violation]:
    """Yield a first layer that is no embedding of the data's codes, or one where there are none."""
    first = place == (0,)
    if not isinstance(layer, Embedding):
        if codes and first:
            what = f"takes numbers, and the samples are of {codes} codes; begin with an embedding"
            yield Violation("layers[0]", what)
    elif not first or not codes:
        what = "takes codes, which are not what it gets; only the first layer can be an embedding"
        yield Violation(nesting.case(place, layer), what)
    elif layer.codes < codes:
        what = f"is {layer.codes}; the samples have {codes} codes"
        yield Violation("layers[0].embedding.codes", what)


def size_violations(layers: Sequence[Layer], shape: Shape) -> Iterator[Violation]:
    """Yield a violation if there are more parameters than a trainer can be expected to hold."""
    count = sum(math.prod(parameter.shape) for parameter in parameters(layers, shape))
    if count > _MOST_PARAMETERS:
        yield Violation("layers", f"have {count:,} parameters; at most {_MOST_PARAMETERS:,} fit")
