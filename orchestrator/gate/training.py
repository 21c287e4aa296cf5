"""The epochs of a training job as they arrive: every step of each, once and in order."""

import math
from collections.abc import Iterable, Sequence

from twinrun.contract.converters.events import event_from_proto
from twinrun.contract.events import EpochFinished
from twinrun.contract.metrics import ACCURACY, metric_names
from twinrun.v1 import job_pb2

from orchestrator.gate import scores, times
from orchestrator.gate.expected import Expected
from orchestrator.gate.fault import AT_MOST, FROM, Fault, require, require_from
from orchestrator.gate.times import Elapsed
from orchestrator.language.phrases import Phrase, english
from orchestrator.trials.mappings.values import seconds

_THE_NEXT = Phrase("the next one, {next}")
_AS_MANY = Phrase("{count}, as the losses are")
_BEFORE_INPUTS = Phrase("{event} arrived before inputs")
_UNASKED = Phrase("{field} arrived, which the job does not request")
_AFTER_ITS_END = Phrase(
    "steps arrived after {epochs} epochs, with which training ends by the rule of early stopping"
)
_MISSING = Phrase("{field} is missing, which the job requests")
_THE_MODELS = Phrase("the tensors of the job's model")
_OF_ITS_STEPS = Phrase("a mean of the losses of its steps, {low:.6g} to {high:.6g}")
_NOT_FINITE = Phrase("not finite, because some loss of its steps is not finite")
_ROUNDING = 1e-4


