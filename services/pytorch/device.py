"""The device, the threads and the precision of products that a spec requests."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed
from torch.nn import functional
from twinrun.contract.enums import MIXED, Device, Execution, OwnWay, Precision, Recipe
from twinrun.contract.group import ALONE, Group
from twinrun.contract.nesting import attends, convolves
from twinrun.contract.spec import JobSpec

from services.errors import DeviceUnavailable, Unsupported
from services.trial.chunks import Chunk

# The precision of products; everything else is float64 with float64, otherwise float32.
PRODUCTS = {
    Precision.FLOAT32: torch.float32,
    Precision.FLOAT64: torch.float64,
    Precision.BFLOAT16: torch.bfloat16,
    Precision.FLOAT16: torch.float16,
}

Product: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Shapes: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


def flushes_denormals(spec: JobSpec) -> bool:
    """Return whether denormal numbers become zero on a CPU, as in TensorFlow.

    This is not PyTorch's default. Adam's first moments of weights without a gradient become
    denormal within about 700 steps, and each then costs a processor a hundred cycles or more.
    """
    return spec.recipe is Recipe.MATCHED and OwnWay.DENORMALS not in spec.own_ways


def place(spec: JobSpec) -> int | None:
    """Return which of the job's devices is this process's. None: it has but one."""
    return distributed.get_rank() if spec.devices > 1 else None


def prepare(spec: JobSpec, number: int = 0) -> torch.device:
    """Set threads, denormals and TF32, and return the device, of a GPU that of this ``number``.

    Raises DeviceUnavailable, and Unsupported as `_require_one_rounding`.
    """
    # Before any thread of a pool is created, because it inherits the setting.
    torch.set_flush_denormal(flushes_denormals(spec))
    if OwnWay.THREADS not in spec.own_ways:
        torch.set_num_threads(spec.device_threads)
    if spec.device is Device.CPU:
        _require_one_rounding(spec)
        return torch.device("cpu")
    if torch.version.cuda is None:
        raise DeviceUnavailable(
            f"device is cuda, but this PyTorch ({torch.__version__}) is built without CUDA; "
            "use device cpu, or install a CUDA build of PyTorch",
            device="cuda",
        )
    if not torch.cuda.is_available():
        raise DeviceUnavailable(
            f"device is cuda, but PyTorch {torch.__version__} (CUDA {torch.version.cuda}) sees no "
            "GPU; use device cpu, or install NVIDIA's driver and make a GPU visible to the runner",
            device="cuda",
        )
    require_devices(spec)
    _set_kernels(spec)
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def require_devices(spec: JobSpec) -> None:
    """Check that there are as many GPUs as the job takes. Raises DeviceUnavailable."""
    found = torch.cuda.device_count() if spec.device is Device.CUDA else spec.devices
    if 0 < found < spec.devices:
        raise DeviceUnavailable(
            f"devices is {spec.devices}, but PyTorch {torch.__version__} sees {found} GPUs; take "
            "fewer devices, or make more GPUs visible to the runner",
            device="cuda",
        )


def tf32(spec: JobSpec) -> tuple[bool, bool]:
    """Return whether products, and convolutions, are in TF32 on a GPU.

    PyTorch by itself has it in convolutions only.
    """
    by_itself = OwnWay.TF32 in spec.own_ways or spec.recipe is Recipe.IDIOMATIC
    return spec.allow_tf32, spec.allow_tf32 or by_itself


def tf32_in_words(spec: JobSpec) -> str:
    """Return where TF32 is on."""
    in_all, in_convolutions = tf32(spec)
    return "on" if in_all else "in convolutions" if in_convolutions else "off"


def _set_kernels(spec: JobSpec) -> None:
    """Set TF32, and whether cuDNN tries its algorithms: a GPU's kernels follow."""
    products, convolutions = ("tf32" if on else "ieee" for on in tf32(spec))
    torch.backends.cuda.matmul.fp32_precision = products
    torch.backends.cudnn.conv.fp32_precision = convolutions
    torch.backends.cudnn.benchmark = OwnWay.CUDNN_BENCHMARK in spec.own_ways


