"""Resampling of training images on the device, by the maps that NumPy drew."""

from collections.abc import Callable, Mapping

import torch
from torch.nn import functional
from twinrun.contract.spec import JobSpec

from services.model.augmentation import TRANSFORMS, background, wanted

# Images [batch, h, w, c] and their drawn maps; returns images of the same shape.
Augment = Callable[[torch.Tensor, Mapping[str, torch.Tensor]], torch.Tensor]


def augment(spec: JobSpec, images: torch.Tensor) -> Augment:
    """Return the job's augmentation of its training ``images`` [n, h, w, c], a batch at a time."""
    if not wanted(spec):
        return lambda batch, _: batch
    resampled = _Resampling(images, background(spec.dataset.normalization))
    return lambda batch, drawn: resampled(batch, drawn[TRANSFORMS])


class _Resampling:
    """Bilinear, by `grid_sample`: the one kernel that does it in one pass.

    It takes positions as fractions of the image's size, which float32 does not hold exactly unless
    that is a power of two. So images are put into a square of such a size.
    """

    def __init__(self, images: torch.Tensor, fill: float) -> None:
        _, height, width, _ = images.shape
        side = 2 ** (max(height, width) + 1).bit_length()  # leaves background on every side
        left, top = (side - width) // 2, (side - height) // 2
        self._around = left, side - width - left, top, side - height - top
        self._fill = fill
        # The centre of an odd-sized image, relative to that of the square.
        off = [[0.0, 0.0, -(width % 2) / 2], [0.0, 0.0, -(height % 2) / 2]]
        self._scale = 2 / side
        self._off = images.new_tensor(off) * self._scale
        self._right = torch.arange(width).to(images) - (width - 1) / 2
        self._down = (torch.arange(height).to(images) - (height - 1) / 2)[:, None]

    def __call__(self, images: torch.Tensor, transforms: torch.Tensor) -> torch.Tensor:
        """Resample ``images`` [batch, h, w, c] by inverse ``transforms`` [batch, 2, 3].

        The transforms are in pixels.
        """
        maps = torch.add(self._off, transforms, alpha=self._scale)[..., None, None]
        along, down, moved = maps.unbind(2)  # [batch, 2, 1, 1] each
        places = torch.addcmul(moved, along, self._right) + down * self._down  # [batch, 2, h, w]
        laid = functional.pad(images.permute(0, 3, 1, 2), self._around, value=self._fill)
        found = functional.grid_sample(
            laid, places.permute(0, 2, 3, 1), padding_mode="border", align_corners=False
        )
        return found.permute(0, 2, 3, 1)
