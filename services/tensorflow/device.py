"""The device, the threads and the precision of products that a spec requests."""

import contextlib
import math
import os
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from twinrun.contract.enums import MIXED, Device, Execution, OwnWay, Precision, Recipe
from twinrun.contract.group import ALONE, Group
from twinrun.contract.nesting import attends, convolves
from twinrun.contract.spec import JobSpec

from services.data import tensors
from services.errors import DeviceUnavailable, Unsupported
from services.tensorflow import model

Product: TypeAlias = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
Shapes: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]

_CPU = "/CPU:0"
# The precision of products; everything else is float64 with float64, otherwise float32.
PRODUCTS = {
    Precision.FLOAT32: tf.float32,
    Precision.FLOAT64: tf.float64,
    Precision.BFLOAT16: tf.bfloat16,
    Precision.FLOAT16: tf.float16,
}


def prepare(spec: JobSpec) -> str:
    """Set threads, memory growth and TF32, and return the device's name.

    Raises DeviceUnavailable, and Unsupported if this process has run TensorFlow with another number
    of threads: its pools are created once; and as `_require_one_rounding`.
    """
    if spec.device is Device.CPU:
        _divide_cpu(spec)
    try:
        if OwnWay.THREADS not in spec.own_ways:
            tf.config.threading.set_intra_op_parallelism_threads(spec.threads)
            made = tf.config.threading.get_inter_op_parallelism_threads()
            each = max(made, spec.devices)  # a device's operations are handed out by one
            tf.config.threading.set_inter_op_parallelism_threads(each)
    except RuntimeError as error:
        raise Unsupported(
            f"threads is {spec.threads}, but this process has begun with "
            f"{tf.config.threading.get_intra_op_parallelism_threads()}; run the job in a new one",
            field="threads",
        ) from error
    if spec.device is Device.CPU:
        _require_one_rounding(spec)
        return _CPU
    if not tf.test.is_built_with_cuda():
        raise DeviceUnavailable(
            f"device is cuda, but this TensorFlow ({tf.__version__}) is built without CUDA; "
            "use device cpu, or install tensorflow[and-cuda]",
            device="cuda",
        )
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        raise DeviceUnavailable(
            f"device is cuda, but TensorFlow {tf.__version__} sees no GPU; use device cpu, or "
            "install NVIDIA's driver and make a GPU visible to the runner",
            device="cuda",
        )
    if len(gpus) < spec.devices:
        raise DeviceUnavailable(
            f"devices is {spec.devices}, but TensorFlow {tf.__version__} sees {len(gpus)} GPUs; "
            "take fewer devices, or make more GPUs visible to the runner",
            device="cuda",
        )
    tf.config.set_visible_devices(gpus[: spec.devices], "GPU")
    for gpu in gpus[: spec.devices]:
        tf.config.experimental.set_memory_growth(gpu, enable=True)
    tf.config.experimental.enable_tensor_float_32_execution(tf32(spec))
    return "/GPU:0"


def names(spec: JobSpec) -> list[str]:
    """Return the names of the job's devices, in order."""
    kind = "CPU" if spec.device is Device.CPU else "GPU"
    return [f"/{kind}:{number}" for number in range(spec.devices)]


