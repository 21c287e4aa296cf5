"""How each training image changes in each epoch: the same in every framework.

An image is mirrored, rotated and scaled about its centre, and then shifted. A framework needs the
inverse map: for each pixel of the result, the position in the image that it comes from.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.spec import Augmentation, JobSpec, Normalization

TRANSFORMS = "transforms"  # as in `services.trial.chunks.Chunk.drawn`

# Positions are sums of these and of half pixels. With this many bits after the point, float32
# holds every such sum of an image of up to about 100 pixels exactly, in any order.
_UNIT = 2.0**-15


def wanted(spec: JobSpec) -> bool:
    """Return whether the job augments its training images at all."""
    return spec.augmentation != Augmentation()


def transforms(spec: JobSpec, shape: Sequence[int], epoch: int) -> NDArray[np.float64]:
    """Return the inverse maps of one epoch (from 0), float64[n, 2, 3], for ``shape`` [n, h, w, c].

    ``[[a, b, c], [d, e, f]]``: the pixel u to the right of the image's centre and v below it comes
    from a * u + b * v + c to the right and d * u + e * v + f below.
    """
    samples, height, width = shape[:3]
    augmentation = spec.augmentation
    # Keys of their own: those of synthetic data begin at 2**33.
    generator = np.random.Generator(np.random.Philox(key=[spec.seed, 2**34 + epoch]))
    mirrored, *others = generator.random((samples, 5)).T
    turned, right, down, larger = (2 * drawn - 1 for drawn in others)
    sign = np.where(mirrored < augmentation.flip, -1.0, 1.0)
    angle = np.radians(augmentation.rotation_degrees) * turned  # anticlockwise
    right *= augmentation.width_shift * width
    down *= augmentation.height_shift * height
    size = 1 + augmentation.zoom * larger
    a, b = sign * np.cos(angle) / size, -sign * np.sin(angle) / size
    d, e = np.sin(angle) / size, np.cos(angle) / size
    rows = [a, b, -(a * right + b * down), d, e, -(d * right + e * down)]
    return np.rint(np.stack(rows, -1) / _UNIT).reshape(samples, 2, 3) * _UNIT


def background(normalization: Normalization) -> float:
    """Return the value outside an image: pixel 0, normalised."""
    return -normalization.mean / normalization.std


def digest(spec: JobSpec, shape: Sequence[int]) -> str:
    """Hash the maps of all epochs as little-endian float64: SHA-256, hexadecimal. Empty without."""
    if not wanted(spec):
        return ""
    sha256 = hashlib.sha256()
    for epoch in spec.epoch_numbers:
        sha256.update(transforms(spec, shape, epoch).astype("<f8").tobytes())
    return sha256.hexdigest()
