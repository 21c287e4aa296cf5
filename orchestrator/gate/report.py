"""The gate that every event of a job passes: a machine of what may come next.

It knows what the job's spec implies and what has arrived, and admits what is possible. Texts leave
it cleaned. A refusal is a `WrongReport`, one sentence.
"""

from collections.abc import Callable, Mapping
from typing import Any

from twinrun.v1 import job_pb2

from orchestrator.gate import others
from orchestrator.gate.expected import expected
from orchestrator.gate.fault import AT_MOST, ONE_OF, Fault, Origin, require
from orchestrator.gate.files import (
    Download,
    File,
    logits_file,
    require_digest,
    trace_file,
    weights_file,
)
from orchestrator.gate.states import AGAIN, ENDED, FAILED, Phases, States, name, phase_name
from orchestrator.gate.times import Elapsed, require_sum
from orchestrator.gate.training import Training
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.trials.mappings import values
from orchestrator.trials.text import clean_message

_MOST_PROGRESS = 10_000  # four a second, for 40 minutes
_THE_NEXT = Phrase("the next one, {next}")
_NO_KIND = Phrase("event {sequence} is of a kind unknown to this orchestrator")
_UNDUE = Phrase("{event} arrived, which a {kind} does not report")
_TOO_EARLY = Phrase("{event} arrived before the job's epochs had ended")
_NO_MODEL = Phrase("logits_saved arrived before model_traced")
_WITHOUT = Phrase("the job is reported as succeeded, without {missing}")
_CUT_OFF = Phrase("its report ended before the job did")
_NOT_ANNOUNCED = Phrase("{file} were never announced")
_AS_REPORTED = Phrase("{state}, according to its events")
_AS_SAVED = Phrase("{digest}, the digest of the initial weights")
_NONE = Phrase("none, because the order of batches is the framework's own")
_EPOCHS = Phrase("all of its epochs")
_THE_WEIGHTS = Phrase("weights_saved of both")
_INITIAL, _FINAL = job_pb2.WEIGHTS_KIND_INITIAL, job_pb2.WEIGHTS_KIND_FINAL
_TRAIN, _TRACE = job_pb2.JOB_KIND_TRAIN, job_pb2.JOB_KIND_TRACE

_ANY = {"state_changed", "phase_started", "phase_finished", "download_progress"}
_TRIAL = _ANY | {"environment", "inputs", "weights_saved", "logits_saved", "resources_used"}
# What each kind of job reports, and what it cannot have succeeded without.
_REPORTS: Mapping[int, set[str]] = {
    _TRAIN: _TRIAL | {"steps_finished", "epoch_finished", "evaluation_finished", "profiled"},
    job_pb2.JOB_KIND_EVALUATE: _TRIAL | {"evaluation_finished"},
    job_pb2.JOB_KIND_SUMMARIZE: _ANY | {"model_summarized"},
    job_pb2.JOB_KIND_MEASURE: _ANY | {"machine_measured"},
    job_pb2.JOB_KIND_PREVIEW: _ANY | {"images_previewed"},
    _TRACE: _ANY | {"model_traced", "logits_saved"},
}
_NEEDS: Mapping[int, tuple[str, ...]] = {
    _TRAIN: ("environment", "inputs", "weights_saved", "logits_saved"),
    job_pb2.JOB_KIND_EVALUATE: ("environment", "inputs", "evaluation_finished", "logits_saved"),
    job_pb2.JOB_KIND_SUMMARIZE: ("model_summarized",),
    job_pb2.JOB_KIND_MEASURE: ("machine_measured",),
    job_pb2.JOB_KIND_PREVIEW: ("images_previewed",),
    _TRACE: ("model_traced", "logits_saved"),
}
_SEVERAL = _ANY | {"steps_finished", "epoch_finished", "weights_saved"}