def _divide_cpu(spec: JobSpec) -> None:
    """Make as many devices of the CPU as the job takes. Raises Unsupported if it is too late."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    known = tf.config.get_logical_device_configuration(cpu) or [None]
    if len(known) >= spec.devices:
        return
    try:
        parts = [tf.config.LogicalDeviceConfiguration()] * spec.devices
        tf.config.set_logical_device_configuration(cpu, parts)
    except RuntimeError as error:
        raise Unsupported(
            f"devices is {spec.devices}, but this process has begun with {len(known)}; run the job "
            "in a new one",
            field="devices",
        ) from error


def tf32(spec: JobSpec) -> bool:
    """Return whether products and convolutions are in TF32 on a GPU, as TensorFlow by itself."""
    by_itself = OwnWay.TF32 in spec.own_ways or spec.recipe is Recipe.IDIOMATIC
    return spec.allow_tf32 or by_itself


def tf32_in_words(spec: JobSpec) -> str:
    """Return whether TF32 is on."""
    return "on" if tf32(spec) else "off"


def threads() -> int:
    """Return the number of CPU threads: 0 stands for one a CPU that the process may use."""
    set_to: int = tf.config.threading.get_intra_op_parallelism_threads()
    return set_to or len(os.sched_getaffinity(0))


def _require_one_rounding(spec: JobSpec) -> None:
    """Try a product, and a convolution and scores if the job has them, with their gradients.

    Raises Unsupported if the job's precision of 16 bits rounds within their sums. Where oneDNN has
    no kernels for it, such as of bfloat16 without AVX-512, TensorFlow's own do. In bfloat16 the
    convolution is always tried, and first: without AVX-512 a product can end the process.
    """
    if spec.precision not in MIXED or spec.recipe is not Recipe.MATCHED:
        return
    short = PRODUCTS[spec.precision]
    by_order = 0.05  # the share of numbers whose last digit the order of a sum may decide

    def found(product: Product, shapes: Shapes, dtype: tf.DType) -> list[tf.Tensor]:
        factors = [
            tf.cast(tf.cast(np.sin(np.arange(math.prod(shape))).reshape(shape), short), dtype)
            for shape in shapes
        ]
        with tf.GradientTape() as tape:
            tape.watch(factors)
            made = product(*factors)
        return [tf.cast(each, short) for each in (made, *tape.gradient(made, factors))]

    def conv2d(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(x, kernel, 1, "VALID")

    def scores(query: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        return tf.einsum("bthd,bshd->bhts", query, key)

    tried: list[tuple[Product, Shapes]] = [(tf.matmul, ((16, 400), (400, 8)))]
    if convolves(spec.layers) or spec.precision is Precision.BFLOAT16:
        tried.insert(0, (conv2d, ((4, 9, 9, 8), (3, 3, 8, 5))))
    if attends(spec.layers):
        tried.append((scores, ((4, 16, 2, 8), (4, 16, 2, 8))))
    for product, shapes in tried:
        with tf.device(_CPU), contextlib.suppress(tf.errors.OpError):  # there may be no kernel
            dtypes = (short, tf.float32)
            pairs = zip(*(found(product, shapes, dtype) for dtype in dtypes), strict=True)
            if all(np.mean(one.numpy() != other.numpy()) <= by_order for one, other in pairs):
                continue
        raise Unsupported(
            f"precision is {spec.precision}, but on this CPU TensorFlow {tf.__version__} rounds "
            f"to it within the sums of {product.__name__}, which no other framework repeats; use "
            "float32, or another CPU: for bfloat16 one with AVX-512",
            field="precision",
        )


def put(array: NDArray[np.floating], where: str) -> tf.Tensor:
    """Put the array onto the device; on a CPU without a copy if it is aligned as tensors are.

    `tf.constant` would take twice the array's own memory for a moment.
    """
    if where == _CPU and array.flags.writeable and array.ctypes.data % tensors.ALIGNMENT == 0:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.constant(array)


_EXECUTIONS = {
    Execution.DEFAULT: "one graph a chunk",
    Execution.EAGER: "op by op",
    Execution.COMPILED: "one graph a chunk by XLA",
}
_IN_PARTS = "one graph a chunk, its steps by XLA except convolutions and pools"


def notes(spec: JobSpec, group: Group = ALONE) -> str:
    """Return the settings, for people to read."""
    in_parts = spec.recipe is Recipe.MATCHED and model.in_parts(spec)
    execution = _IN_PARTS if in_parts else _EXECUTIONS[spec.execution]
    if spec.devices > 1:
        between = " and collective operations between machines" * (group.machines > 1)
        those = "those of a machine" if between else "them"
        shared = f"{spec.threads} CPU threads between {those}"
        execution += f" on {group.in_words(spec)} by MirroredStrategy{between}, {shared}"
    notes = f"{execution}; products in {PRODUCTS[spec.precision].name}"
    if spec.device is Device.CPU:
        return f"{notes}; denormals flushed to zero"
    return f"{notes}; TF32 {tf32_in_words(spec)}"
