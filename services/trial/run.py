"""One trial, in the process that calls it: the phases, the clock, the events."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import Device, OwnWay, Phase, Recipe, WeightsKind
from twinrun.contract.events import (
    EpochFinished,
    EvaluationFinished,
    Event,
    Inputs,
    Latency,
    LogitsSaved,
    Metrics,
    ResourcesUsed,
    StepsFinished,
    WeightsSaved,
)
from twinrun.contract.files import sha256, write_whole
from twinrun.contract.losses import Loss
from twinrun.contract.spec import JobSpec

from services.data import catalog, datasets
from services.data.arrays import Data
from services.errors import disk_error
from services.machine import load, network
from services.machine.several_gpus import Samplers
from services.model import arithmetic, augmentation, losses, metrics, order
from services.model import weights as parameters
from services.pipe import LOGITS_FILE, Task
from services.trial import files, latency
from services.trial.initial import initial_weights
from services.trial.phases import Phases
from services.trial.trainer import Steps, Trainer

Emit = Callable[[Event], None]
MakeTrainer = Callable[[JobSpec, Data, parameters.Weights | None], Trainer]


Load = Callable[[JobSpec, Path, Callable[[Event], None]], datasets.Loaded]


def run(task: Task, make_trainer: MakeTrainer, emit: Emit, load_data: Load = datasets.load) -> None:
    """Train or evaluate. Raises `services.errors.TwinrunError`, or the framework's own errors."""
    if task.group.machines > 1:
        network.meet(task.group)  # first of all: frameworks wait long for whom they do not reach
    phases = Phases(emit)
    spec = task.spec
    with phases.whole(Phase.DATA):
        loaded = files.laid(task, load_data(spec, task.data_dir, emit))
    with phases.whole(Phase.BUILD):
        shape = catalog.info(spec.dataset).shape
        trainer = make_trainer(spec, loaded.data, initial_weights(task))
        held = trainer.weights()  # as the trainer holds them, so that any change by it shows
    environment = trainer.environment()
    emit(environment)
    # A trial uses the first GPUs that it sees.
    taken = task.group.own(spec).devices
    gpus = environment.accelerators[:taken] if spec.device is Device.CUDA else ()
    sampler = Samplers([gpu.uuid for gpu in gpus])
    data = loaded.data
    samples = len(data.train_labels)
    steps = min(math.ceil(samples / spec.step_samples), spec.steps_per_epoch_limit or samples)
    emit(
        Inputs(
            data_sha256=loaded.sha256,
            initial_weights_sha256=_save(WeightsKind.INITIAL, held, task.output_dir, emit),
            batch_order_sha256=_order_digest(spec, samples),
            train_samples=samples,
            test_samples=len(data.test_labels) - loaded.validation_samples,
            validation_samples=loaded.validation_samples,
            parameter_count=sum(array.size for array in held.values()),
            steps_per_epoch=steps,
            epoch_operations=arithmetic.epoch_operations(
                spec, shape, len(_taken(spec, np.arange(samples, dtype=np.int32)))
            ),
            augmentation_sha256=_augmentation_digest(spec, data.train_images.shape),
            epoch_bytes=arithmetic.epoch_bytes(
                spec, shape, held, data.train_images[0].nbytes, steps
            ),
        )
    )
    with phases.whole(Phase.COMPILE):
        if not _untimed(task):
            trainer.warm_up()
    if task.weights is None:
        logits, final = _train(spec, loaded, trainer, phases, emit, sampler=sampler)
        _save(WeightsKind.FINAL, final, task.output_dir, emit)
    else:
        with phases.whole(Phase.EVALUATE):
            logits = trainer.evaluate()
        _, test = _metrics(logits, loaded, spec.loss)
        timed: tuple[Latency, ...] = ()
        if not task.shares_process:
            # The trainer's own test samples: validation samples, if any, come first.
            timed = latency.latencies(trainer.predictor, test.samples, logits)
        emit(EvaluationFinished(test, timed))
    emit(LogitsSaved(*write(LOGITS_FILE, _outputs(logits, loaded, spec.loss), task.output_dir)))
    emit(
        ResourcesUsed(
            phases.peak_memory_bytes(),
            trainer.peak_device_memory_bytes(),
            accelerator=sampler.used(),
            swapped_bytes=load.swapped_bytes(),
            memory=phases.memory_used(spec, data, held) if task.weights is None else None,
        )
    )
    if spec.profile and task.weights is None:
        # After everything that is timed: the profiler slows steps down.
        emit(trainer.profiled(lambda: len(next(trainer.train_epoch(spec.epochs)).losses)))


def _untimed(task: Task) -> bool:
    """Return whether nobody reads the times, and so nothing need be warm: a graph of CUDA must."""
    trains_on_gpu = task.weights is None and task.spec.device is Device.CUDA
    return task.shares_process and not trains_on_gpu


def _outputs(
    logits: NDArray[np.floating], loaded: datasets.Loaded, loss: Loss
) -> dict[str, NDArray[np.generic]]:
    """Return the arrays to store: logits and labels by row; those of validation samples apart."""
    held, labels = loaded.validation_samples, loaded.data.test_labels
    parts = {"": slice(held, None), **({"validation_": slice(held)} if held else {})}
    return {
        f"{split}{name}": losses.rows(loss, values[part])
        for split, part in parts.items()
        for name, values in (("logits", logits), ("labels", labels))
    }


