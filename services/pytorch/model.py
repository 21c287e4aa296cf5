"""The model as a function of its parameters, and its loss."""

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from services.spec import Activation, ActivationFunction, Dense, Flatten, JobSpec, Layer, OwnWay
from services.workload.layers import trained_layers

_ACTIVATIONS = {
    ActivationFunction.RELU: functional.relu,
    ActivationFunction.TANH: torch.tanh,
    ActivationFunction.SIGMOID: torch.sigmoid,
    ActivationFunction.GELU: functional.gelu,  # exact: approximate="none" is its default
}


def logits(
    layers: Sequence[Layer],
    parameters: Sequence[torch.Tensor],
    images: torch.Tensor,
    products: torch.dtype,
) -> torch.Tensor:
    """Logits [batch, classes] of ``images`` [batch, h, w, c], in the parameters' precision.

    ``parameters`` stand in model order. Where ``products`` is another dtype than theirs, inputs
    and kernels are cast to it, and each product is cast back before its bias is added.
    """
    left = iter(parameters)
    x = images
    for layer in trained_layers(layers):
        match layer:
            case Flatten():
                x = x.flatten(1)
            case Dense():
                x = _dense(x, next(left), next(left), products)
            case Activation(function):
                x = _ACTIVATIONS[function](x)
    return x


def _dense(
    x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor, products: torch.dtype
) -> torch.Tensor:
    if products is kernel.dtype:
        return torch.addmm(bias, x, kernel)
    return (x.to(products) @ kernel.to(products)).to(bias.dtype) + bias


def details(
    logits: torch.Tensor, labels: torch.Tensor, gradients: Sequence[torch.Tensor]
) -> torch.Tensor:
    """What `services.matched.steps_taken` wants of a step after its loss: [2 + parameters]."""
    losses = functional.cross_entropy(logits, labels, reduction="none")
    places = torch.arange(1, len(losses) + 1, dtype=losses.dtype, device=losses.device)
    ordered = (losses * places).sum() / places.sum()
    accuracy = (logits.argmax(1) == labels).to(losses.dtype).mean()
    norms = [torch.linalg.vector_norm(gradient) for gradient in gradients]
    return torch.stack([ordered, accuracy, *norms])


Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def loss_of(spec: JobSpec) -> Loss:
    """The loss of logits [batch, classes] and labels [batch]: mean over the batch."""
    if OwnWay.LOSS in spec.own_ways:
        return _softmax_twice
    return loss


def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Softmax cross-entropy from logits [batch, classes], mean over the batch."""
    return functional.cross_entropy(logits, labels)


def _softmax_twice(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Of a model that ends in softmax: PyTorch's loss takes what it gets for logits."""
    return functional.cross_entropy(logits.softmax(1), labels)
