"""How many outputs a model of layers has."""

from collections.abc import Sequence

from twinrun.contract.layers import CustomDense, Dense, Layer, Leaf
from twinrun.contract.nesting import Place, through


def outputs(layers: Sequence[Layer]) -> int:
    """Return the units of the last dense layer, of a concat those of all branches; 0: none."""
    return through(layers, 0, _Units())


class _Units:
    """A `Walk` of them."""

    def run(self, leaves: Sequence[tuple[Place, Leaf]], units: int) -> int:
        dense = [leaf for _, leaf in leaves if isinstance(leaf, Dense | CustomDense)]
        return dense[-1].units if dense else units

    def total(self, _: Place, made: int, shortcut: int) -> int:
        return max(made, shortcut)

    def beside(self, _: Place, made: Sequence[int]) -> int:
        return sum(made)
