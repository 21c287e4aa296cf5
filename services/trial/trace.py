"""One step of a model of the user's code, layer by layer: its arrays and its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from twinrun.contract.data_dir import BLOBS
from twinrun.contract.events import LogitsSaved
from twinrun.contract.spec import JobSpec
from twinrun.contract.traced import ModelTraced

from services.data import datasets
from services.data.blobs import Blobs
from services.errors import BadWeights, CodeFailed
from services.machine import outside
from services.model import losses, order
from services.model.weights import Weights, parameter_dtype
from services.pipe import LOGITS_FILE, Task
from services.trial import code
from services.trial.initial import initial_weights
from services.trial.run import Emit, write

# What may be hundreds of megabytes, and is looked at only where models are paired.
_OF_LAYERS = ("output/", "slope/")


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """What a framework's trace returns: its report, and arrays named as in ModelTraced."""

    model: ModelTraced
    arrays: Mapping[str, NDArray[np.generic]]


class MakeTrace(Protocol):
    """Traces one step of a framework's model."""

    def __call__(
        self,
        spec: JobSpec,
        inputs: NDArray[np.floating],
        labels: NDArray[np.generic],
        build: code.Build,
        weights: Weights | None,
        *,
        returned: Weights,
    ) -> Traced:
        """Trace a batch ``inputs`` [batch, ...] as the dataset lays it out.

        ``labels`` are as `services.model.losses.for_trainer` returns them, ``weights`` initial
        values, None: the model's own, and ``returned`` the arrays of the spec's `code.returned`.
        """


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
    targets = losses.for_trainer(spec.loss, labels)
    traced = make_trace(
        spec, inputs, targets, build, initial_weights(task), returned=_returned(task)
    )
    _require_printable(traced.model)
    emit(replace(traced.model, notes=(*traced.model.notes, *outside.notes(code.DIRECTORY))))
    arrays = {**traced.arrays, "input": inputs, "labels": labels}
    if spec.code is None or not spec.code.tensors:  # the models are yet to be paired
        arrays = {name: array for name, array in arrays.items() if not name.startswith(_OF_LAYERS)}
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


def _returned(task: Task) -> Weights:
    """Return the arrays of what layers return in place of their outputs. Raises BadWeights."""
    stored = None if task.spec.code is None else task.spec.code.returned
    if stored is None:
        return {}
    path = Blobs(task.data_dir / BLOBS).use(stored.sha256, stored.size_bytes)
    try:
        return safetensors.numpy.load_file(path)
    except safetensors.SafetensorError as error:
        raise BadWeights(f"What layers return is not a safetensors file: {error}.") from error


def returned_by(framework: str, returned: Weights) -> Weights:
    """Return what each call of a framework's side returns, by its index as text."""
    own = f"{framework}/"
    return {
        name.removeprefix(own): array for name, array in returned.items() if name.startswith(own)
    }


def require_shape(path: str, given: tuple[int, ...], own: tuple[int, ...]) -> None:
    """Check what a layer returns in place of its output. Raises BadWeights."""
    if given != own:
        raise BadWeights(
            f"{path} returns {list(own)}, and {list(given)} is to take the place of it."
        )
