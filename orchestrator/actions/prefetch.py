"""Fetches the data of workloads before anyone needs it, on the machine of each runner."""

from collections.abc import Mapping, Sequence

from twinrun.v1 import job_pb2

from orchestrator.actions.preview import preview
from orchestrator.errors import JobFailed
from orchestrator.language.phrases import Sentence, english, join
from orchestrator.language.words import LINES, OF
from orchestrator.runners.finding import Runners
from orchestrator.runners.progress import Display

_GENERATED = "synthetic"  # needs no file


def prefetch(
    specs: Mapping[str, job_pb2.JobSpec],
    names: Sequence[str],
    runners: Runners,
    display: Display,
) -> list[str]:
    """Have each framework read each dataset of ``specs``, and so fetch what is missing.

    Every framework is thereby imported once. Returns the datasets. Raises JobFailed, after all of
    them were tried, for those that cannot be had.
    """
    runners.prepare(names)
    asked = {spec.dataset.name: spec for spec in specs.values() if _is_published(spec)}
    faults = list[Sentence]()
    for dataset, spec in asked.items():
        try:
            preview(dataset, spec, names, runners, count=1, listen=display.event)
        except JobFailed as error:
            faults.append(english(OF, name=dataset, what=error.message))
    if faults:
        raise JobFailed(join(LINES, faults))
    return list(asked)


def _is_published(spec: job_pb2.JobSpec) -> bool:
    return spec.dataset.name != _GENERATED and not spec.dataset.HasField("arrays")
