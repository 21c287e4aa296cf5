"""Asks runners for training images, as they are and as each framework's steps get them."""

from collections.abc import Sequence

from twinrun.v1 import job_pb2

from orchestrator.data.place import blob_directory
from orchestrator.results import preview as previews
from orchestrator.results.preview import Preview
from orchestrator.results.readers.sources import Source
from orchestrator.runners import asking
from orchestrator.runners.finding import Runners
from orchestrator.runners.planning import completed
from orchestrator.runners.schedule import Listener


def preview(
    workload: str,
    asked: job_pb2.JobSpec,
    names: Sequence[str],
    runners: Runners,
    *,
    count: int = 8,
    baseline: str | None = None,
    listen: Listener = asking.ignore,
) -> Preview:
    """Return the first ``count`` training images of the spec, by each of the frameworks.

    ``workload`` names them in the sentence; ``listen`` gets a framework and each of its events.
    Raises OrchestratorError.
    """
    few = job_pb2.JobSpec()
    few.CopyFrom(asked)
    few.dataset.train_limit = count
    few.dataset.ClearField("validation_fraction")
    spec = completed(few, names, runners)
    shown = {name: asking.images(runners.get(name), spec, listen) for name in names}
    sources: list[Source] = []
    if spec.recipe == job_pb2.RECIPE_IDIOMATIC and spec.dataset.arrays.files:
        from orchestrator.data import files  # noqa: PLC0415 - only where it is needed

        read = files.read(blob_directory() / spec.dataset.arrays.sha256, count)
        sources = [Source(*each) for each in read]
    return previews.preview(workload, spec, shown, baseline, sources)
