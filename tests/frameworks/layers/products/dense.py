"""Dense, with or without a bias, at each position of a sequence."""


def forward(layer, x, at):
    product = x @ at["kernel"]
    return product + at["bias"] if "bias" in at else product


def backward(layer, x, g, at):
    rows, of_rows = x.reshape(-1, x.shape[-1]), g.reshape(-1, g.shape[-1])
    found = {"kernel": rows.T @ of_rows}
    if "bias" in at:
        found["bias"] = of_rows.sum(axis=0)
    return g @ at["kernel"].T, found