class Training:
    """``epochs``: how many have ended; ``steps``: how many were taken in all."""

    def __init__(self, expected: Expected, elapsed: Elapsed | None) -> None:
        self.inputs: job_pb2.Inputs | None = None
        self.test: job_pb2.Metrics | None = None  # of the last evaluation, or of the best epoch's
        self._values: list[float | None] = []  # that early stopping decides on
        self._stopping = expected.early_stopping
        self.epochs = self.steps = 0
        self.train_seconds = self.evaluate_seconds = 0.0
        self._expected = expected
        self._elapsed = elapsed
        self._losses: list[float] = []  # of the epoch that runs
        self._norms: list[str] | None = None

    @property
    def done(self) -> bool:
        ended = self._stopping is not None and self._stopping.ends(self._values)
        return ended or self.epochs == self._expected.spec.epochs

    def require_inputs(self, event: str) -> job_pb2.Inputs:
        """Return the inputs. Raises Fault if they have not arrived yet."""
        if self.inputs is None:
            raise Fault(english(_BEFORE_INPUTS, event=event))
        return self.inputs

    def take_inputs(self, message: job_pb2.Inputs) -> None:
        self._expected.check_inputs(message)
        self.inputs = message

    def take_steps(self, message: job_pb2.StepsFinished) -> None:
        inputs, count = self.require_inputs("steps_finished"), len(message.losses)
        _require_next("steps_finished.epoch", message.epoch, self.epochs)
        _require_next("steps_finished.first_step", message.first_step, self.steps)
        require_from("steps_finished.epoch", message.epoch, 0, self._expected.spec.epochs - 1)
        if self.done:
            raise Fault(english(_AFTER_ITS_END, epochs=self.epochs))
        require_from("len(steps_finished.losses)", count, 1, self._expected.spec.report_every_steps)
        taken = len(self._losses) + count
        most = english(AT_MOST, most=inputs.steps_per_epoch)
        require(taken <= inputs.steps_per_epoch, "steps_per_epoch", taken, most)
        self._check_details(message, count)
        self._losses += message.losses
        self.steps += count

    def _check_details(self, message: job_pb2.StepsFinished, count: int) -> None:
        if not message.HasField("details"):
            if self._expected.details:
                raise Fault(english(_MISSING, field="steps_finished.details"))
            return
        if not self._expected.spec.report_step_details:
            raise Fault(english(_UNASKED, field="steps_finished.details"))
        details = message.details
        _require_count("details.ordered_losses", details.ordered_losses, count)
        has_accuracy = ACCURACY in metric_names(self._expected.loss)
        _require_count("details.accuracies", details.accuracies, count if has_accuracy else 0)
        for norms in details.gradient_norms:
            _require_count(f"norms[{norms.parameter}]", norms.norms, count)
        self._check_norms([norms.parameter for norms in details.gradient_norms])

    def _check_norms(self, names: list[str]) -> None:
        """Require each trained tensor of the model once, in model order; some report all."""
        known = self._expected.gradients()
        sound = len(set(names)) == len(names)
        if self._norms is not None:
            sound = names == self._norms
        elif known is not None:
            sound = names in known
        require(sound, "details.gradient_norms", names, english(_THE_MODELS))
        self._norms = names

    def take_epoch(self, message: job_pb2.EpochFinished) -> None:
        inputs, steps = self.require_inputs("epoch_finished"), len(self._losses)
        _require_next("epoch_finished.epoch", message.epoch, self.epochs)
        require_from(
            "len(steps)",
            steps,
            self._expected.least_steps(inputs.train_samples),
            inputs.steps_per_epoch,
        )
        self._check_times(message, inputs, steps)
        loss = self._expected.loss
        scores.check("epoch_finished.test", message.test, inputs.test_samples, loss)
        if inputs.validation_samples:
            count = inputs.validation_samples
            scores.check("epoch_finished.validation", message.validation, count, loss)
        elif message.HasField("validation"):
            raise Fault(english(_UNASKED, field="epoch_finished.validation"))
        _check_mean(message.train_loss, self._losses)
        self._decide(message)
        self.epochs += 1
        self.train_seconds += seconds(message.train_duration)
        self.evaluate_seconds += seconds(message.evaluate_duration)
        self._losses = []

    def _decide(self, message: job_pb2.EpochFinished) -> None:
        """Follow the rule of early stopping, if there is one."""
        self._values.append(None)
        if self._stopping is not None:
            event = event_from_proto(job_pb2.JobEvent(epoch_finished=message))
            if isinstance(event, EpochFinished):
                self._values[-1] = self._stopping.value(event.validation)
        if self._stopping is None or self._stopping.kept(self._values) == self.epochs:
            self.test = message.test

    def _check_times(
        self, message: job_pb2.EpochFinished, inputs: job_pb2.Inputs, steps: int
    ) -> None:
        trained = message.train_duration
        times.require_training("epoch_finished.train_duration", trained, steps)
        for name in ("train_duration", "evaluate_duration"):
            field = f"epoch_finished.{name}"
            times.require_lived(field, getattr(message, name), self._elapsed)
        for name in ("data_wait_duration", "sync_duration"):
            times.require_part(f"epoch_finished.{name}", getattr(message, name), trained)
        least = (steps - 1) * self._expected.step_samples / seconds(trained)
        most = inputs.train_samples / seconds(trained)
        rate = message.samples_per_second
        wanted = english(FROM, low=f"{least:.6g}", high=f"{most:.6g}")
        sound = 0.99 * least <= rate <= 1.01 * most and rate > 0
        require(sound, "epoch_finished.samples_per_second", rate, wanted)


def _require_next(field: str, value: int, due: int) -> None:
    require(value == due, field, value, english(_THE_NEXT, next=due))


def _require_count(field: str, values: Sequence[float], count: int) -> None:
    require(len(values) == count, f"len({field})", len(values), english(_AS_MANY, count=count))


def _check_mean(mean: float, losses: Iterable[float]) -> None:
    """Require the epoch's value to be a mean of its steps' values. Raises Fault."""
    known = list(losses)
    field = "epoch_finished.train_loss"
    if not all(map(math.isfinite, known)):
        require(not math.isfinite(mean), field, mean, english(_NOT_FINITE))
        return
    low, high = min(known), max(known)
    slack = _ROUNDING * max(abs(low), abs(high)) + _ROUNDING
    due = english(_OF_ITS_STEPS, low=low, high=high)
    require(low - slack <= mean <= high + slack, field, mean, due)