class Gate:
    """The gate of one job of one runner.

    ``elapsed``: seconds since it was submitted; None: somebody else submitted it. Only our own job
    must report everything that a job reports today.
    """

    def __init__(self, origin: Origin, job: job_pb2.Job, elapsed: Elapsed | None) -> None:
        """Create a gate. Raises WrongReport if the job itself is impossible."""
        self._origin = origin
        self._job = job
        self._kind = job.kind
        self.ours = elapsed is not None
        self._elapsed = elapsed
        with self._origin.telling():
            self._expected = expected(job.spec)
        self.sequence = 0
        self.passing = False  # whether an event is, or was when Ctrl-C struck
        self._states = States()
        self._phases = Phases(elapsed)
        self._training = Training(self._expected, elapsed)
        self._came = dict[str, int]()
        self._files = dict[str | int, File]()
        self._traced: job_pb2.ModelTraced | None = None
        self._looks: Mapping[str, Callable[[Any], None]] = {
            "state_changed": self._change,
            "phase_started": self._phases.start,
            "phase_finished": self._finish,
            "download_progress": self._download,
            "inputs": self._take_inputs,
            "steps_finished": self._training.take_steps,
            "epoch_finished": self._training.take_epoch,
            "evaluation_finished": self._evaluated,
            "weights_saved": self._announce_weights,
            "logits_saved": self._announce_logits,
            "profiled": self._profiled,
            "model_summarized": others.check_model,
            "machine_measured": others.check_measured,
            "images_previewed": lambda message: others.check_images(message, self._expected),
            "model_traced": self._take_model,
            "environment": lambda message: others.check_cores("environment.", message),
            "resources_used": self._check_memory,
        }

    def anew(self) -> "Gate":
        """Return a gate that nothing has passed."""
        return Gate(self._origin, self._job, self._elapsed)

    def admit(self, event: job_pb2.JobEvent) -> job_pb2.JobEvent:
        """Return the event with its texts cleaned. Raises WrongReport."""
        self.passing = True
        with self._origin.telling():
            due = self.sequence + 1
            require(event.sequence == due, "sequence", event.sequence, english(_THE_NEXT, next=due))
            values.check(event)
            clean_message(event)
            self._admit(event)
        self.sequence = event.sequence
        self.passing = False
        return event

    def end(self, job: job_pb2.Job) -> None:
        """Compare the end of the events with what the runner says about the job.

        Raises WrongReport if they do not fit.
        """
        with self._origin.telling():
            if self._states.state in ENDED:
                due = english(_AS_REPORTED, state=name(self._states.state))
                require(job.state == self._states.state, "job.state", name(job.state), due)
            elif job.state not in FAILED:  # a restarted runner may have lost events
                raise Fault(english(_CUT_OFF))

    @property
    def ended(self) -> bool:
        return self._states.state in ENDED

    def download(self, kind: int | None = None) -> Download:
        """Start a download of weights, by kind, or logits.

        Raises WrongReport if none was announced.
        """
        with self._origin.telling():
            file = self._files.get("logits" if kind is None else kind)
            if file is None:
                wanted = "logits" if kind is None else job_pb2.WeightsKind.Name(kind)
                raise Fault(english(_NOT_ANNOUNCED, file=wanted))
        return Download(self._origin, file)

    def _admit(self, event: job_pb2.JobEvent) -> None:
        kind = event.WhichOneof("event")
        if kind is None:
            raise Fault(english(_NO_KIND, sequence=event.sequence))
        if kind not in _REPORTS.get(self._kind, _ANY):
            raise Fault(english(_UNDUE, event=kind, kind=job_pb2.JobKind.Name(self._kind)))
        if kind != "state_changed" or self.ended:
            self._states.require_running(kind)
        if self._came.get(kind) and kind not in _SEVERAL:
            raise Fault(english(AGAIN, event=kind))
        self._came[kind] = self._came.get(kind, 0) + 1
        self._looks[kind](getattr(event, kind))

    def _change(self, message: job_pb2.StateChanged) -> None:
        self._states.change(message)
        if message.state == job_pb2.JOB_STATE_SUCCEEDED and self.ours:
            self._require_complete()

    def _finish(self, message: job_pb2.PhaseFinished) -> None:
        self._phases.finish(message)
        self._check_phase(message)

    def _download(self, message: job_pb2.DownloadProgress) -> None:
        count, most = self._came["download_progress"], english(AT_MOST, most=_MOST_PROGRESS)
        require(count <= _MOST_PROGRESS, "len(download_progress)", count, most)
        others.check_download(message)

    def _take_inputs(self, message: job_pb2.Inputs) -> None:
        self._training.take_inputs(message)
        self._check_digests(message)

    def _evaluated(self, message: job_pb2.EvaluationFinished) -> None:
        samples = self._training.require_inputs("evaluation_finished").test_samples
        others.check_evaluation(message, samples, self._expected.loss, self._elapsed)
        self._training.test = message.test

    def _take_model(self, message: job_pb2.ModelTraced) -> None:
        others.check_traced(message)
        self._traced = message

    def _announce_logits(self, message: job_pb2.LogitsSaved) -> None:
        if self._kind == _TRACE:
            if self._traced is None:
                raise Fault(english(_NO_MODEL))
            self._files["logits"] = trace_file(message, self._traced)
            return
        self._require_trained("logits_saved")
        inputs = self._training.require_inputs("logits_saved")
        self._files["logits"] = logits_file(message, self._expected, inputs, self._training.test)

    def _check_memory(self, message: job_pb2.ResourcesUsed) -> None:
        if message.HasField("memory"):
            others.check_memory(message, self._training.require_inputs("resources_used"))

    def _profiled(self, message: job_pb2.Profiled) -> None:
        self._require_trained("profiled")
        others.check_profile(message)

    def _check_phase(self, message: job_pb2.PhaseFinished) -> None:
        if self._kind != _TRAIN:
            return
        if message.phase == job_pb2.PHASE_TRAIN:
            self._require_trained("phase_finished(PHASE_TRAIN)")
            parts = self._training.train_seconds
        elif message.phase == job_pb2.PHASE_EVALUATE:
            parts = self._training.evaluate_seconds
        else:
            return
        require_sum(f"phase_finished({phase_name(message.phase)})", message.duration, parts)

    def _announce_weights(self, message: job_pb2.WeightsSaved) -> None:
        field = f"weights_saved({job_pb2.WeightsKind.Name(message.kind)})"
        if message.kind != _INITIAL:
            wanted = english(ONE_OF, known="WEIGHTS_KIND_INITIAL, WEIGHTS_KIND_FINAL")
            require(message.kind == _FINAL, "weights_saved.kind", message.kind, wanted)
            self._require_trained(field)
        if message.kind in self._files:
            raise Fault(english(AGAIN, event=field))
        self._files[message.kind] = weights_file(message, self._expected)
        self._check_initial()

    def _check_digests(self, message: job_pb2.Inputs) -> None:
        require_digest("inputs.data_sha256", message.data_sha256)
        require_digest("inputs.initial_weights_sha256", message.initial_weights_sha256)
        if self._expected.draws_alike:
            require_digest("inputs.batch_order_sha256", message.batch_order_sha256)
        else:
            order = message.batch_order_sha256
            require(not order, "inputs.batch_order_sha256", order, english(_NONE))
        if self._expected.matched and self._expected.augments:
            require_digest("inputs.augmentation_sha256", message.augmentation_sha256)
        self._check_initial()

    def _check_initial(self) -> None:
        """Check that the inputs are those that were saved, once both are known. Raises Fault."""
        saved, inputs = self._files.get(_INITIAL), self._training.inputs
        if saved is not None and inputs is not None:
            digest = inputs.initial_weights_sha256
            due = english(_AS_SAVED, digest=saved.sha256)
            require(digest == saved.sha256, "inputs.initial_weights_sha256", digest, due)

    def _require_trained(self, event: str) -> None:
        if self._kind == _TRAIN and not self._training.done:
            raise Fault(english(_TOO_EARLY, event=event))

    def _require_complete(self) -> None:
        """Raise Fault if something is missing that a job of its kind reports."""
        missing: list[Sentence | str] = [e for e in _NEEDS[self._kind] if not self._came.get(e)]
        if self._kind == _TRAIN:
            if not self._training.done:
                missing.append(english(_EPOCHS))
            if not {_INITIAL, _FINAL} <= self._files.keys():
                missing.append(english(_THE_WEIGHTS))
            if self._expected.spec.profile and not self._came.get("profiled"):
                missing.append("profiled")
            due = {job_pb2.PHASE_TRAIN, job_pb2.PHASE_EVALUATE} - {*self._phases.finished}
            missing += [f"phase_finished({phase_name(phase)})" for phase in sorted(due)]
        missing += [f"phase_finished({phase_name(phase)})" for phase in self._phases.running]
        if missing:
            raise Fault(english(_WITHOUT, missing=missing[0]))
