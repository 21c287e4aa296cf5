"""The shapes of a whole model: the outputs of its layers, and their parameters."""

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate

from twinrun.contract.code import CodeTensor
from twinrun.contract.enums import ActivationFunction
from twinrun.contract.layers import Activation, Embedding, Layer, layer_field
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


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """Return the output shape of ``layer`` for a sample of ``shape``.

    Raises ValueError on a misfit.
    """
    return KINDS[type(layer)].output_shape(layer, shape)


def output_shapes(layers: Sequence[Layer], shape: Shape) -> list[Shape]:
    """Return each layer's output shape for a sample of ``shape``. Raises ValueError on a misfit."""
    made = accumulate(layers, lambda before, layer: output_shape(layer, before), initial=shape)
    return list(made)[1:]


def input_shapes(layers: Sequence[Layer], shape: Shape) -> list[Shape]:
    """Return each layer's input shape for a sample of ``shape``. Raises ValueError on a misfit."""
    return [shape, *output_shapes(layers, shape)][:-1]


def parameters(layers: Sequence[Layer], shape: Shape) -> list[Parameter]:
    """Return the parameters in model order, for samples of ``shape``.

    Raises ValueError on a misfit.
    """
    given = zip(layers, input_shapes(layers, shape), strict=True)
    return [
        parameter
        for index, (layer, taken) in enumerate(given)
        for parameter in KINDS[type(layer)].parameters(layer, f"layers.{index}", taken)
    ]


def held(spec: JobSpec, shape: Shape) -> Sequence[Parameter | CodeTensor]:
    """Return the arrays of the job's model in order, for samples of ``shape``.

    Those of the user's code are as the client paired them.
    """
    return parameters(spec.layers, shape) if spec.code is None else spec.code.tensors


def multiplications(layers: Sequence[Layer], shape: Shape) -> list[int]:
    """Return each layer's multiplications for one sample of ``shape``; 0 without a kernel."""
    given = zip(layers, input_shapes(layers, shape), strict=True)
    return [KINDS[type(layer)].multiplications(layer, taken) for layer, taken in given]


def violations(
    layers: Sequence[Layer], shape: Shape, wanted: Shape, codes: int
) -> Iterator[Violation]:
    """Yield layers that do not fit each other, ``shape``, or the ``wanted`` shape of a target.

    ``codes``: how many different ones a sample has, if it is of codes; otherwise 0.
    """
    if not layers:
        yield Violation("layers", "is empty; give at least flatten and one dense layer")
        return
    if len(layers) > 1000:
        yield Violation("layers", f"has {len(layers)} layers; at most 1000 are taken")
        return
    last, made = len(layers) - 1, shape
    for index, layer in enumerate(layers):
        yield from _embedding_violations(layer, index, codes)
        try:
            made = output_shape(layer, made)
        except ValueError as misfit:
            yield Violation(f"layers[{index}].{layer_field(type(layer))}", str(misfit))
            return  # the following layers have no shape to check
    if made != wanted:
        size, due = ("x".join(map(str, each)) for each in (made, wanted))
        yield Violation(
            f"layers[{last}]",
            f"makes {size} outputs for {due} {'classes' if len(wanted) == 1 else 'tokens'}; end "
            f"with a dense of {wanted[-1]} units",
        )
    if not any(multiplications(layers, shape)):
        yield Violation("layers", "have no parameter to train; add a dense layer")


def _embedding_violations(layer: Layer, index: int, codes: int) -> Iterator[Violation]:
    """Yield a first layer that is no embedding of the data's codes, or one where there are none."""
    if not isinstance(layer, Embedding):
        if codes and index == 0:
            what = f"takes numbers, and the samples are of {codes} codes; begin with an embedding"
            yield Violation("layers[0]", what)
    elif index or not codes:
        what = "takes codes, which are not what it gets; only the first layer can be an embedding"
        yield Violation(f"layers[{index}].embedding", what)
    elif layer.codes < codes:
        what = f"is {layer.codes}; the samples have {codes} codes"
        yield Violation("layers[0].embedding.codes", what)


def size_violations(layers: Sequence[Layer], shape: Shape) -> Iterator[Violation]:
    """Yield a violation if there are more parameters than a trainer can be expected to hold."""
    count = sum(math.prod(parameter.shape) for parameter in parameters(layers, shape))
    if count > _MOST_PARAMETERS:
        yield Violation("layers", f"have {count:,} parameters; at most {_MOST_PARAMETERS:,} fit")
