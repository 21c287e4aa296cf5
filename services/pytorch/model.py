"""The model: as a function of its parameters, and as users of PyTorch build it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, assert_never

import torch
from torch import nn
from twinrun.contract.enums import OwnWay
from twinrun.contract.layers import Concat, Layer, Leaf, Repeat, Residual
from twinrun.contract.nesting import NESTS, Place, through
from twinrun.contract.spec import JobSpec

from services.model import dropout, padding, shapes, sites
from services.model.shapes import Placed
from services.model.weights import Weights
from services.pytorch import device
from services.pytorch.layers import KINDS, nests
from services.pytorch.layers.given import Evaluating, Given, Training
from services.pytorch.layers.norms import batch_norm
from services.trial import matched, model
from services.trial.matched import Held


class Model(model.Model[torch.Tensor], Protocol):
    """What steps train. ``kept``: the tensors that a step changes beside the parameters."""

    @property
    def kept(self) -> Sequence[torch.Tensor]: ...


class LayersModel:
    """A `Model`: the layers of a spec, with arrays by name in model order."""

    def __init__(
        self, spec: JobSpec, shape: tuple[int, ...], arrays: Mapping[str, torch.Tensor]
    ) -> None:
        self.layers = spec.layers
        self.products = device.PRODUCTS[spec.precision]
        self.sites = sites.of_layers(spec.layers, shape)
        self._arrays = arrays
        self._held = matched.held(matched.trained(spec, shape), arrays)
        self._channels_first = OwnWay.MEMORY_LAYOUT in spec.own_ways

    @property
    def parameters(self) -> Sequence[torch.Tensor]:
        return self._held.trained

    @property
    def kept(self) -> Sequence[torch.Tensor]:
        return self._held.kept

    def training_logits(
        self, inputs: torch.Tensor, drawn: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
        given = (self.layers, self.parameters, inputs, self.products, drawn)
        return training_logits(*given, channels_first=self._channels_first)

    def logits(self, inputs: torch.Tensor) -> torch.Tensor:
        given = (self.layers, self._held, inputs, self.products)
        return logits(*given, channels_first=self._channels_first)

    def keep(self, statistics: Sequence[torch.Tensor]) -> None:
        batch_norm.keep(self.layers, self.kept, statistics)

    def norms(self, gradients: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        return norms(gradients)

    def weights(self) -> Weights:
        return {n: tensor.detach().cpu().numpy().copy() for n, tensor in self._arrays.items()}


def logits(
    layers: Sequence[Layer],
    held: Held[torch.Tensor],
    images: torch.Tensor,
    products: torch.dtype,
    *,
    channels_first: bool = False,
) -> torch.Tensor:
    """Return logits [batch, classes] of ``images`` [batch, h, w, c], in the parameters' precision.

    If ``products`` is another dtype than theirs, inputs and kernels are cast to it, and each
    product is cast back before its bias is added. ``channels_first``: so images lie in memory.
    """
    counted = _counted(layers, images)
    given = Evaluating(products, iter(held.trained), iter(held.kept), counted, channels_first)
    return _through(layers, images, given)


def training_logits(
    layers: Sequence[Layer],
    parameters: Sequence[torch.Tensor],
    images: torch.Tensor,
    products: torch.dtype,
    drawn: Mapping[str, torch.Tensor],
    *,
    channels_first: bool = False,
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return the `logits` of a step, and the batch's statistics, in the order of moving statistics.

    ``drawn``: by name, as in `services.trial.chunks.Chunk`, for this step.
    """
    masks = iter([drawn[name] for name in dropout.names(layers)])
    counted = _counted(layers, images)
    given = Training(
        products, iter(parameters), masks, counted=counted, channels_first=channels_first
    )
    return _through(layers, images, given), given.statistics


def _counted(layers: Sequence[Layer], codes: torch.Tensor) -> torch.Tensor | None:
    code = padding.code(layers)
    return None if code is None else codes != code


def _through(layers: Sequence[Layer], images: torch.Tensor, given: Given) -> torch.Tensor:
    made = through(shapes.trained_layers(layers), images, Computed(given))
    if given.counted is None or made.ndim == 2:
        return made
    # What layers make of a padded step is nobody's, and not the same in all frameworks.
    return made.masked_fill(~given.counted[..., None], 0)


class Computed:
    """A `Walk` that computes the output of a matched job."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def run(self, leaves: Sequence[tuple[Place, Leaf]], x: torch.Tensor) -> torch.Tensor:
        for _, layer in leaves:
            x = KINDS[type(layer)].computed(layer, x, self._given)
        return x

    def total(self, _: Place, made: torch.Tensor, shortcut: torch.Tensor) -> torch.Tensor:
        return made + shortcut

    def beside(self, _: Place, made: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.cat(list(made), -1)


def laid(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a sample's shape as PyTorch's users lay it out: images [h, w, c] as [c, h, w]."""
    return (shape[2], *shape[:2]) if len(shape) == 3 else tuple(shape)


def norms(gradients: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return each gradient's norm."""
    return [torch.linalg.vector_norm(gradient) for gradient in gradients]


def details(
    losses: torch.Tensor, accuracy: torch.Tensor, norms: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Return a step's details after its loss, as `steps_taken` expects: [2 + parameters].

    ``losses`` [batch] and ``accuracy`` are those of `services.pytorch.losses`; ``norms`` those of
    the gradients.
    """
    places = torch.arange(1, len(losses) + 1, dtype=losses.dtype, device=losses.device)
    ordered = (losses * places).sum() / places.sum()
    return torch.stack([ordered, accuracy, *norms])


def sequential(layers: Sequence[Layer], shape: tuple[int, ...]) -> nn.Sequential:
    """Return a module for each layer up to the logits, for samples of ``shape`` [h, w, c].

    The module of a layer that holds no others is found by its name: `module_of`.
    """
    trained = shapes.trained_layers(layers)
    made = iter(shapes.placed(trained, shape))
    code = padding.code(layers)
    if code is None:
        return _several(trained, made, nn.Sequential)
    return nests.Masked(*_several(trained, made, nests.Masked), padding=code)


def _module(layer: Layer, made: Iterator[Placed], chain: type[nn.Sequential]) -> nn.Module:
    """Return a layer's module; those of leaves are for the next shapes in ``made``.

    ``chain``: the class of what holds several.
    """
    if not isinstance(layer, NESTS):
        return KINDS[type(layer)].idiomatic(layer, next(made).taken)
    match layer:
        case Residual(inner, shortcut):
            return nests.Residual(_several(inner, made, chain), _several(shortcut, made, chain))
        case Concat(branches):
            return nests.Concat([_several(branch.layers, made, chain) for branch in branches])
        case Repeat(times, inner):
            return chain(*(_several(inner, made, chain) for _ in range(times)))
        case _:
            assert_never(layer)


def _several(
    layers: Sequence[Layer], made: Iterator[Placed], chain: type[nn.Sequential]
) -> nn.Sequential:
    return chain(*(_module(layer, made, chain) for layer in layers))


def module_of(modules: nn.Module, name: str) -> nn.Module:
    """Return the module of the layer ``name`` in `sequential`'s ``modules``."""
    return modules.get_submodule(name.partition(".")[2])


def held(layer: Leaf, module: nn.Module) -> dict[str, torch.Tensor]:
    """Return the arrays of a ``layer``'s module of `sequential`, by name in canonical weights.

    They are views of the canonical layout.
    """
    found = KINDS[type(layer)].held(module)
    return {part: tensor.detach() for part, tensor in found.items() if tensor is not None}
