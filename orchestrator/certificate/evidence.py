"""A trial's output that shows which arithmetic it did, read back from its run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray
from twinrun.contract.regularization import ClipByGlobalNorm, ClipByValue
from twinrun.contract.spec import JobSpec

from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, Sentence, english
from orchestrator.storage.store import Run
from orchestrator.trials.trial import Trial

_INITIAL = Phrase("initial weights of {trial}")
_WEIGHTS = Phrase("weights of {trial}")
_LOGITS = Phrase("logits of {trial}")
_AGAIN = Phrase("logits of the weights of {trial} in {framework}")
_NOT_SAFETENSORS = Phrase("The {what} are not a safetensors file: {error}.")
_NO_SPEC = Phrase("The run does not have the job spec of {trial}; make the run again.")
_NO_LOGITS = Phrase("The {what} lack logits or labels.")

Tensors = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A trial, and its output besides its events.

    Weights by canonical name, in model order; ``logits`` of the test samples, float[samples,
    classes]; ``validation_logits`` of the validation samples, None if there are none. ``again``:
    the test logits that each framework computed from the saved final weights.
    """

    trial: Trial
    initial_weights: Tensors
    weights: Tensors
    logits: NDArray[np.floating]
    validation_logits: NDArray[np.floating] | None = None
    again: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)

    @property
    def job(self) -> JobSpec:
        """The trial's job. Raises RunUnreadable if the run does not have it."""
        if self.trial.spec is None:
            raise RunUnreadable(english(_NO_SPEC, trial=self.trial.name))
        return self.trial.spec


def evidence(run: Run, trial: Trial, frameworks: Sequence[str] = ()) -> Evidence:
    """Read it, with the logits of ``frameworks`` from the saved weights, as far as they exist.

    Raises RunNotFound if the trial left no weights, RunUnreadable.
    """
    side, number = trial.framework, trial.number
    tensors = _tensors(run.logits(side, number), english(_LOGITS, trial=trial.name))
    if not {"logits", "labels"} <= tensors.keys():
        raise RunUnreadable(english(_NO_LOGITS, what=english(_LOGITS, trial=trial.name)))
    again = {name: run.logits_again(name, side) for name in frameworks}
    code = trial.spec.code if trial.spec else None
    names = [tensor.name for tensor in code.tensors] if code else []
    initial, final = run.initial_weights(side, number), run.weights(side, number)
    return Evidence(
        trial,
        _tensors(initial, english(_INITIAL, trial=trial.name), names),
        _tensors(final, english(_WEIGHTS, trial=trial.name), names),
        tensors["logits"],
        tensors.get("validation_logits"),
        {
            name: logits(content, english(_AGAIN, trial=trial.name, framework=name))[0]
            for name, content in again.items()
            if content is not None
        },
    )


def logits(
    content: bytes, name: str | Sentence
) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
    """Return logits [samples, outputs] and labels of a safetensors file.

    Labels are classes int64[samples], or float[samples, outputs].

    Raises RunUnreadable.
    """
    what = name if isinstance(name, Sentence) else english(_LOGITS, trial=name)
    tensors = _tensors(content, what)
    if not {"logits", "labels"} <= tensors.keys():
        raise RunUnreadable(english(_NO_LOGITS, what=what))
    labels: NDArray[np.generic] = tensors["labels"]
    return tensors["logits"], labels.astype(np.int64) if labels.ndim == 1 else labels


def _tensors(content: bytes, what: Sentence, names: Sequence[str] = ()) -> Tensors:
    """Return tensors in model order: that of ``names``, or else of `_place`.

    Safetensors sorts by size and name.
    """
    try:
        tensors = safetensors.numpy.load(content)
    except safetensors.SafetensorError as error:
        raise RunUnreadable(english(_NOT_SAFETENSORS, what=what, error=error)) from error
    order = {name: index for index, name in enumerate(names)}
    known = {name: tensors[name] for name in order if name in tensors}
    rest = ((name, tensors[name]) for name in tensors if name not in order)
    return known | dict(sorted(rest, key=lambda item: _place(item[0])))


_PARTS = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")


def _place(name: str) -> tuple[list[tuple[int, str]], int, str]:
    """Sort ``layers.3.kernel`` before ``layers.3.bias`` before ``layers.10.kernel``."""
    layer, _, part = name.rpartition(".")
    way = [(int(s), "") if s.isdecimal() else (0, s) for s in layer.split(".")]
    return way, _PARTS.index(part) if part in _PARTS else len(_PARTS), part


class Covered(NamedTuple):
    """In how many steps gradients were clipped, and were those of all batches of a step.

    ``stopped``: after how many epochs, by the rule of early stopping. None: not known, or there is
    no such thing in the job.
    """

    clipped: int | None = None
    accumulated: int | None = None
    stopped: int | None = None


def covered(found: Evidence) -> Covered:
    """Return what a trial covers."""
    stopped = len(found.trial.epochs) if found.trial.stopped else None
    return Covered(_clipped_steps(found), _accumulated_steps(found), stopped)


def _accumulated_steps(found: Evidence) -> int | None:
    job, inputs = found.job, found.trial.inputs
    if job.accumulate_steps == 1 or inputs is None:
        return None
    left = (inputs.train_samples - 1) % job.step_samples + 1
    fewer = math.ceil(left / job.batch_size) < job.accumulate_steps
    steps = len(found.trial.losses)
    return steps - steps // inputs.steps_per_epoch if fewer else steps


def _clipped_steps(found: Evidence) -> int | None:
    """Return in how many steps gradients were clipped; None: not known, or there is no clipping.

    The norms of gradients are those before clipping; of single values they tell nothing.
    """
    clip, details = found.job.optimizer.clip, found.trial.details
    if clip is None or details is None or isinstance(clip.kind, ClipByValue):
        return None
    norms = np.stack(list(details.gradient_norms.values()))
    if isinstance(clip.kind, ClipByGlobalNorm):
        norms = np.sqrt(np.square(norms).sum(axis=0, keepdims=True))
    return int((norms > clip.kind.limit).any(axis=0).sum())
