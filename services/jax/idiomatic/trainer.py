"""The idiomatic recipe: a Flax model, an Optax optimizer, Grain's loader and a compiled step."""

import contextlib
import functools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import flax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from flax.training.dynamic_scale import DynamicScale
from numpy.typing import NDArray
from twinrun.contract.enums import MIXED, Device, EpsilonPlace, Precision
from twinrun.contract.events import Environment, Profiled
from twinrun.contract.spec import JobSpec

from services.data.arrays import Data, require_padding_at_end
from services.jax import defaults, device, losses, profile
from services.jax.environment import environment
from services.jax.idiomatic import augmentation, model, optimizers
from services.jax.idiomatic.pipeline import Batch, loader, samples, seeds
from services.model import losses as shared
from services.model import metrics, taken
from services.model.augmentation import wanted
from services.model.weights import Weights
from services.refusals.jax import require_supported
from services.trial import matched
from services.trial.code import Build
from services.trial.trainer import Steps
from services.trial.waiting import Waiting, timed

if TYPE_CHECKING:
    from services.jax.code.users import UsersModel

_TEST_BATCH = 1000  # samples


class IdiomaticTrainer:
    """A `services.trial.trainer.Trainer`.

    Initial weights, shuffling and everything that the spec does not set of the optimizer are
    Flax's, Grain's and Optax's own. Both loops are this one: JAX has no ``fit``, and its users
    write the loop. A step is one program; the next batch is read while it runs, because nobody
    waits for a loss before the end of a chunk.
    """

    def __init__(
        self, spec: JobSpec, data: Data, weights: Weights | None, build: Build | None = None
    ) -> None:
        require_supported(spec)
        require_padding_at_end(spec, data)
        self._spec, self._device = spec, device.prepare(spec)
        self._data = data
        self._seeds = seeds(spec.seed)
        self._samples = len(data.train_labels)
        self._shape = data.train_images.shape[1:]
        self._labels = shared.for_trainer(spec.loss, data.train_labels)
        with self._as_users():
            self._users: model.Users | UsersModel
            self._users = self._made(weights) if build is None else self._of_code(build, weights)
            steps = math.ceil(self._samples / spec.step_samples) * spec.epochs
            made = optimizers.idiomatic(
                spec.optimizer, steps, spec.accumulate_steps, spec.precision
            )
            self._network = self._users.network
            self._optimizer = nnx.Optimizer(self._network, made, wrt=nnx.Param)
            of_code = {"calls": spec.seed} if build is not None else {}
            self._rngs = nnx.Rngs(augmentation=spec.seed, **of_code)
        self._loss = losses.idiomatic(spec)
        self._scale = DynamicScale() if spec.precision is Precision.FLOAT16 else None
        self._step = nnx.jit(self._stepped)
        evaluated = functools.partial(self._users.logits, draws=None, training=False)
        self._logits = nnx.jit(evaluated)

    def _made(self, weights: Weights | None) -> model.Users:
        """Return the model of the spec's layers."""
        spec, shape = self._spec, self._shape
        made = model.users(spec.layers, shape, spec.seed, spec.precision)
        made.load(taken.initial_values(spec, shape, _drawn_seed(spec.seed)))
        if weights is not None:
            made.load(matched.ordered(spec, shape, weights))
        return made

    def _of_code(self, build: Build, weights: Weights | None) -> "UsersModel":
        from services.jax.code.users import UsersModel  # noqa: PLC0415 - more of Flax

        return UsersModel(self._spec, build, self._data.train_images, weights)

    @contextlib.contextmanager
    def _as_users(self) -> Iterator[None]:
        """Have arrays on the job's device, and 32 bits, which is JAX's default, unless it has 64.

        With 64 bits, masks and maps would be drawn from twice as many.
        """
        wide = self._spec.precision is Precision.FLOAT64
        with jax.enable_x64(wide), jax.default_device(self._device):
            yield

    def warm_up(self) -> None:
        """Warm up on batches of zeros; parameters, optimizer and generators are restored."""
        held = (self._network, self._optimizer, self._rngs)
        self._network.train()
        with self._as_users():
            before, scale = _copied(held), self._scale
            for size in {min(self._spec.batch_size, self._samples), self._rest}:
                for _ in range(matched.WARM_UP_STEPS if size else 0):
                    jax.block_until_ready(self._trained(self._zeros(size)))
            nnx.update(held, before)
            self._scale = scale
        self.evaluate()

    @property
    def _rest(self) -> int:
        return self._samples % self._spec.batch_size

    def _zeros(self, size: int) -> Batch:
        images = np.zeros((size, *self._shape), self._data.train_images.dtype)
        return images, np.zeros_like(self._labels[:size])

    def train_epoch(self, epoch: int) -> Iterator[Steps]:  # noqa: ARG002 - it shuffles by itself
        self._network.train()
        batches = loader(
            self._spec,
            samples(self._spec, self._data, "train"),
            self._spec.batch_size,
            next(self._seeds),
        )
        waiting = Waiting(iter(batches))
        every = self._spec.accumulate_steps
        measured: list[tuple[int, jax.Array]] = []
        for batch in waiting:
            with self._as_users():
                measured.append((len(batch[1]), self._trained(batch)))
            if len(measured) == self._spec.report_every_steps * every:
                yield _taken(measured, waiting, every)
                measured = []
        if measured:
            yield _taken(measured, waiting, every)

    def _trained(self, batch: Batch) -> jax.Array:
        """Train on a batch; return its loss, for which nobody has waited yet."""
        given = self._network, self._optimizer, self._rngs, self._scale
        loss, self._scale = self._step(*given, batch)
        return loss

    def _stepped(
        self,
        network: nnx.Module,
        optimizer: nnx.Optimizer,
        rngs: nnx.Rngs,
        scale: DynamicScale | None,
        batch: tuple[jax.Array, jax.Array],
    ) -> tuple[jax.Array, DynamicScale | None]:
        images, labels = batch
        if wanted(self._spec):
            images = augmentation.augmented(self._spec, images, rngs)

        # Outside of what is differentiated, where a generator cannot count.
        draws = rngs.calls() if "calls" in rngs else None

        def of_batch(network: nnx.Module) -> jax.Array:
            logits = self._users.logits(network, images, draws, training=True)
            if self._spec.precision in MIXED:
                logits = logits.astype(jnp.float32)
            return self._loss(logits, labels)

        if scale is None:
            loss, gradients = nnx.value_and_grad(of_batch)(network)
            optimizer.update(network, gradients)
            return loss, None
        return _scaled(network, optimizer, scale, of_batch)

    def evaluate(self) -> NDArray[np.floating]:
        self._network.eval()
        batches = loader(self._spec, samples(self._spec, self._data, "test"), _TEST_BATCH)
        with self._as_users():
            found = [self._logits(self._network, images) for images, _ in batches]
        return np.concatenate([_on_host(logits) for logits in found])

    def advance(self, steps: int) -> None:  # noqa: ARG002 - refused with the spec
        raise AssertionError("late_epoch is of the matched recipe")

    def predictor(self, samples: int) -> Callable[[], NDArray[np.floating]]:
        self._network.eval()
        with self._as_users():
            images = jax.device_put(self._data.test_images[:samples])

        def predict() -> NDArray[np.floating]:
            with self._as_users():
                return _on_host(self._logits(self._network, images))

        return predict

    def augmented(self) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        given = samples(self._spec, self._data, "train")
        ((images, labels),) = loader(self._spec, given, self._samples)
        if wanted(self._spec):
            with self._as_users():
                drawn = nnx.Rngs(augmentation=self._spec.seed)
                images = np.asarray(augmentation.augmented(self._spec, images, drawn))
        return images, labels

    def weights(self) -> Weights:
        return self._users.weights()

    def environment(self) -> Environment:
        spec = self._spec
        epsilon = optimizers.epsilon(spec.optimizer)
        notes = (
            f"{device.PRODUCTS[spec.precision].__name__}; Flax {flax.__version__} NNX, one "
            f"program a step, by XLA; Grain's DataLoader without workers; Optax "
            f"{optax.__version__} {optimizers.title(spec.optimizer)} epsilon "
            f"{'-' if epsilon is None else epsilon}"
        )
        framework = taken.Framework(
            defaults.number,
            epsilon,
            EpsilonPlace.INSIDE,
            device.tf32_in_words(spec) if spec.device is Device.CUDA else "",
        )
        return environment(device.threads(), notes, taken.used(spec, framework))

    def profiled(self, take_steps: Callable[[], int]) -> Profiled:
        return profile.profiled(take_steps, on_gpu=self._spec.device is Device.CUDA)

    def peak_device_memory_bytes(self) -> int:
        if self._spec.device is Device.CPU:
            return 0
        return int((self._device.memory_stats() or {}).get("peak_bytes_in_use", 0))


