"""A network of layers in plain NumPy, float64: forward, and backward by the chain rule."""

import itertools

import numpy as np
from twinrun.contract.layers import BatchNorm, Concat, Embedding, Repeat, Residual

from services.model.shapes import trained_layers
from tests.frameworks.layers import KINDS
from tests.frameworks.layers.at import At
from tests.frameworks.layers.norms import batch_norm


class Pass:
    """One pass of a batch. ``logits``; after `backward` the ``gradients`` by name.

    In training ``place`` is the epoch and the first position of the batch in it: batches are
    normalised by their own statistics, and values drop out.
    """

    def __init__(self, spec, weights, images, place=None):
        self._spec, self._weights, self._place = spec, weights, place
        self._numbers = itertools.count()
        self._normalised = []  # batch norms: layer, input, position
        self.gradients = {}
        first = spec.layers[0]
        padding = first.padding if isinstance(first, Embedding) else None
        self._counted = None if padding is None else np.asarray(images) != padding
        x = np.asarray(images, np.float64)
        logits, back = self._chain(trained_layers(spec.layers), x, "layers")
        kept = np.ones(logits.shape[:-1])  # a padded step's logits are 0
        if self._counted is not None and logits.ndim == 3:
            kept = self._counted.astype(np.float64)
        self.logits = logits * kept[..., None]
        self.backward = lambda g: back(g * kept[..., None])

    def keep(self):
        """Move the moving statistics towards the batch's."""
        for layer, x, at in self._normalised:
            batch_norm.keep(layer, x, at)

    def _chain(self, layers, x, name):
        """Return what layers make of x, and what makes of its gradient that of x."""
        backs = []
        for index, layer in enumerate(layers):
            x, back = self._layer(layer, x, f"{name}.{index}")
            backs.append(back)
        return x, _reversed(backs)

    def _layer(self, layer, x, name):
        if isinstance(layer, Residual):
            made, of_made = self._chain(layer.layers, x, f"{name}.layers")
            added, of_added = self._chain(layer.shortcut, x, f"{name}.shortcut")
            return made + added, lambda g: of_made(g) + of_added(g)
        if isinstance(layer, Concat):
            ways = [
                self._chain(branch.layers, x, f"{name}.branches.{number}")
                for number, branch in enumerate(layer.branches)
            ]
            made, backs = zip(*ways, strict=True)
            ends = np.cumsum([part.shape[-1] for part in made])
            return np.concatenate(made, axis=-1), lambda g: sum(
                back(part)
                for back, part in zip(backs, np.split(g, ends[:-1], axis=-1), strict=True)
            )
        if isinstance(layer, Repeat):
            backs = []
            for time in range(layer.times):
                x, back = self._chain(layer.layers, x, f"{name}.{time}")
                backs.append(back)
            return x, _reversed(backs)
        return self._leaf(layer, x, name)

    def _leaf(self, layer, x, name):
        at = At(self._spec, name, next(self._numbers), self._weights, self._place, self._counted)
        if isinstance(layer, BatchNorm):
            self._normalised.append((layer, x, at))

        def back(g):
            g, of_parts = KINDS[type(layer)].backward(layer, x, g, at)
            self.gradients |= {f"{name}.{part}": found for part, found in of_parts.items()}
            return g

        return KINDS[type(layer)].forward(layer, x, at), back


def _reversed(backs):
    def back(g):
        for each in reversed(backs):
            g = each(g)
        return g

    return back
