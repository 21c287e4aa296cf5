"""What a sweep is asked for, and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twinrun.v1 import job_pb2

from orchestrator.actions.cluster.sources import Source
from orchestrator.actions.compare import ComparisonRequest
from orchestrator.actions.repeat import Plan
from orchestrator.errors import OrchestratorError
from orchestrator.language.phrases import Sentence
from orchestrator.results.sweeps import Sweep
from orchestrator.settings.grid import Grid, each_of
from orchestrator.storage.store import Run
from orchestrator.trials.sides import Side


@dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """``jobs``: the spec of each cell of the ``grid``, by name; the rest as of a comparison.

    ``over``: the machines that train each job together.
    """

    workload: str
    grid: Grid
    jobs: Mapping[str, job_pb2.JobSpec]
    sides: Sequence[Side]
    output: Path = Path("runs")
    baseline: str | None = None
    label: str = ""
    certify: bool = True
    plan: Plan = field(default_factory=Plan)
    over: Source | None = None

    def __post_init__(self) -> None:
        """Check each cell's job of each side, before any runner is asked. Raises BadInput."""
        each_of(self.grid.cells, lambda cell: self.of_cell(self.jobs[cell.name]))

    def of_cell(self, spec: job_pb2.JobSpec) -> ComparisonRequest:
        """Return what is asked of one cell. Raises BadInput."""
        return ComparisonRequest(
            *(self.workload, spec, self.sides, self.output, self.baseline, self.label),
            certify=self.certify,
            plan=self.plan,
            over=self.over,
        )


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """A sweep's run and result, and how it ended, as `orchestrator.actions.compare.Outcome`."""

    run: Run
    found: Sweep
    faults: Sequence[Sentence]
    interrupted: bool
    ended: OrchestratorError | None