def _scaled(
    network: nnx.Module,
    optimizer: nnx.Optimizer,
    scale: DynamicScale,
    of_batch: Callable[[nnx.Module], jax.Array],
) -> tuple[jax.Array, DynamicScale]:
    """Take a step of a loss that is scaled, or none where a gradient is not finite."""
    graph, parameters, others = nnx.split(network, nnx.Param, ...)

    def of_parameters(parameters: nnx.State) -> tuple[jax.Array, nnx.State]:
        made = nnx.merge(graph, parameters, others)
        return of_batch(made), nnx.state(made, nnx.Not(nnx.Param))

    scale, is_finite, (loss, others), gradients = scale.value_and_grad(of_parameters, has_aux=True)(
        parameters
    )
    nnx.update(network, others)
    held = (network, optimizer)
    before = _copied(held)
    optimizer.update(network, gradients)
    kept = functools.partial(jnp.where, is_finite)
    nnx.update(held, jax.tree.map(kept, nnx.state(held), before))
    return loss, scale


def _copied(held: tuple[object, ...]) -> nnx.State:
    """Return the state as it is now: Flax's own is of the variables that a step changes."""
    found: nnx.State = jax.tree.map(lambda array: array, nnx.state(held))
    return found


def _drawn_seed(seed: int) -> Callable[[], int]:
    return lambda: int(jax.random.randint(jax.random.key(seed), (), 0, 2**31 - 1))


def _on_host(logits: jax.Array) -> NDArray[np.floating]:
    """Return logits in the host's memory, those of 16 bits in float32."""
    found = np.asarray(logits)
    return found if found.dtype in (np.float32, np.float64) else found.astype(np.float32)


def _taken(measured: list[tuple[int, jax.Array]], waiting: Waiting[Batch], every: int) -> Steps:
    """Return the steps of so many batches each, from the samples and losses of those."""
    sizes, found = zip(*measured, strict=True)
    on_host, synced = timed(lambda: np.stack(jax.device_get(found)))
    of_steps = metrics.of_steps(on_host, sizes, every)
    return Steps(of_steps, wait_seconds=waiting.taken(), sync_seconds=synced)
