"""Questions to a runner that it answers by a job with one event."""

import uuid
from collections.abc import Callable
from typing import Any

from twinrun.v1 import job_pb2

from orchestrator.errors import JobFailed
from orchestrator.language.phrases import Phrase, english
from orchestrator.runners.client import OWN, Client, ProcessUse
from orchestrator.runners.schedule import Listener, raise_unless_succeeded

_NO_RATES = Phrase("{framework}: the job {job_id} reported no rates.")
_NO_MODEL = Phrase("{framework}: the job {job_id} reported no model.")
_NO_TRACE = Phrase("{framework}: the job {job_id} reported no trace.")
_NO_IMAGES = Phrase("{framework}: the job {job_id} reported no images.")


def ignore(_framework: str, _event: job_pb2.JobEvent) -> None:
    """Do nothing with an event."""


def rates(client: Client, spec: job_pb2.JobSpec) -> job_pb2.MachineMeasured:
    """Measure the machine's peak rates with the device, precision and threads of ``spec``.

    Raises JobFailed.
    """
    event: job_pb2.MachineMeasured = _ask(
        client, client.measure, spec, "machine_measured", _NO_RATES
    )
    return event


def model(client: Client, spec: job_pb2.JobSpec) -> job_pb2.ModelSummarized:
    """Have the framework report the model's layers. Raises JobFailed."""
    event: job_pb2.ModelSummarized = _ask(
        client, client.summarize, spec, "model_summarized", _NO_MODEL
    )
    return event


def trace(
    client: Client,
    spec: job_pb2.JobSpec,
    process: ProcessUse = OWN,
    *,
    began: Callable[[str], None] = lambda _: None,
) -> tuple[job_pb2.ModelTraced, bytes]:
    """Have the framework trace a model of code; return its report and its file of arrays.

    ``began`` receives the job's id once it was submitted. Raises JobFailed.
    """
    submitted = client.trace(spec, uuid.uuid4().hex, process)
    began(submitted.job_id)
    event: job_pb2.ModelTraced = _answer(
        client, submitted, "model_traced", _NO_TRACE, listen=ignore
    )
    return event, client.logits(submitted.job_id)


def images(
    client: Client,
    spec: job_pb2.JobSpec,
    listen: Listener = ignore,
) -> job_pb2.ImagesPreviewed:
    """Have the framework augment some training images; ``listen`` gets its name and each event.

    Raises JobFailed.
    """
    event: job_pb2.ImagesPreviewed = _ask(
        client, client.preview, spec, "images_previewed", _NO_IMAGES, listen=listen
    )
    return event


def _ask(
    client: Client,
    submit: Callable[[job_pb2.JobSpec, str], job_pb2.Job],
    spec: job_pb2.JobSpec,
    field: str,
    nothing: Phrase,
    *,
    listen: Listener = ignore,
) -> Any:
    """Submit a job, and return its `_answer`."""
    submitted = submit(spec, uuid.uuid4().hex)
    return _answer(client, submitted, field, nothing, listen=listen)


def _answer(
    client: Client, submitted: job_pb2.Job, field: str, nothing: Phrase, *, listen: Listener
) -> Any:
    """Return the last event of kind ``field``; ``nothing`` is the message if there is none."""
    answers = []
    for event in client.watch(submitted.job_id):
        listen(client.framework, event)
        if event.HasField(field):
            answers.append(getattr(event, field))
    raise_unless_succeeded(client.job(submitted.job_id), client.framework)
    if not answers:
        raise JobFailed(english(nothing, framework=client.framework, job_id=submitted.job_id))
    return answers[-1]
