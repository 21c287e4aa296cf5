"""The idiomatic recipe: a module, a data loader and a loop as PyTorch's users write them today."""

import contextlib
import copy
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from twinrun.contract.enums import MIXED, Device, EpsilonPlace, Execution, Precision
from twinrun.contract.events import Environment, Profiled
from twinrun.contract.layers import BatchNorm
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data, require_padding_at_end
from services.errors import Unsupported
from services.machine.compiler import require_compiler
from services.model import metrics, shapes, taken
from services.model.weights import Weights
from services.pytorch import defaults, device, losses, model, optimizers, profile
from services.pytorch.code.users import UsersModel
from services.pytorch.environment import environment
from services.pytorch.layers.axes import channels_last
from services.pytorch.layers.orders import Rows, orders
from services.pytorch.pipeline import Batch, loader, test_samples, train_samples
from services.trial import matched
from services.trial.code import Build
from services.trial.trainer import Steps
from services.trial.waiting import Waiting, timed

_TEST_BATCH = 1000  # samples


class IdiomaticTrainer:
    """A `services.trial.trainer.Trainer`.

    Initial weights, shuffling and everything that the spec does not set of the optimizer are
    PyTorch's own. The time of the first epoch includes the start of the loader's workers, as it
    does for users.
    """

    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, build: Build | None = None
    ) -> None:
        self._spec = spec
        _require_batches(spec, data)
        require_padding_at_end(spec, data)
        self._device = device.prepare(spec)
        torch.manual_seed(spec.seed)
        self._shape, self._label_shape = data.train_images.shape[1:], data.train_labels.shape[1:]
        self._of_classes = data.train_labels.dtype.kind == "i"
        self._of_codes = data.train_images.dtype.kind == "i"
        self._modules: nn.Module
        self._code: UsersModel | None = None
        if build is None:
            self._orders = orders(shapes.trained_layers(spec.layers), self._shape)
            self._modules = model.sequential(spec.layers, self._shape)
            if spec.precision is Precision.FLOAT64:
                self._modules.double()
            self._load(taken.initial_values(spec, self._shape, _drawn_seed))
            if weights is not None:
                self._load(matched.ordered(spec, self._shape, weights))
            self._modules.to(self._device)
        else:
            samples = device.put(data.train_images[:3], self._device)
            self._code = UsersModel(spec, build, samples, weights)
            self._modules = self._code.built.module
        self._model: Callable[[torch.Tensor], torch.Tensor] = self._modules
        if spec.execution is Execution.COMPILED:
            require_compiler(spec)
            self._model = torch.compile(self._modules, isolate_recompiles=True)
        self._optimizer = optimizers.idiomatic(
            spec.optimizer, self._modules.parameters(), spec.loop
        )
        in_16_bits = spec.precision is Precision.FLOAT16
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=in_16_bits)
        self._loss = losses.idiomatic(spec).to(self._device)
        self._train = loader(
            spec,
            train_samples(spec, data, spec.augmentation),
            batch_size=spec.batch_size,
            shuffle=True,
            generator=torch.Generator().manual_seed(spec.seed),
            persistent_workers=True,
        )
        self._test = loader(spec, test_samples(spec, data), batch_size=_TEST_BATCH)
        self._samples, self._test_samples = len(data.train_labels), len(data.test_labels)
        device.synchronize(self._device)

    def warm_up(self) -> None:
        """Warm up on batches of zeros; the loader, its shuffling and the generator are restored."""
        gpus = [self._device] if self._device.type == "cuda" else []
        kept = self._code.built.state.restored() if self._code else contextlib.nullcontext()
        with torch.random.fork_rng(gpus), kept:  # dropout draws
            self._warm_up()
        device.synchronize(self._device)

    def _warm_up(self) -> None:
        modules, optimizer, scaler = copy.deepcopy(
            (
                self._modules.state_dict(),
                self._optimizer.state_dict(),
                self._scaler.state_dict(),
            )
        )
        sizes = {min(self._spec.batch_size, self._samples), self._samples % self._spec.batch_size}
        for size in sorted(sizes - {0}, reverse=True):
            for _ in range(matched.WARM_UP_STEPS):
                self._step(self._zeros(size))
        with torch.inference_mode():
            for size in {min(_TEST_BATCH, self._test_samples), self._test_samples % _TEST_BATCH}:
                if size:
                    self._modules.eval()
                    self._logits(self._zeros(size)[0])
        self._modules.load_state_dict(modules)
        self._optimizer.load_state_dict(optimizer)
        if scaler:
            self._scaler.load_state_dict(scaler)

    def train_epoch(self, epoch: int) -> Iterator[Steps]:  # noqa: ARG002 - it shuffles by itself
        self._modules.train()
        waiting = Waiting(iter(self._train))
        every = self._spec.accumulate_steps
        measured: list[tuple[int, torch.Tensor]] = []
        for number, batch in enumerate(waiting, 1):
            ends = number % every == 0 or number == len(self._train)
            loss = self._step(batch, begins=number % every == 1 or every == 1, ends=ends)
            measured.append((len(batch[1]), loss))
            if len(measured) == self._spec.report_every_steps * every:
                yield _taken(measured, waiting, every)
                measured = []
        if measured:
            yield _taken(measured, waiting, every)

    def _step(self, batch: Batch, *, begins: bool = True, ends: bool = True) -> torch.Tensor:
        """Train on a batch, which ``begins`` or ``ends`` those whose gradients are accumulated."""
        images, labels = (tensor.to(self._device, non_blocking=True) for tensor in batch)
        if begins:
            self._optimizer.zero_grad()
        with self._mixed():
            loss = self._loss(self._logits(images), labels)
        every = self._spec.accumulate_steps
        self._scaler.scale(loss if every == 1 else loss / every).backward()
        if ends:
            self._scaler.unscale_(self._optimizer)  # before gradients are clipped
            self._scaler.step(self._optimizer)
            self._scaler.update()
        detached: torch.Tensor = loss.detach()
        return detached

    def _mixed(self) -> contextlib.AbstractContextManager[object]:
        """Return the context of a model's calls, and of its loss, which takes float32 there."""
        mixed: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
        if self._spec.precision in MIXED:
            mixed = torch.autocast(self._device.type, device.PRODUCTS[self._spec.precision])
        return mixed

    def _logits(self, images: torch.Tensor) -> torch.Tensor:
        images = images.to(self._device, non_blocking=True)
        with self._mixed():
            if self._code is not None:
                return self._code.built.logits_of_users(self._model, images)
            return self._model(images)

    def _zeros(self, size: int) -> Batch:
        dtype = torch.float64 if self._spec.precision is Precision.FLOAT64 else torch.float32
        of_images = torch.int64 if self._of_codes else dtype
        images = torch.zeros((size, *model.laid(self._shape)), dtype=of_images)
        of_labels = torch.int64 if self._of_classes else dtype
        return images, torch.zeros((size, *self._label_shape), dtype=of_labels)

    def evaluate(self) -> NDArray[np.floating]:
        self._modules.eval()
        with torch.inference_mode():
            return self._on_host(torch.cat([self._logits(images) for images, _ in self._test]))

    def _on_host(self, logits: torch.Tensor) -> NDArray[np.floating]:
        logits = logits.cpu()
        if self._code is None and logits.ndim == 4:  # [n, classes, h, w]
            logits = channels_last(logits)
        logits = logits.float() if self._spec.precision in MIXED else logits
        found: NDArray[np.floating] = logits.numpy()
        return found

    def advance(self, steps: int) -> None:  # noqa: ARG002 - refused with the spec
        raise AssertionError("late_epoch is of the matched recipe")

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        images = torch.stack([self._test.dataset[index][0] for index in range(samples)])
        images = images.to(self._device)
        self._modules.eval()

        def predict() -> NDArray[np.floating]:
            with torch.inference_mode():
                return self._on_host(self._logits(images))

        return predict

    def augmented(self) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        images, labels = torch.utils.data.default_collate(list(self._train.dataset))
        return images.permute(0, 2, 3, 1).numpy(), labels.numpy()

    def weights(self) -> Weights:
        if self._code is not None:
            return self._code.weights()
        return {
            name: np.array(tensor.cpu().numpy()[rows], order="C")
            for name, tensor, rows in self._held()
        }

    def _load(self, weights: Weights) -> None:
        for name, tensor, rows in self._held():
            if name in weights:
                tensor[rows] = torch.from_numpy(weights[name].copy()).to(tensor)

    def _held(self) -> Iterator[tuple[str, torch.Tensor, Rows]]:
        """Yield names and values of the parameters, and the canonical order of their first axis."""
        for name, layer, rows in self._orders:
            module = model.module_of(self._modules, name)
            for part, tensor in model.held(layer, module).items():
                yield f"{name}.{part}", tensor, slice(None) if part == "bias" else rows

    def environment(self) -> Environment:
        made = self._optimizer
        notes = (
            f"{device.notes(self._spec)}; DataLoader with {self._train.num_workers} workers; "
            f"{optimizers.title(made)} epsilon {made.defaults.get('eps', '-')}"
        )
        framework = taken.Framework(
            defaults.number,
            optimizers.epsilon(self._spec.optimizer),
            EpsilonPlace.OUTSIDE,
            device.tf32_in_words(self._spec) if self._spec.device is Device.CUDA else "",
        )
        return environment(torch.get_num_threads(), notes, taken.used(self._spec, framework))

    def profiled(self, take_steps: Callable[[], int]) -> Profiled:
        return profile.profiled(take_steps, self._device)

    def peak_device_memory_bytes(self) -> int:
        return torch.cuda.max_memory_allocated() if self._device.type == "cuda" else 0


def _drawn_seed() -> int:
    return int(torch.randint(2**31, ()))


def _require_batches(spec: JobSpec, data: Data) -> None:
    """Check batches. Raises Unsupported if a batch norm would get one value a channel."""
    samples, shape = len(data.train_labels), data.train_images.shape[1:]
    if min(spec.batch_size, samples % spec.batch_size or samples) > 1:
        return
    for each in shapes.placed(spec.layers, shape):
        if isinstance(each.layer, BatchNorm) and math.prod(each.taken[:-1]) == 1:
            raise Unsupported(
                f"batch_size is {spec.batch_size}, which leaves a batch of one of {samples:,} "
                "samples, and PyTorch's batch norm takes two values or more; use another batch "
                "size, or recipe matched",
                field="batch_size",
            )


def _taken(measured: list[tuple[int, torch.Tensor]], waiting: Waiting[Batch], every: int) -> Steps:
    """Return the steps of so many batches each, from the samples and losses of those."""
    sizes, losses = zip(*measured, strict=True)
    on_host, synced = timed(torch.stack(losses).cpu)
    of_steps = metrics.of_steps(on_host.numpy(), sizes, every)
    return Steps(of_steps, wait_seconds=waiting.taken(), sync_seconds=synced)