def _metrics(
    logits: NDArray[np.floating], loaded: datasets.Loaded, loss: Loss
) -> tuple[Metrics | None, Metrics]:
    """Return metrics on the validation samples (None: there are none) and on the test split."""
    held, labels = loaded.validation_samples, loaded.data.test_labels
    validation = metrics.evaluate(logits[:held], labels[:held], loss) if held else None
    return validation, metrics.evaluate(logits[held:], labels[held:], loss)


def _train(
    spec: JobSpec,
    loaded: datasets.Loaded,
    trainer: Trainer,
    phases: Phases,
    emit: Emit,
    *,
    sampler: Samplers,
) -> tuple[NDArray[np.floating], parameters.Weights]:
    """Train all epochs, or until the rule of early stopping ends them.

    Returns the logits of the last evaluation, or of the best epoch's, and the weights after it.
    """
    data, step = loaded.data, 0
    stopping, values = spec.early_stopping, list[float | None]()
    best: tuple[NDArray[np.floating], parameters.Weights] | None = None
    whole_epoch = math.ceil(len(data.train_labels) / spec.step_samples)
    for epoch, number in enumerate(spec.epoch_numbers):
        if number != epoch:
            trainer.advance(number * whole_epoch)
        trained, evaluated = phases.seconds(Phase.TRAIN), phases.seconds(Phase.EVALUATE)
        chunks: list[Steps] = []
        before = load.read()
        with sampler, phases.part(Phase.TRAIN):
            for chunk in trainer.train_epoch(number):
                if not step:  # some end with their epoch
                    phases.see_children()
                emit(StepsFinished(epoch, step, tuple(chunk.losses.tolist()), chunk.details))
                step += len(chunk.losses)
                chunks.append(chunk)
        used = load.between(before, load.read())
        phases.see_children()  # beside the clock; the kernel keeps each one's peak
        with phases.part(Phase.EVALUATE):
            logits = trainer.evaluate()
        trained = phases.seconds(Phase.TRAIN) - trained
        losses = np.concatenate([chunk.losses for chunk in chunks])
        taken = _taken(spec, np.arange(len(data.train_labels), dtype=np.int32))
        sizes = order.batch_sizes(len(taken), spec.step_samples, len(losses))
        validation, test = _metrics(logits, loaded, spec.loss)
        emit(
            EpochFinished(
                epoch=epoch,
                train_seconds=trained,
                evaluate_seconds=phases.seconds(Phase.EVALUATE) - evaluated,
                train_loss=metrics.mean_over_samples(losses, sizes),
                test=test,
                samples_per_second=int(sizes.sum()) / trained,
                data_wait_seconds=_waited(chunks),
                sync_seconds=sum(chunk.sync_seconds for chunk in chunks),
                running_accuracy=_running_accuracy(chunks, sizes),
                validation=validation,
                load=used,
            )
        )
        if stopping is not None:
            values.append(stopping.value(validation))
            if stopping.keep_best and stopping.best(values) == epoch:
                best = logits, {n: array.copy() for n, array in trainer.weights().items()}
            if stopping.ends(values):
                break
    phases.finish(Phase.TRAIN)
    phases.finish(Phase.EVALUATE)
    return best or (logits, trainer.weights())


def _waited(chunks: Sequence[Steps]) -> float | None:
    """Return the seconds that an epoch waited for data; None if they were not measured."""
    known = [chunk.wait_seconds for chunk in chunks if chunk.wait_seconds is not None]
    return sum(known) if len(known) == len(chunks) else None


def _running_accuracy(chunks: Sequence[Steps], sizes: NDArray[np.int64]) -> float | None:
    """Return the accuracy over the epoch's samples, as the steps saw them; None if not known."""
    found = [
        chunk.accuracies if chunk.details is None else np.array(chunk.details.accuracies)
        for chunk in chunks
    ]
    known = [accuracies for accuracies in found if accuracies is not None and len(accuracies)]
    if len(known) < len(found):
        return None
    return metrics.mean_over_samples(np.concatenate(known), sizes)


def _order_digest(spec: JobSpec, samples: int) -> str:
    """Hash the batch order; empty if the order is the framework's own."""
    own = spec.recipe is Recipe.IDIOMATIC or OwnWay.BATCH_ORDER in spec.own_ways
    if own and not spec.matched_batch_order:
        return ""
    orders = (order.permutation(spec.seed, epoch, samples) for epoch in spec.epoch_numbers)
    return order.digest(_taken(spec, indices) for indices in orders)


def _taken(spec: JobSpec, indices: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return those of an epoch's samples, in their order, that it trains on."""
    return order.limited(indices, spec.step_samples, spec.steps_per_epoch_limit)


def _augmentation_digest(spec: JobSpec, shape: Sequence[int]) -> str:
    """Hash the augmentation; empty if the draws are the framework's own."""
    return augmentation.digest(spec, shape) if spec.recipe is Recipe.MATCHED else ""


def _save(kind: WeightsKind, weights: parameters.Weights, directory: Path, emit: Emit) -> str:
    digest, size = write(f"{kind}.safetensors", weights, directory)
    emit(WeightsSaved(kind, digest, size))
    return digest


def write(name: str, arrays: Mapping[str, NDArray[np.generic]], directory: Path) -> tuple[str, int]:
    """Write a safetensors file. Returns its SHA-256, hexadecimal, and its size in bytes."""
    content = parameters.to_safetensors(arrays)
    try:
        write_whole(directory / name, content)
    except OSError as error:
        raise disk_error(error, directory) from error
    return sha256(content), len(content)
