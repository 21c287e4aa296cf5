"""The model as a function of its parameters, and its loss."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, assert_never

import torch
from torch.nn import functional
from twinrun.contract.enums import ActivationFunction, Loss, OwnWay
from twinrun.contract.layers import (
    Activation,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    CustomDense,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
)
from twinrun.contract.spec import JobSpec

from services.model import dropout
from services.model.layers import trained_layers
from services.pytorch import batch_norm, custom
from services.pytorch.axes import channels_first, channels_last
from services.trial.matched import Held

_ACTIVATIONS = {
    ActivationFunction.RELU: functional.relu,
    ActivationFunction.TANH: torch.tanh,
    ActivationFunction.SIGMOID: torch.sigmoid,
    ActivationFunction.GELU: functional.gelu,  # exact: approximate="none" is its default
}


def logits(
    layers: Sequence[Layer],
    held: Held[torch.Tensor],
    images: torch.Tensor,
    products: torch.dtype,
) -> torch.Tensor:
    """Logits [batch, classes] of ``images`` [batch, h, w, c], in the parameters' precision.

    Where ``products`` is another dtype than theirs, inputs and kernels are cast to it, and each
    product is cast back before its bias is added.
    """
    return _through(layers, held.trained, images, products, _Evaluating(iter(held.kept)))


def training_logits(
    layers: Sequence[Layer],
    parameters: Sequence[torch.Tensor],
    images: torch.Tensor,
    products: torch.dtype,
    drawn: Mapping[str, torch.Tensor],
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """`logits` as a step has them, and the batch's statistics, in the order of what is kept.

    ``drawn``: by name, as in `services.trial.chunks.Chunk`, for this step.
    """
    how = _Training(drawn)
    return _through(layers, parameters, images, products, how), how.statistics


def keep(
    layers: Sequence[Layer], kept: Sequence[torch.Tensor], statistics: Sequence[torch.Tensor]
) -> None:
    """Moves what is ``kept`` towards a batch's statistics, in place."""
    momenta = [layer.momentum for layer in layers if isinstance(layer, BatchNorm) for _ in range(2)]
    for moving, batch, momentum in zip(kept, statistics, momenta, strict=True):
        moving.mul_(momentum).add_(batch, alpha=1 - momentum)


class _How(Protocol):
    """What layers do that are not the same in training and in evaluation."""

    def normalise(
        self, layer: BatchNorm, x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor
    ) -> torch.Tensor: ...

    def drop(self, index: int, layer: Dropout, x: torch.Tensor) -> torch.Tensor: ...


@dataclass(frozen=True, slots=True)
class _Evaluating:
    """``kept``: moving statistics in model order."""

    kept: Iterator[torch.Tensor]

    def normalise(
        self, layer: BatchNorm, x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor
    ) -> torch.Tensor:
        moving = next(self.kept), next(self.kept)
        return batch_norm.by_moving(layer, x, gamma, beta, moving=moving)

    def drop(self, index: int, layer: Dropout, x: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        return x


@dataclass(frozen=True, slots=True)
class _Training:
    """``statistics``: those of the batch, in model order."""

    drawn: Mapping[str, torch.Tensor]
    statistics: list[torch.Tensor] = field(default_factory=list)

    def normalise(
        self, layer: BatchNorm, x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor
    ) -> torch.Tensor:
        normalised, *found = batch_norm.by_batch(layer, x, gamma, beta)
        self.statistics.extend(found)
        return normalised

    def drop(self, index: int, layer: Dropout, x: torch.Tensor) -> torch.Tensor:
        return x * (self.drawn[dropout.name(index)].to(x.dtype) * dropout.scale(layer))


def _through(
    layers: Sequence[Layer],
    parameters: Sequence[torch.Tensor],
    images: torch.Tensor,
    products: torch.dtype,
    how: _How,
) -> torch.Tensor:
    left = iter(parameters)
    x = images
    for index, layer in enumerate(trained_layers(layers)):
        match layer:
            case Flatten():
                x = x.flatten(1)
            case Dense():
                x = _dense(x, next(left), next(left) if layer.use_bias else None, products)
            case CustomDense():
                x = custom.dense(x, next(left), next(left), products)
            case Activation(function):
                x = _ACTIVATIONS[function](x)
            case Conv2d():
                kernel, bias = next(left), next(left) if layer.use_bias else None
                x = _conv2d(layer, x, kernel, bias, products)
            case BatchNorm():
                x = how.normalise(layer, x, next(left), next(left))
            case Dropout():
                x = how.drop(index, layer, x)
            case MaxPool2d() | AveragePool2d():
                x = _pool(layer, x)
            case _:
                assert_never(layer)
    return x


def _pool(layer: MaxPool2d | AveragePool2d, x: torch.Tensor) -> torch.Tensor:
    largest = isinstance(layer, MaxPool2d)
    pool = functional.max_pool2d if largest else functional.avg_pool2d
    return channels_last(pool(channels_first(x), layer.size, layer.stride))


def _conv2d(
    layer: Conv2d,
    x: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor | None,
    products: torch.dtype,
) -> torch.Tensor:
    """Of ``x`` [batch, h, w, in] with ``kernel`` [size, size, in, filters]."""
    # The kernel's layout decides in which one PyTorch computes, where images have one channel; with
    # channels last it took two thirds of the time, as measured on CPUs.
    laid = kernel.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    x = channels_first(x)
    how = layer.stride, layer.padding
    if products is kernel.dtype:
        return channels_last(functional.conv2d(x, laid, bias, *how))
    product = functional.conv2d(x.to(products), laid.to(products), None, *how)
    return _with_bias(channels_last(product).to(kernel.dtype), bias)


def _dense(
    x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None, products: torch.dtype
) -> torch.Tensor:
    if products is kernel.dtype and bias is not None:
        return torch.addmm(bias, x, kernel)
    return _with_bias((x.to(products) @ kernel.to(products)).to(kernel.dtype), bias)


def _with_bias(x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return x if bias is None else x + bias


def details(
    losses: torch.Tensor,
    logits: torch.Tensor,
    labels: torch.Tensor,
    gradients: Sequence[torch.Tensor],
) -> torch.Tensor:
    """What `services.trial.matched.steps_taken` wants of a step after its loss: [2 + parameters].

    ``losses`` [batch]: of each sample, by `losses_of`.
    """
    places = torch.arange(1, len(losses) + 1, dtype=losses.dtype, device=losses.device)
    ordered = (losses * places).sum() / places.sum()
    accuracy = (logits.argmax(1) == labels).to(losses.dtype).mean()
    norms = [torch.linalg.vector_norm(gradient) for gradient in gradients]
    return torch.stack([ordered, accuracy, *norms])


# Of logits [batch, classes] and labels [batch].
LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def loss_of(spec: JobSpec) -> LossFunction:
    """Return the function of a batch's loss: the mean over its samples."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            own = OwnWay.LOSS in spec.own_ways
            return _softmax_twice if own else functional.cross_entropy
        case _:
            assert_never(spec.loss)


def losses_of(spec: JobSpec) -> LossFunction:
    """Return the function of each sample's loss, [batch]; own ways do not change it."""
    match spec.loss:
        case Loss.SOFTMAX_CROSS_ENTROPY:
            return _cross_entropies
        case _:
            assert_never(spec.loss)


def _cross_entropies(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, labels, reduction="none")


def _softmax_twice(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Of a model that ends in softmax: PyTorch's loss takes what it gets for logits."""
    return functional.cross_entropy(logits.softmax(1), labels)
