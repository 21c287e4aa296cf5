"""What JAX's runner does not do, each in one sentence with the remedy."""

from twinrun.contract.enums import Execution, OwnWay, Recipe
from twinrun.contract.spec import JobSpec

from services.errors import Unsupported

# What is not a way of JAX's users, or not built here. All others are.
_LACKS = {
    OwnWay.ACCURACY: "JAX's users read metrics after the epoch or within the step, as they like",
    OwnWay.TARGET_SHAPE: "Optax refuses shapes that differ",
    OwnWay.DATA_PIPELINE: "a chunk of matched steps is one program, which no loader can feed",
    OwnWay.PIPELINE_WORKERS: "a chunk of matched steps is one program, which no loader can feed",
    OwnWay.CUDA_GRAPH: "XLA decides by itself what it captures",
    OwnWay.CUDNN_BENCHMARK: "XLA tries its kernels anyway",
}


def require_supported(spec: JobSpec) -> None:
    """Check the devices, the execution, the images, the own ways. Raises Unsupported."""
    if spec.execution is Execution.EAGER:
        raise Unsupported(
            "JAX makes a program of each single operation where it runs op by op, which takes 19 "
            "to 43 times as long as PyTorch and measures nothing else; take execution default",
            field="execution",
        )
    if spec.batch_size % spec.devices:
        raise Unsupported(
            f"devices is {spec.devices} and batch_size {spec.batch_size}, of which JAX gives each "
            "device the same number of samples; take a batch_size that devices divides",
            field="devices",
        )
    arrays = spec.dataset.arrays
    if spec.recipe is Recipe.IDIOMATIC and arrays is not None and arrays.files:
        raise Unsupported(
            "the images are files, and JAX has nothing of its own that reads them, nor have Flax "
            "and Grain; take recipe matched, or give the images as arrays",
            field="dataset.arrays.files",
        )
    if lacking := [f"{way} ({_LACKS[way]})" for way in spec.own_ways if way in _LACKS]:
        raise Unsupported(
            f"own_ways has {', '.join(lacking)}, which is no way of JAX's; leave it out",
            field="own_ways",
        )
