"""What a trial leaves that shows which arithmetic it did, read back from its run."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from orchestrator.errors import RunUnreadable
from orchestrator.language import Phrase, Sentence, english
from orchestrator.store import Run
from orchestrator.trial import Trial

_INITIAL = Phrase("initial weights of {trial}")
_WEIGHTS = Phrase("weights of {trial}")
_LOGITS = Phrase("logits of {trial}")
_NOT_SAFETENSORS = Phrase("The {what} are not a safetensors file: {error}.")

Tensors = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A trial that succeeded, and what it left beside its events.

    Weights by canonical name, in model order; ``logits`` of the test samples,
    float[samples, classes].
    """

    trial: Trial
    initial_weights: Tensors
    weights: Tensors
    logits: NDArray[np.floating]


def evidence(run: Run, trial: Trial) -> Evidence:
    """Raises RunNotFound where the trial left no weights, RunUnreadable."""
    framework, number = trial.framework, trial.number
    initial = _tensors(run.initial_weights(framework, number), english(_INITIAL, trial=trial.name))
    final = _tensors(run.weights(framework, number), english(_WEIGHTS, trial=trial.name))
    return Evidence(trial, initial, final, logits(run.logits(framework, number), trial.name)[0])


def logits(content: bytes, name: str) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
    """Logits [samples, classes] and labels [samples] of a safetensors file.

    Raises RunUnreadable.
    """
    found = _tensors(content, english(_LOGITS, trial=name))
    return found["logits"], found["labels"].astype(np.int64)


def _tensors(content: bytes, what: Sentence) -> Tensors:
    """In model order, which their names tell: safetensors sorts by size and name."""
    try:
        found = safetensors.numpy.load(content)
    except safetensors.SafetensorError as error:
        raise RunUnreadable(english(_NOT_SAFETENSORS, what=what, error=error)) from error
    return dict(sorted(found.items(), key=lambda item: _place(item[0])))


_PARTS = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")


def _place(name: str) -> tuple[int, int, str]:
    """``layers.3.kernel`` before ``layers.3.bias`` before ``layers.10.kernel``."""
    _, _, rest = name.partition(".")
    index, _, part = rest.partition(".")
    place = _PARTS.index(part) if part in _PARTS else len(_PARTS)
    return int(index) if index.isdecimal() else 0, place, part
