"""Images of drawn shapes, with a class at each pixel."""

import numpy as np

from orchestrator.data.samples import Samples

_KEY = 2**37 + 1  # of Philox's keys: no other use draws from it
_SAMPLES, _SIDE = 1_250, 32
_CLASSES = ("background", "disc", "square", "ring")
_GREYS = np.array([96, 128, 128, 160])  # of a disc and a square alike: their forms differ
_NOISE = 96  # on either side


def shapes() -> Samples:
    """Return grey images uint8[n, 32, 32, 1] and the class of each pixel, int32[n, 32, 32].

    On each are a disc, a square and a ring, anywhere and of any size; later ones cover earlier
    ones. The noise is larger than the greys differ, so a pixel by itself tells little.
    """
    random = np.random.Generator(np.random.Philox(key=_KEY))
    places = np.arange(_SIDE)
    classes = np.zeros((_SAMPLES, _SIDE, _SIDE), np.int32)
    for kind in ("disc", "square", "ring"):
        rows, columns = random.integers(4, _SIDE - 4, (2, _SAMPLES, 1, 1))
        size = random.integers(4, 9, (_SAMPLES, 1, 1))
        down, across = np.abs(places[:, np.newaxis] - rows), np.abs(places - columns)
        far = down**2 + across**2
        inside = {
            "disc": far <= size**2,
            "square": np.maximum(down, across) < size,
            "ring": (far <= size**2) & (far > (size // 2) ** 2),
        }[kind]
        classes[inside] = _CLASSES.index(kind)
    noise = random.integers(-_NOISE, _NOISE + 1, classes.shape)
    pixels = np.clip(_GREYS[classes] + noise, 0, 255).astype(np.uint8)
    return Samples(pixels[..., np.newaxis], classes, tokens=_CLASSES)
