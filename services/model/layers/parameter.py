"""The parameters of a layer: names, shapes, and how their initial values are drawn."""

import math
from dataclasses import dataclass

from twinrun.contract.initializers import Initializer

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ones:
    """Initial values of 1, which no spec can request: those of a batch norm."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One array of the model: canonical name and layout, and the fans of its layer's kernel.

    One that is not ``trained`` is updated by the model itself: moving statistics.
    """

    name: str
    shape: Shape
    initializer: Initializer | Ones
    fan_in: int = 1
    fan_out: int = 1
    trained: bool = True


def kernel_and_bias(
    name: str, kernel: Shape, of_kernel: Initializer, of_bias: Initializer | None
) -> list[Parameter]:
    """Return the parameters of layer ``name`` with ``kernel`` [..., in, out]: kernel and any bias.

    A fan is a channel times the pixels of a window.
    """
    *window, channels, units = kernel
    fans = math.prod(window) * channels, math.prod(window) * units
    found = [Parameter(f"{name}.kernel", kernel, of_kernel, *fans)]
    if of_bias is not None:
        found.append(Parameter(f"{name}.bias", (units,), of_bias, *fans))
    return found
