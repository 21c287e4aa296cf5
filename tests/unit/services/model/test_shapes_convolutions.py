"""The shapes that transposed and grouped convolutions make, and what does not fit them."""

import math

import pytest
from twinrun.contract.layers import Conv1d, Conv2d, Conv2dTranspose, Dense, Flatten

from services.model import shapes


@pytest.mark.parametrize(
    ("layer", "made"),
    [
        (Conv2dTranspose(5, size=2, stride=2), (8, 10)),
        (Conv2dTranspose(5), (6, 7)),
        (Conv2dTranspose(5, stride=2, padding=1, output_padding=1), (8, 10)),
        (Conv2dTranspose(5, size=4, stride=3, same=True), (12, 15)),
        (Conv2dTranspose(5, size=2, stride=3, same=True), (12, 15)),
        (Conv2dTranspose(5, size_2d=(1, 4), stride_2d=(2, 1)), (7, 8)),
    ],
    ids=str,
)
def test_a_transposed_convolution_makes_what_a_convolution_of_it_takes(layer, made) -> None:
    shape = (4, 5, 3)
    assert shapes.output_shapes((layer,), shape) == [(*made, 5)]
    back = Conv2d(3, layer.size, layer.stride, layer.padding, same=layer.same)
    if not layer.size_2d:
        assert shapes.output_shapes((back,), (*made, 5)) == [shape]
    kernel, bias = shapes.parameters((layer,), shape)
    size = layer.size_2d or (layer.size,) * 2
    window = math.prod(size)
    assert (kernel.shape, kernel.fan_in, kernel.fan_out, bias.shape) == (
        *((*size, 5, 3), 3 * window, 5 * window),
        (5,),
    )
    assert shapes.multiplications((layer,), shape) == [math.prod((*kernel.shape, 4, 5))]


@pytest.mark.parametrize(
    ("layer", "shape", "why"),
    [
        (Conv2dTranspose(5, padding=4), (2, 2, 1), "cuts off all that it makes of 2x2"),
        (Conv2dTranspose(5), (4, 3), "takes images, but gets sequences"),
        (Conv1d(5, groups=2), (4, 3), "2 groups, which do not divide 3 channels and 5 filters"),
    ],
)
def test_other_convolutions_say_what_does_not_fit(layer, shape, why) -> None:
    (found, *_) = shapes.violations((layer, Flatten(), Dense(3)), shape, (3,), 0)
    assert why in found.message
