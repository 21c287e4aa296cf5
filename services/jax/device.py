"""The device, the threads and the precision of products that a spec requests."""

import os
from importlib.util import find_spec

import jax
import jax.numpy as jnp
from twinrun.contract.enums import Device, OwnWay, Precision, Recipe
from twinrun.contract.group import ALONE, Group
from twinrun.contract.spec import JobSpec

from services.errors import DeviceUnavailable, Unsupported
from services.jax import together
from services.jax.rounding import Rounding

# The precision of products; everything else is float64 with float64, otherwise float32.
PRODUCTS = {
    Precision.FLOAT32: jnp.float32,
    Precision.FLOAT64: jnp.float64,
    Precision.BFLOAT16: jnp.bfloat16,
    Precision.FLOAT16: jnp.float16,
}
_THREADS = "NPROC"  # which XLA reads where it makes its pool, and nothing else that it has holds
_started: list[int] = []  # the threads that XLA began with in this process


def prepare(spec: JobSpec, group: Group = ALONE) -> jax.Device:
    """Set the threads and TF32, join the other machines, and return this one's first device.

    Raises DeviceUnavailable, and Unsupported if this process has begun with another number of
    threads: XLA makes its pool once.
    """
    its_own = OwnWay.THREADS in spec.own_ways
    jax.config.update("jax_default_matmul_precision", None if tf32(spec) else "highest")
    if not _started:
        _start(_cpus() if its_own else spec.threads, spec, group)
    elif _started[0] != spec.threads and spec.device is Device.CPU and not its_own:
        raise Unsupported(
            f"threads is {spec.threads}, but this process has begun with {_started[0]}; run the "
            "job in a new one",
            field="threads",
        )
    if spec.device is Device.CPU:
        return jax.local_devices(backend="cpu")[0]
    if not _has_cuda():
        raise DeviceUnavailable(
            f"device is cuda, but this JAX ({jax.__version__}) is installed without CUDA; use "
            "device cpu, or install jax[cuda12]",
            device="cuda",
        )
    try:
        return jax.local_devices(backend="cuda")[0]
    except RuntimeError as error:
        raise DeviceUnavailable(
            f"device is cuda, but JAX {jax.__version__} sees no GPU; use device cpu, or install "
            "NVIDIA's driver and make a GPU visible to the runner",
            device="cuda",
        ) from error


def _has_cuda() -> bool:
    """Return whether JAX's plugin for CUDA is installed, for any of CUDA's versions."""
    return any(find_spec(f"jax_cuda{version}_plugin") for version in (12, 13))


def _start(threads: int, spec: JobSpec, group: Group) -> None:
    """Have JAX make its devices with so many threads; CUDA only where a job asks for it.

    The CPU has as many parts as the job has devices on this machine.
    """
    own = group.own(spec).devices
    jax.config.update("jax_num_cpu_devices", own)
    if spec.device is Device.CPU:
        jax.config.update("jax_platforms", "cpu")
    if group.machines > 1:
        together.join(group, own)
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = str(threads)
    try:
        jax.devices("cpu")
    finally:
        del os.environ[_THREADS]
        if before is not None:
            os.environ[_THREADS] = before
    _started.append(threads)


def tf32(spec: JobSpec) -> bool:
    """Return whether products and convolutions are in TF32 on a GPU, as JAX by itself."""
    by_itself = OwnWay.TF32 in spec.own_ways or spec.recipe is Recipe.IDIOMATIC
    return spec.allow_tf32 or by_itself


def tf32_in_words(spec: JobSpec) -> str:
    """Return whether TF32 is on."""
    return "on" if tf32(spec) else "off"


def threads() -> int:
    """Return the number of CPU threads that XLA began with."""
    return _started[0] if _started else 0


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


def rounding(spec: JobSpec) -> Rounding:
    """Return how the job's products are rounded."""
    return Rounding(jnp.dtype(PRODUCTS[spec.precision]), spec.device is Device.CPU)


def compiler_options(spec: JobSpec) -> dict[str, bool]:
    """Return what a matched job asks of XLA beside its defaults.

    XLA may leave out a rounding to 16 bits between two operations; `Rounding` prevents it on a CPU.
    """
    return {} if spec.device is Device.CPU else {"xla_allow_excess_precision": False}


def notes(spec: JobSpec, group: Group = ALONE) -> str:
    """Return the settings, for people to read."""
    products = jnp.dtype(PRODUCTS[spec.precision]).name
    shared = f" on {group.in_words(spec)} of a mesh" if spec.devices > 1 else ""
    notes = f"one scan a chunk{shared}, by XLA; products in {products}"
    if spec.device is Device.CPU:
        return f"{notes}; denormals flushed to zero"
    return f"{notes}; TF32 {tf32_in_words(spec)}"
