"""A job's data, kept for the next job of one process that has the same."""

from pathlib import Path

from twinrun.contract.enums import Precision
from twinrun.contract.spec import Dataset, JobSpec

from services.data import datasets
from services.data.source import Progress


class Kept:
    """The data of earlier jobs, so that what is asked for again is loaded once only."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[Dataset, int, Precision], datasets.Loaded] = {}

    def load(self, spec: JobSpec, data_dir: Path, progress: Progress) -> datasets.Loaded:
        """Load the data that ``spec`` names, or give what was loaded for it before."""
        key = spec.dataset, spec.seed, spec.precision
        if key not in self._loaded:
            self._loaded[key] = datasets.load(spec, data_dir, progress)
        return self._loaded[key]
