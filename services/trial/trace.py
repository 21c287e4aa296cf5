"""One step of a model of the user's code, layer by layer: its arrays and its settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.events import LogitsSaved
from twinrun.contract.spec import JobSpec
from twinrun.contract.traced import ModelTraced

from services.data import datasets
from services.errors import CodeFailed
from services.model import losses, order
from services.model.weights import Weights, parameter_dtype
from services.pipe import LOGITS_FILE, Task
from services.trial import code
from services.trial.initial import initial_weights
from services.trial.run import Emit, write


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """What a framework's trace returns: its report, and arrays named as in ModelTraced."""

    model: ModelTraced
    arrays: Mapping[str, NDArray[np.floating]]


# From the spec, a batch [batch, ...] as the dataset lays it out, targets as
# `services.model.losses.for_trainer` returns them, what builds the model, and initial values (None:
# the model's own).
MakeTrace = Callable[
    [JobSpec, NDArray[np.floating], NDArray[np.generic], code.Build, Weights | None], Traced
]


def run(task: Task, build: code.Build | None, make_trace: MakeTrace, emit: Emit) -> None:
    """Trace the first batch of the first epoch. Raises as `services.trial.run.run`."""
    spec = task.spec
    if build is None:
        raise CodeFailed("The job has layers, and only a model of code is traced.")
    data = datasets.load(spec, task.data_dir, emit).data
    samples = order.permutation(spec.seed, 0, len(data.train_labels))[: spec.batch_size]
    labels = data.train_labels[samples]
    inputs = data.train_images[samples]
    if inputs.dtype.kind == "f":
        inputs = inputs.astype(parameter_dtype(spec.precision))
    traced = make_trace(
        spec, inputs, losses.for_trainer(spec.loss, labels), build, initial_weights(task)
    )
    _require_printable(traced.model)
    emit(traced.model)
    arrays = {**traced.arrays, "input": inputs, "labels": labels}
    emit(LogitsSaved(*write(LOGITS_FILE, arrays, task.output_dir)))


def _require_printable(model: ModelTraced) -> None:
    """Check names, which go to terminals and files. Raises CodeFailed."""
    names = (*(each.path for each in model.layers), *(each.key for each in model.tensors))
    for name in names:
        if not name.isprintable():
            raise CodeFailed(
                f"The model has {ascii(name)[:200]}, a name with characters that cannot be "
                "printed; give that layer or array another name."
            )
