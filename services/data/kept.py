"""A job's data, kept for the next job of one process that has the same."""

from pathlib import Path

from twinrun.contract.enums import Precision
from twinrun.contract.spec import Dataset, JobSpec

from services.data import datasets
from services.data.source import Progress


class Kept:
    """Loads as `services.data.datasets.load`, and once only what is asked for again."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[Dataset, int, Precision], datasets.Loaded] = {}

    def load(self, spec: JobSpec, data_dir: Path, progress: Progress) -> datasets.Loaded:
        key = spec.dataset, spec.seed, spec.precision
        if key not in self._loaded:
            self._loaded[key] = datasets.load(spec, data_dir, progress)
        return self._loaded[key]
