"""Keras on PyTorch."""

import os

os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
os.environ["KERAS_BACKEND"] = "torch"  # whatever the user has chosen for their own programs

import keras
import torch
from twinrun.contract.enums import Device, Execution
from twinrun.contract.events import Environment, MachineMeasured
from twinrun.contract.spec import JobSpec

from services.errors import DeviceUnavailable
from services.keras import environment as shared
from services.keras.choice import confirm
from services.keras.measure import measured
from services.keras.refused import refused
from services.keras.summary import summarize
from services.keras.trainable import require_trainable
from services.keras.trainer import FitTrainer
from services.machine.compiler import require_compiler

confirm("torch")
_NAME, _ON = "keras-torch", f"PyTorch {torch.__version__}"


def _prepare(spec: JobSpec) -> None:
    """Set the threads and the device. Raises DeviceUnavailable."""
    torch.set_num_threads(spec.threads)
    on_gpu = spec.device is Device.CUDA
    if on_gpu and not torch.cuda.is_available():
        raise DeviceUnavailable(
            f"device is cuda, but PyTorch {torch.__version__} sees no GPU; use device cpu, or "
            "install a CUDA build and NVIDIA's driver, and make a GPU visible to the runner",
            device="cuda",
        )
    keras.device("gpu:0" if on_gpu else "cpu:0").__enter__()  # for the rest of the process
    if on_gpu:
        torch.backends.cuda.matmul.fp32_precision = "tf32" if spec.allow_tf32 else "ieee"


class Trainer(FitTrainer):
    """A `services.trial.trainer.Trainer`: the idiomatic recipe of Keras on PyTorch."""

    def _begin(self) -> None:
        require_trainable(self._spec)
        if self._spec.execution is Execution.COMPILED:
            require_compiler(self._spec)
        _prepare(self._spec)

    def _synchronize(self) -> None:
        if self._spec.device is Device.CUDA:
            torch.cuda.synchronize()

    def environment(self) -> Environment:
        used = self._used("on" if self._spec.allow_tf32 else "in convolutions")
        return shared.environment(_NAME, _ON, torch.get_num_threads(), self._in_words(), used)

    def peak_device_memory_bytes(self) -> int:
        on_gpu = self._spec.device is Device.CUDA
        return torch.cuda.max_memory_allocated() if on_gpu else 0


def environment() -> Environment:
    """Return where this process runs. Creates no CUDA context."""
    return shared.environment(_NAME, _ON)


def measure(spec: JobSpec) -> MachineMeasured:
    """Measure with the device, precision and threads of ``spec``. Raises DeviceUnavailable."""
    _prepare(spec)
    return measured(spec)


of_layers = trace = refused
__all__ = ["Trainer", "environment", "measure", "of_layers", "summarize", "trace"]
