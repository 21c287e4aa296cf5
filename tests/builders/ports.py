"""The corpus of `tests/frameworks/pairs`: one model in two frameworks' code, and its faults."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[1] / "frameworks" / "pairs"
FILES = {"pytorch": "net_torch.py", "tensorflow": "net_keras.py"}
FUNCTION = "build"


@dataclass(frozen=True, slots=True)
class Port:
    """A pair. ``shape``: of a sample, as the dataset lays it out, channels last.

    ``inputs``: images, columns, sequence [time, channels], or tokens [time] (ids below
    ``vocabulary``, as floats). ``categories``: from which column on there are ids, and below what.
    ``tolerance``: to which its losses should agree in float64.
    """

    name: str
    inputs: str
    shape: tuple[int, ...]
    outputs: int
    loss: str
    vocabulary: int = 0
    categories: tuple[int, int] | None = None
    tolerance: float = 1e-10

    def file(self, framework: str) -> Path:
        return FOLDER / self.name / FILES[framework]

    def samples(
        self, count: int, seed: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.int64] | NDArray[np.float64]]:
        """Return features [count, *shape], and targets as the loss takes them."""
        generator = np.random.default_rng(seed)
        size = (count, *self.shape)
        if self.inputs == "tokens":
            features = generator.integers(0, self.vocabulary, size).astype(np.float64)
        else:
            features = generator.standard_normal(size)
        if self.categories is not None:
            first, most = self.categories
            features[:, first:] = generator.integers(0, most, features[:, first:].shape)
        if self.loss == "softmax_cross_entropy":
            return features, generator.integers(0, self.outputs, count)
        numbers = features.reshape(count, -1)[:, : self.outputs]
        return features, (numbers > 0) * 1.0 if self.loss == "sigmoid_cross_entropy" else numbers


@dataclass(frozen=True, slots=True)
class Fault:
    """A change of one side's file that makes it another model.

    ``layer``: the path, on that side, of the first layer that computes something else; ``also``:
    paths that are as good an answer. ``cause``: empty if none of the catalogue's fits.
    """

    pair: str
    side: str
    old: str
    new: str
    cause: str
    layer: str
    also: tuple[str, ...] = ()

    def changed(self) -> str:
        """Return the file's text with the fault."""
        return by_name(self.pair).file(self.side).read_text().replace(self.old, self.new)


def _port(folder: Path) -> Port:
    """Read a pair.yaml: one JSON value a line, since frameworks' environments have no YAML."""
    lines = (folder / "pair.yaml").read_text().splitlines()
    fields = dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    values = {key: json.loads(value) for key, value in fields.items()}
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return Port(folder.name, **{**values, **lists})


def _faults() -> list[Fault]:
    rows = tomllib.loads((FOLDER / "faults.toml").read_text())["fault"]
    return [Fault(**{**row, "also": tuple(row.get("also", ()))}) for row in rows]


def by_name(name: str) -> Port:
    return next(port for port in PORTS if port.name == name)


PORTS = [_port(path.parent) for path in sorted(FOLDER.glob("*/pair.yaml"))]
FAULTS = _faults() if (FOLDER / "faults.toml").is_file() else []
