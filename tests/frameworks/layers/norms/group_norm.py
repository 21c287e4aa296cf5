"""GroupNorm: over an image's positions and a group of channels."""

from tests.frameworks.layers.norms.layer_norm import of_standard, standard

AXES = (1, 2, 4)


def grouped(layer, x):
    return x.reshape(*x.shape[:3], layer.groups, -1)


def forward(layer, x, at):
    made, _ = standard(grouped(layer, x), AXES, layer.epsilon)
    return made.reshape(x.shape) * at["gamma"] + at["beta"]


def backward(layer, x, g, at):
    made, scale = standard(grouped(layer, x), AXES, layer.epsilon)
    found = {
        "gamma": (g * made.reshape(x.shape)).sum(axis=(0, 1, 2)),
        "beta": g.sum(axis=(0, 1, 2)),
    }
    back = of_standard(grouped(layer, g * at["gamma"]), made, scale, AXES)
    return back.reshape(x.shape), found
