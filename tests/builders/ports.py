"""The corpus of `tests/frameworks/pairs`: models in two frameworks' code, and faults to plant."""

import json
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[1] / "frameworks" / "pairs"
FILES = {"pytorch": "net_torch.py", "tensorflow": "net_keras.py"}  # that each pair has
ALL_FILES = {**FILES, "jax": "net_flax.py"}
FUNCTION = "build"


@dataclass(frozen=True, slots=True)
class Port:
    """A pair. ``shape``: of a sample, as the dataset lays it out, channels last.

    ``inputs``: images, columns, sequence [time, channels], or tokens [time] (ids below
    ``vocabulary``, as floats). ``categories``: from which column on there are ids, and below what.
    ``pairs``: by hand, one side's to the other's. ``tolerance``: to which its losses should agree
    in float64.
    """

    name: str
    inputs: str
    shape: tuple[int, ...]
    outputs: int
    loss: str
    vocabulary: int = 0
    categories: tuple[int, int] | None = None
    tolerance: float = 1e-10
    pairs: Mapping[str, str] = field(default_factory=dict, hash=False)

    def file(self, framework: str) -> Path:
        return FOLDER / self.name / ALL_FILES[framework]

    def is_written_for(self, *frameworks: str) -> bool:
        """Return whether it has a file for each of them; some pairs have one in Flax too."""
        return all(self.file(framework).is_file() for framework in frameworks)

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
    """A change of one side's file, which makes it another model; faults.toml says what is what."""

    pair: str
    side: str
    old: str
    new: str
    cause: str
    layer: str
    also: tuple[str, ...] = ()

    @property
    def port(self) -> Port:
        return next(port for port in PORTS if port.name == self.pair)

    def changed(self) -> str:
        """Return the file's text with the fault."""
        return self.port.file(self.side).read_text().replace(self.old, self.new)

    def located(self, path: str) -> bool:
        """Return whether a path of either side is where the fault is."""
        places = (self.layer, *self.also)
        return any(path == place or path.startswith(f"{place}.") for place in places)


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


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What one side's model is, and what it makes of some samples with the weights of `values`."""

    paths: frozenset[str]  # of its layers
    initial: list[NDArray[np.float64]]  # what it starts from by itself
    trained: NDArray[np.float64]  # logits in training
    gradients: list[NDArray[np.float64]]
    statistics: list[NDArray[np.float64]]  # moving ones, after the step
    evaluated: NDArray[np.float64]  # logits in evaluation

    def same(self, other: "Learned") -> bool:
        """Return whether nothing differs by more than rounding, nor in its initial constants."""
        mine, others = self._arrays(), other._arrays()
        return [each.shape for each in mine] == [each.shape for each in others] and all(
            np.allclose(a, b, 1e-12, 1e-12, equal_nan=True)
            for a, b in zip(mine, others, strict=True)
        )

    def _arrays(self) -> list[NDArray[np.float64]]:
        constants = [each * (np.ptp(each) == 0) for each in self.initial]
        return [self.trained, *self.gradients, *self.statistics, self.evaluated, *constants]


def values(initial: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Return other values of the same shapes, always the same: none is 0 or 1 by design."""
    generator = np.random.default_rng(1)
    return [0.3 * generator.standard_normal(each.shape) for each in initial]


def builder(text: str) -> Callable[[], object]:
    """Return the function that builds the model of a file's text."""
    module = ModuleType("code_of_a_pair")
    sys.modules[module.__name__] = module  # dataclasses look themselves up there
    exec(compile(text, "net.py", "exec"), module.__dict__)
    build: Callable[[], object] = getattr(module, FUNCTION)
    return build


PORTS = [_port(path.parent) for path in sorted(FOLDER.glob("*/pair.yaml"))]
FAULTS = _faults() if (FOLDER / "faults.toml").is_file() else []
