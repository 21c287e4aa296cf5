"""Keras on TensorFlow."""

import os

os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever the user has chosen for their own programs

import tensorflow as tf
from twinrun.contract.enums import Device
from twinrun.contract.events import Environment, MachineMeasured
from twinrun.contract.spec import JobSpec

from services.errors import DeviceUnavailable, Unsupported
from services.keras import environment as shared
from services.keras.choice import confirm
from services.keras.measure import measured
from services.keras.refused import refused
from services.keras.summary import summarize
from services.keras.trainable import require_kernels
from services.keras.trainer import FitTrainer

confirm("tensorflow")
_NAME, _ON = "keras-tensorflow", f"TensorFlow {tf.__version__}"


def _prepare(spec: JobSpec) -> None:
    """Set the threads and the device.

    Raises DeviceUnavailable, and Unsupported if this process has begun with another number of
    threads.
    """
    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(spec.threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise Unsupported(
            f"threads is {spec.threads}, but this process has begun with "
            f"{threading.get_intra_op_parallelism_threads()}; run the job in a new one",
            field="threads",
        ) from error
    gpus = tf.config.list_physical_devices("GPU") if spec.device is Device.CUDA else []
    if spec.device is Device.CUDA and not gpus:
        raise DeviceUnavailable(
            f"device is cuda, but TensorFlow {tf.__version__} sees no GPU; use device cpu, or "
            "install tensorflow[and-cuda] and NVIDIA's driver, and make a GPU visible to the "
            "runner",
            device="cuda",
        )
    tf.config.set_visible_devices(gpus[:1], "GPU")
    if gpus:
        tf.config.experimental.set_memory_growth(gpus[0], enable=True)


class Trainer(FitTrainer):
    """A `services.trial.trainer.Trainer`: the idiomatic recipe of Keras on TensorFlow."""

    def _begin(self) -> None:
        require_kernels(self._spec)
        _prepare(self._spec)

    def _synchronize(self) -> None:
        if self._spec.device is Device.CUDA:
            tf.test.experimental.sync_devices()

    def environment(self) -> Environment:
        threads = tf.config.threading.get_intra_op_parallelism_threads()
        return shared.environment(_NAME, _ON, threads, self._in_words(), self._used("on"))

    def peak_device_memory_bytes(self) -> int:
        if self._spec.device is Device.CPU:
            return 0
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])


def environment() -> Environment:
    """Return where this process runs. Creates no context."""
    return shared.environment(_NAME, _ON)


def measure(spec: JobSpec) -> MachineMeasured:
    """Measure with the device, precision and threads of ``spec``. Raises DeviceUnavailable."""
    _prepare(spec)
    return measured(spec)


of_layers = trace = refused
__all__ = ["Trainer", "environment", "measure", "of_layers", "summarize", "trace"]
