"""What the matched recipe requires of every framework alike. NumPy only."""

import functools
import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Device, OwnWay, TargetKind
from twinrun.contract.events import GradientNorms, StepDetails
from twinrun.contract.losses import targets
from twinrun.contract.spec import JobSpec

from services.errors import BadWeights
from services.model import order, shapes
from services.model.weights import Weights, parameter_dtype
from services.trial.chunks import Chunk
from services.trial.trainer import Steps
from services.trial.waiting import timed

# Sample indices of an epoch, int32[samples], from seed, epoch and number of samples.
Permutation = Callable[[int, int, int], NDArray[np.int32]]

Tensor = TypeVar("Tensor")  # a framework's own
# What a step computes before its update: gradients, None where the loss does not depend; loss;
# logits; the statistics of each batch.
Computed: TypeAlias = tuple[Sequence[Tensor | None], Tensor, Tensor, Sequence[Sequence[Tensor]]]

PIPELINES = {OwnWay.DATA_PIPELINE, OwnWay.PIPELINE_WORKERS}  # either takes one
WARM_UP_STEPS = 4  # for each shape: enough for everything that happens at first use
PROFILED_OPERATIONS = 10  # that a profile lists
_CODE_CHANNELS = 32
_EVALUATE_BATCH = 1024  # samples: the cost of a call is small in comparison
# Bytes. Above 32 MiB, the maximum of M_MMAP_THRESHOLD, glibc's malloc requests memory from the
# system each time (mallopt(3)), and PyTorch's convolutions take up to three times as long. Above
# this value, free memory is returned now and then and requested again, which takes as long.
_LARGE = 8 * 2**20


def ordered(
    spec: JobSpec, shape: Sequence[int], weights: Weights
) -> dict[str, NDArray[np.floating]]:
    """Return the weights in model order, for samples of ``shape``.

    Raises BadWeights if one is missing, misshapen or left over, so that none goes unused.
    """
    expected = {p.name: p.shape for p in shapes.held(spec, tuple(shape))}
    given = {name: array.shape for name, array in weights.items()}
    if given != expected:
        raise BadWeights(f"The model's parameters are {expected}, but the weights are {given}.")
    return {name: weights[name] for name in expected}


@dataclass(frozen=True, slots=True)
class Held(Generic[Tensor]):
    """A model's arrays on a device, in model order: trained ones, and untrained ones."""

    trained: Sequence[Tensor]
    kept: Sequence[Tensor]


def trained(spec: JobSpec, shape: Sequence[int]) -> list[str]:
    """Return the names of the parameters that have gradients, in model order."""
    return [p.name for p in shapes.held(spec, tuple(shape)) if p.trained]


def evaluate_batch(spec: JobSpec, shape: Sequence[int]) -> int:
    """Return the batch size of evaluation for samples of ``shape``, the same for all frameworks.

    On a CPU it keeps every layer's output small. On a GPU each framework manages the memory itself.
    """
    made = [tuple(shape), *shapes.output_shapes(spec.layers, tuple(shape))]
    if spec.code is not None:  # whose layers' outputs are not known: like 32 channels of the input
        made = [(*shape, _CODE_CHANNELS)]
    row = max(map(math.prod, made)) * parameter_dtype(spec.precision).itemsize
    samples = _EVALUATE_BATCH
    while spec.device is Device.CPU and samples > 1 and samples * row >= _LARGE:
        samples //= 2
    return samples


def held(names: Sequence[str], arrays: Mapping[str, Tensor]) -> Held[Tensor]:
    """Return arrays by name, in model order; those of ``names`` are trained."""
    kept = [array for name, array in arrays.items() if name not in names]
    return Held([arrays[name] for name in names], kept)


def steps_taken(
    spec: JobSpec,
    measured: NDArray[np.floating],
    parameters: Sequence[str],
    *,
    wait_seconds: float = 0.0,
    sync_seconds: float = 0.0,
) -> Steps:
    """Return a chunk from its steps' losses float[steps], or with accuracies [steps, 2].

    With the details of ``report_step_details`` float[steps, 3 + parameters]: loss, ordered loss,
    accuracy, and the norm of the gradient of each of ``parameters``, named in model order.
    """
    losses, details, accuracies = measured, None, None
    if spec.report_step_details:
        losses, ordered, right, *norms = measured.T
        named = zip(parameters, norms, strict=True)
        details = StepDetails(
            ordered_losses=tuple(ordered.tolist()),
            accuracies=() if targets(spec.loss) is TargetKind.NUMBERS else tuple(right.tolist()),
            gradient_norms=tuple(GradientNorms(name, tuple(n.tolist())) for name, n in named),
        )
    elif measured.ndim > 1:
        losses, accuracies = measured.T
    return Steps(losses, details, accuracies, wait_seconds, sync_seconds)


def epoch_chunks(
    spec: JobSpec, epoch: int, samples: int, permutation: Permutation = order.permutation
) -> list[NDArray[np.int32]]:
    """Return the index arrays int32[steps, batch] of one epoch (from 0), one per chunk.

    ``permutation``: the framework's own, if the job uses its batch order.
    """
    return _chunks(spec, permutation(spec.seed, epoch, samples))


def batches(spec: JobSpec, samples: int) -> list[tuple[slice, float]]:
    """Return where a step of so many ``samples`` has each of its batches, and its share of them."""
    size = samples if spec.accumulate_steps == 1 else spec.batch_size
    parts = [slice(start, min(start + size, samples)) for start in range(0, samples, size)]
    return [(part, (part.stop - part.start) / samples) for part in parts]


def together(
    found: Sequence[Computed[Tensor]], join: Callable[[Sequence[Tensor]], Tensor]
) -> Computed[Tensor]:
    """Return what the batches of a step make together, each of which has its share already.

    ``join``: arrays along their first axis.
    """
    if len(found) == 1:
        return found[0]
    gradients, losses, logits, statistics = zip(*found, strict=True)
    added = [_added(each) for each in zip(*gradients, strict=True)]
    return added, _added(losses), join(logits), list(itertools.chain(*statistics))


def _added(arrays: Sequence[Any]) -> Any:
    """Return the sum; None if there is nothing."""
    given = [array for array in arrays if array is not None]
    return functools.reduce(operator.add, given) if given else None


def chunk_shapes(spec: JobSpec, samples: int) -> list[tuple[int, int]]:
    """Return the distinct shapes [steps, batch] of `epoch_chunks`."""
    found = _chunks(spec, np.arange(samples, dtype=np.int32))
    alone = OwnWay.LOSS_READ in spec.own_ways
    return list(dict.fromkeys((1 if alone else len(each), each.shape[1]) for each in found))


def measured(
    spec: JobSpec,
    chunk: Chunk,
    run: Callable[[Chunk], Tensor],
    on_host: Callable[[Tensor], NDArray[np.floating]],
) -> tuple[NDArray[np.floating], float]:
    """Run a chunk; return its steps' measurements, and the seconds that it took to fetch them.

    They are fetched at once, or after each step if the own ways have that.
    """
    steps = 1 if OwnWay.LOSS_READ in spec.own_ways else len(chunk)
    parts = (chunk.part(slice(at, at + steps)) for at in range(0, len(chunk), steps))
    found = [timed(functools.partial(on_host, run(part))) for part in parts]
    return np.concatenate([values for values, _ in found]), sum(seconds for _, seconds in found)


def _chunks(spec: JobSpec, indices: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    limited = order.limited(indices, spec.step_samples, spec.steps_per_epoch_limit)
    return order.chunks(limited, spec.step_samples, spec.report_every_steps)
