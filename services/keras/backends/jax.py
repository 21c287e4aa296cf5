"""Keras on JAX."""

import os

from services.machine import before_jax

os.environ.update(before_jax.variables())
os.environ["KERAS_BACKEND"] = "jax"  # whatever the user has chosen for their own programs

import jax
from twinrun.contract.enums import Device, Precision
from twinrun.contract.events import Environment, MachineMeasured
from twinrun.contract.spec import JobSpec

from services.errors import DeviceUnavailable, Unsupported
from services.keras import environment as shared
from services.keras.choice import confirm
from services.keras.measure import measured
from services.keras.refused import refused
from services.keras.summary import summarize
from services.keras.trainable import require_trainable
from services.keras.trainer import FitTrainer

confirm("jax")
_NAME, _ON = "keras-jax", f"JAX {jax.__version__}"
_THREADS = "NPROC"  # which XLA reads where it makes its pool, once in a process
_started: list[int] = []  # the threads that XLA began with


def _prepare(spec: JobSpec) -> None:
    """Set the threads, the device and 64 bits.

    Raises DeviceUnavailable, and Unsupported if this process has begun with another number of
    threads.
    """
    # Of float64 alone: whoever trains in float32 has it off.
    jax.config.update("jax_enable_x64", spec.precision is Precision.FLOAT64)
    if not _started:
        _start(spec)
    elif _started[0] != spec.threads:
        raise Unsupported(
            f"threads is {spec.threads}, but this process has begun with {_started[0]}; run the "
            "job in a new one",
            field="threads",
        )
    if spec.device is Device.CUDA:
        try:
            gpus = jax.devices("cuda")
        except RuntimeError as error:
            raise DeviceUnavailable(
                f"device is cuda, but JAX {jax.__version__} sees no GPU; use device cpu, or "
                "install jax[cuda12] and NVIDIA's driver, and make a GPU visible to the runner",
                device="cuda",
            ) from error
        jax.config.update("jax_default_device", gpus[0])


def _start(spec: JobSpec) -> None:
    if spec.device is Device.CPU:
        jax.config.update("jax_platforms", "cpu")
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = str(spec.threads)
    try:
        jax.devices("cpu")
    finally:
        del os.environ[_THREADS]
        if before is not None:
            os.environ[_THREADS] = before
    _started.append(spec.threads)


class Trainer(FitTrainer):
    """A `services.trial.trainer.Trainer`: the idiomatic recipe of Keras on JAX."""

    def _begin(self) -> None:
        require_trainable(self._spec)
        _prepare(self._spec)

    def _synchronize(self) -> None:
        jax.block_until_ready([variable.value for variable in self._model.variables])

    def environment(self) -> Environment:
        used = self._used("on")
        return shared.environment(_NAME, _ON, _started[0], self._in_words(), used)

    def peak_device_memory_bytes(self) -> int:
        if self._spec.device is Device.CPU:
            return 0
        return int((jax.devices("cuda")[0].memory_stats() or {}).get("peak_bytes_in_use", 0))


def environment() -> Environment:
    """Return where this process runs. Starts no device."""
    return shared.environment(_NAME, _ON)


def measure(spec: JobSpec) -> MachineMeasured:
    """Measure with the device, precision and threads of ``spec``. Raises DeviceUnavailable."""
    _prepare(spec)
    return measured(spec)


of_layers = trace = refused
__all__ = ["Trainer", "environment", "measure", "of_layers", "summarize", "trace"]
