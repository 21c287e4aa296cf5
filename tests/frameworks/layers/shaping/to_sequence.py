"""ToSequence."""


def forward(layer, x, at):
    return x.reshape(len(x), -1, x.shape[-1])


def backward(layer, x, g, at):
    return g.reshape(x.shape), {}
