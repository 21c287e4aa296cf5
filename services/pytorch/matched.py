"""The matched recipe: data resident on the device, a chunk of steps at a time."""

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from twinrun.contract.enums import Execution, OwnWay
from twinrun.contract.events import Environment, Profiled
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data
from services.model import losses, order
from services.model.weights import Weights
from services.pytorch import augmentation, defaults, device, profile
from services.pytorch.code.compiled_steps import CompiledCodeSteps
from services.pytorch.code.model import CodeModel
from services.pytorch.compiled_steps import CompiledSteps
from services.pytorch.eager_steps import EagerSteps
from services.pytorch.environment import environment
from services.pytorch.graphs.captured_steps import CapturedSteps
from services.pytorch.model import LayersModel
from services.trial import chunks, matched
from services.trial.code import Build
from services.trial.trainer import Steps


class MatchedTrainer:
    """A `services.trial.trainer.Trainer`.

    Executions default and eager are the same here: op by op. Where steps are compiled, evaluation
    still runs op by op: in large batches it is bound by products, which compiling does not change.
    """

    def __init__(
        self,
        spec: JobSpec,
        data: Data,
        weights: Weights | None,
        build: Build | None = None,
        group: Group = ALONE,
    ) -> None:
        self._spec = spec = defaults.as_it_does(spec)
        self._place, self._group = device.place(spec), group
        own = group.own(spec)
        self._device = device.prepare(own, (self._place or 0) % own.devices)
        shape = data.train_images.shape[1:]
        self._names = matched.trained(spec, shape)
        self._images = device.put(data.train_images, self._device)
        self._test_images = device.put(data.test_images, self._device)
        self._evaluate_batch = matched.evaluate_batch(spec, shape)
        self._labels = device.put(losses.for_trainer(spec.loss, data.train_labels), self._device)
        self._model: LayersModel | CodeModel
        if build is None:
            if weights is None:
                weights = defaults.initial_weights(spec, shape)
            initial = matched.ordered(spec, shape, weights)
            arrays = {n: device.put(a.copy(), self._device) for n, a in initial.items()}
            if spec.devices > 1:  # modules hold no others
                arrays |= {name: nn.Parameter(arrays[name]) for name in self._names}
            self._model = LayersModel(spec, shape, arrays)
        else:
            self._model = CodeModel(spec, build, self._images[:3], weights)
        given = (spec, self._model, self._images, self._labels)
        self._steps: CompiledSteps | EagerSteps
        if matched.PIPELINES & {*spec.own_ways}:
            from services.pytorch.pipeline_steps import PipelineSteps  # noqa: PLC0415

            self._steps = pipeline = PipelineSteps(*given)  # imports torchvision: seconds
            pipeline.take_from(data)
        elif spec.devices > 1 and isinstance(self._model, LayersModel):
            from services.pytorch.devices.steps import SharedSteps  # noqa: PLC0415 - 0.5 s

            self._steps = SharedSteps(spec, self._model, self._images, self._labels)
        elif OwnWay.CUDA_GRAPH in spec.own_ways:
            self._steps = CapturedSteps(*given)
        elif spec.execution is Execution.COMPILED:
            if isinstance(self._model, CodeModel):
                self._steps = CompiledCodeSteps(spec, self._model, self._images, self._labels)
            else:
                self._steps = CompiledSteps(spec, self._model, self._images, self._labels)
        else:
            self._steps = EagerSteps(*given)
        device.synchronize(self._device)

    def warm_up(self) -> None:
        own = self._model.built.state if isinstance(self._model, CodeModel) else None
        with own.restored() if own else contextlib.nullcontext():
            self._steps.warm_up(matched.chunk_shapes(self._spec, len(self._images)))
            self.evaluate()

    def train_epoch(self, epoch: int) -> Iterator[Steps]:
        shuffled = OwnWay.BATCH_ORDER in self._spec.own_ways
        permutation = defaults.permutation if shuffled else order.permutation
        found = matched.epoch_chunks(self._spec, epoch, len(self._images), permutation)
        if OwnWay.LAST_BATCH in self._spec.own_ways:
            found = [indices for indices in found if indices.shape[1] == self._spec.batch_size]
        self._steps.begin(found)
        for chunk in chunks.carried(
            *(self._spec, self._images.shape, epoch, found, self._model.sites),
            device=self._place,
        ):
            measured, synced = matched.measured(
                self._spec, chunk, self._steps.run, lambda found: found.cpu().numpy()
            )
            waited = self._steps.waited()
            yield matched.steps_taken(
                *(self._spec, measured, self._names),
                wait_seconds=waited,
                sync_seconds=synced,
            )

    def advance(self, steps: int) -> None:
        self._steps.advance(steps)

    def evaluate(self) -> NDArray[np.floating]:
        with torch.no_grad():
            parts = map(self._model.logits, self._test_images.split(self._evaluate_batch))
            logits: NDArray[np.floating] = torch.cat(list(parts)).cpu().numpy()
        return logits

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        images = self._test_images[:samples]

        def predict() -> NDArray[np.floating]:
            with torch.inference_mode():
                logits: NDArray[np.floating] = self._model.logits(images).cpu().numpy()
            return logits

        return predict

    def augmented(self) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        chunk = chunks.whole(self._spec, self._images.shape)
        _, drawn = device.put_chunk(chunk, self._device)
        numbers = {name: tensor[0] for name, tensor in drawn.items()}
        augment = augmentation.augment(self._spec, self._images)
        images: NDArray[np.floating] = augment(self._images, numbers).cpu().numpy()
        return images, self._labels.cpu().numpy()

    def weights(self) -> Weights:
        return self._model.weights()

    def environment(self) -> Environment:
        threads = torch.get_num_threads() * self._group.own(self._spec).devices
        return environment(threads, device.notes(self._spec, self._group))

    def profiled(self, take_steps: Callable[[], int]) -> Profiled:
        return profile.profiled(take_steps, self._device)

    def peak_device_memory_bytes(self) -> int:
        return torch.cuda.max_memory_allocated() if self._device.type == "cuda" else 0