def _require_one_rounding(spec: JobSpec) -> None:
    """Try a product, and a convolution and scores if the job has them, with their gradients.

    Raises Unsupported if the job's precision of 16 bits rounds within their sums. Where oneDNN has
    no kernels for it, such as of bfloat16 without AVX-512, PyTorch's own do. In bfloat16 the
    convolution is always tried, and first: without AVX-512 a product can end the process.
    """
    if spec.precision not in MIXED or spec.recipe is not Recipe.MATCHED:
        return
    short = PRODUCTS[spec.precision]
    by_order = 0.05  # the share of numbers whose last digit the order of a sum may decide

    def found(product: Product, shapes: Shapes, dtype: torch.dtype) -> list[torch.Tensor]:
        factors = [
            torch.arange(math.prod(shape)).sin().to(short).to(dtype).view(shape).requires_grad_()
            for shape in shapes
        ]
        made = product(*factors)
        gradients = torch.autograd.grad(made, factors, torch.ones_like(made))
        return [each.to(short) for each in (made, *gradients)]

    tried: list[tuple[Product, Shapes]] = [(torch.matmul, ((16, 400), (400, 8)))]
    if convolves(spec.layers) or spec.precision is Precision.BFLOAT16:
        tried.insert(0, (functional.conv2d, ((4, 8, 9, 9), (5, 8, 3, 3))))
    if attends(spec.layers):
        tried.append((torch.matmul, ((4, 2, 16, 8), (4, 2, 8, 16))))
    for product, shapes in tried:
        pairs = zip(
            *(found(product, shapes, dtype) for dtype in (short, torch.float32)), strict=True
        )
        if any((one != other).float().mean() > by_order for one, other in pairs):
            raise Unsupported(
                f"precision is {spec.precision}, but on this CPU PyTorch {torch.__version__} "
                f"rounds to it within the sums of {product.__name__}, which no other framework "
                "repeats; use float32, or another CPU: for bfloat16 one with AVX-512",
                field="precision",
            )


def put(array: NDArray[np.generic], where: torch.device) -> torch.Tensor:
    """Put the array onto the device; on a CPU without a copy if it is writable.

    PyTorch has no read-only tensors.
    """
    return torch.from_numpy(array if array.flags.writeable else array.copy()).to(where)


def put_chunk(chunk: Chunk, where: torch.device) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Put a chunk's indices, and what was drawn for it, onto the device."""
    return put(chunk.indices, where), {name: put(a, where) for name, a in chunk.drawn.items()}


def synchronize(device: torch.device) -> None:
    """Return when the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def notes(spec: JobSpec, group: Group = ALONE) -> str:
    """Return the settings, for people to read."""
    execution = "torch.compile" if spec.execution is Execution.COMPILED else "op by op"
    of_layers = spec.execution is Execution.COMPILED and spec.code is None
    compiled_on_gpu = of_layers and spec.recipe is Recipe.MATCHED
    if spec.device is Device.CUDA and (compiled_on_gpu or OwnWay.CUDA_GRAPH in spec.own_ways):
        execution += ", captured in CUDA graphs"
    if spec.devices > 1:
        by = "gloo" if spec.device is Device.CPU else "NCCL"
        each = f"{group.own(spec).device_threads} CPU threads each"
        where = group.in_words(spec)
        execution += f" on {where} by DistributedDataParallel over {by}, {each}"
    products = f"products in {PRODUCTS[spec.precision]}".replace("torch.", "")
    if spec.device is Device.CPU:
        denormals = "flushed to zero" if flushes_denormals(spec) else "kept"
        return f"{execution}; {products}; denormals {denormals}"
    tried = ", cudnn.benchmark on" if OwnWay.CUDNN_BENCHMARK in spec.own_ways else ""
    return f"{execution}; {products}; TF32 {tf32_in_words(spec)}{tried}"
