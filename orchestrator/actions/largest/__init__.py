"""Try batches on each side, each in a fresh process: that one does not fit is an answer."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from twinrun.contract.converters.failures import failure_from_status
from twinrun.contract.reasons import Reason
from twinrun.v1 import job_pb2

from orchestrator.actions.request import Request
from orchestrator.certificate.takes import first_steps
from orchestrator.errors import BadInput, OrchestratorError
from orchestrator.language.phrases import Phrase, Sentence, english, say, stored
from orchestrator.language.words import label, memory
from orchestrator.results.largest import Largest, Tried, find
from orchestrator.runners.client import OWN, Client
from orchestrator.runners.finding import Runners
from orchestrator.runners.planning import completed
from orchestrator.runners.progress import Display
from orchestrator.runners.schedule import hurried, raise_unless_succeeded
from orchestrator.trials.sides import Side, as_flag

_STEPS = 4  # of a try: the first ones, and some after everything was allocated
_SHARE = 0.8  # of what is free: the rest is for processes that runners keep ready
_TRYING = Phrase("{side}: a batch of {size:,}")
_FITS = Phrase("{side}: a batch of {size:,} fits, {memory}")
_DOES_NOT = Phrase("{side}: a batch of {size:,} does not fit")
_OVER = Phrase("its peak of {peak} was over the limit of {limit}")
_NOT_FREE = Phrase(
    "The {framework} runner does not report how much memory is free, so no limit can be kept "
    "there. Use a runner of this version on Linux."
)


_SOUGHT = Phrase(
    "--side {side!r} sets batch_size, which is what is sought; leave it out. --batch-size is where "
    "all sides begin."
)


@dataclass(frozen=True, kw_only=True)
class LargestRequest(Request):
    """``memory``: bytes that a try may have resident; None: a share of what is free.

    ``within``: how far above the answer a batch that does not fit may be, a fraction.
    """

    memory: int | None = None
    within: float = 0.05

    def __post_init__(self) -> None:
        """Check as for any request, and that no side sets what is sought. Raises BadInput."""
        for side in self.sides:
            if "batch_size" in dict(side.changes):
                raise BadInput(english(_SOUGHT, side=as_flag(side.name)))
        super().__post_init__()


def largest(
    request: LargestRequest, runners: Runners, display: Display
) -> tuple[list[Largest], int]:
    """Return each side's largest batch, and the limit of a try's memory in bytes.

    Raises BadInput if a runner cannot keep a limit, JobFailed if a try fails for another reason
    than memory, OrchestratorError.
    """
    runners.prepare(request.runner_names)
    spec = completed(request.spec, request.runner_names, runners)
    for side in request.sides:
        if side.changes:
            completed(side.spec(spec), [side.runner], runners)
    free = _free(request.runner_names, runners)
    limit = max(1, int(_SHARE * free)) if request.memory is None else request.memory
    found = list[Largest]()
    for side in request.sides:
        own = side.spec(spec)
        tries = _Tries(side, own, limit, runners.get(side.runner), display)
        found.append(find(side.name, own.batch_size, request.within, tries.attempt))
    display.stage("")
    return found, limit


def _free(frameworks: Sequence[str], runners: Runners) -> int:
    """Return what is free where the runners are, in bytes. Raises BadInput if one cannot tell."""
    known = list[int]()
    for name in frameworks:
        info = runners.get(name).info()
        if not info.HasField("free_memory_bytes"):
            raise BadInput(english(_NOT_FREE, framework=label(name)))
        known.append(info.free_memory_bytes)
    return min(known)


@dataclass(frozen=True, slots=True)
class _Tries:
    """Tries batches of a side's ``spec``, each job with a ``limit`` of memory in bytes."""

    side: Side
    spec: job_pb2.JobSpec
    limit: int
    client: Client
    display: Display

    def attempt(self, size: int) -> Tried:
        """Train a few steps with batches of that size."""
        names = {"side": label(self.side.name), "size": size}
        self.display.stage(say(_TRYING, **names))
        spec = first_steps(self.spec)
        spec.batch_size, spec.steps_per_epoch_limit = size, _STEPS
        job = self.client.train(spec, uuid.uuid4().hex, OWN, self.limit)
        samples, used = 0, job_pb2.ResourcesUsed()
        try:
            for event in self.client.watch(job.job_id):
                if event.HasField("inputs"):
                    samples = event.inputs.train_samples
                if event.HasField("resources_used"):
                    used = event.resources_used
        except KeyboardInterrupt:
            with hurried(self.client, self.display.say), suppress(OrchestratorError):
                self.client.cancel(job.job_id)
            raise
        why = self._why(self.client.job(job.job_id), used)
        peak = used.peak_device_memory_bytes or used.peak_memory_bytes or None
        told = memory(peak) if peak else ""
        self.display.say(say(_DOES_NOT if why else _FITS, **names, memory=told))
        return Tried(size, why, peak, samples)

    def _why(self, ended: job_pb2.Job, used: job_pb2.ResourcesUsed) -> Sentence | None:
        """Return why it does not fit; None: it does. Raises JobFailed if it ended otherwise."""
        failure = failure_from_status(ended.error)
        killed = failure.metadata.get("signal") == "SIGKILL"  # as the kernel does
        died = failure.reason == Reason.CHILD_DIED and killed
        if died or failure.reason == Reason.OUT_OF_MEMORY:
            return stored(ended.error.message)
        raise_unless_succeeded(ended, self.client.framework)
        if used.peak_memory_bytes > self.limit:  # between two looks of the runner
            sizes = {"peak": memory(used.peak_memory_bytes), "limit": memory(self.limit)}
            return english(_OVER, **sizes)
        return None
