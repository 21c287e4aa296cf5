"""SpatialDropout2d: one number drawn for each channel."""

from tests.frameworks.layers.elementwise.dropout import kept


def forward(layer, x, at):
    return x * kept(layer.rate, (len(x), 1, 1, x.shape[-1]), at) if at.place else x


def backward(layer, x, g, at):
    return g * kept(layer.rate, (len(x), 1, 1, x.shape[-1]), at), {}
