"""Models as traces report them, and what a pairing of two of them says."""

from tests.builders.traced import Sketch


def mlp(*names, fused=False):
    first, second = names
    if fused:
        return Sketch().dense(first, 4, 8, activation="relu").dense(second, 8, 3).done()
    return Sketch().dense(first, 4, 8).plain("act", "relu").dense(second, 8, 3).done()


def lenet(prefix, flat=None):
    sketch = Sketch().conv(f"{prefix}1", 1, 6).plain(f"{prefix}act", "relu")
    sketch.conv(f"{prefix}2", 6, 16).call(f"{prefix}flat", "flatten", (1024,))
    return sketch.dense(f"{prefix}3", 1024, 10, changes=flat).done()


def resnet(name, blocks=4, skipped=()):
    sketch = Sketch().conv(name("stem"), 3, 16)
    for block in range(blocks):
        if block in skipped:
            continue
        for part in "ab":
            sketch.conv(name(f"{block}{part}"), 16, 16).batch_norm(name(f"{block}{part}n"), 16)
            sketch.plain(name(f"{block}{part}r"), "relu")
    return (
        sketch.call(name("pool"), "global_average_pool2d", (16,)).dense(name("head"), 16, 10).done()
    )


def transformer(name, tied=True):
    sketch = Sketch().call(name("embed"), "embedding", (5, 8), {"table": (50, 8)})
    for block in range(2):
        sketch.layer_norm(name(f"{block}n1"), 8).attention(name(f"{block}att"), 8)
        sketch.dropout(name(f"{block}drop"), 0.1)
        sketch.layer_norm(name(f"{block}n2"), 8).dense(name(f"{block}up"), 8, 32)
        sketch.plain(name(f"{block}gelu"), "gelu").dense(name(f"{block}down"), 32, 8)
    changes = {"kernel": {"tied_to": f"{name('embed')}.table"}} if tied else None
    return sketch.dense(name("out"), 8, 50, changes=changes).done()


def names(pairing):
    return {each.name: each.second.key for each in pairing.tensors}


def paths(pairing):
    """Paths of paired layers, as pairs."""
    return [
        (pairing.first.layers[each.first].path, pairing.second.layers[each.second].path)
        for each in pairing.layers
    ]


def prefixed(letter):
    return lambda path: f"{letter}.{path}"


def own(name, part, shape, **changes):
    """A layer that only its user knows."""
    return Sketch().call(name, "", (8,), {part: shape}, changes={part: changes}).done()
