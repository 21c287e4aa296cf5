"""One job on several devices: XLA shares each step's samples among those of a mesh.

The program is that of one device. The compiler divides it, with the sums over all samples that it
has, so nothing else counts by samples here. It can only divide evenly: with shares of different
sizes some programs end its process (jaxlib 0.10.2, of an embedding's gradient).
"""

from collections.abc import Sequence
from typing import TypeVar

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from twinrun.contract.enums import Device
from twinrun.contract.spec import JobSpec

from services.errors import DeviceUnavailable, TrainerFailed, Unsupported

_AXIS = "devices"
Tree = TypeVar("Tree")  # arrays in lists, tuples and dictionaries


def mesh(spec: JobSpec) -> Mesh | None:
    """Return the job's devices, once JAX has begun; None: there is but one.

    Raises DeviceUnavailable, and Unsupported if this process has begun with fewer parts of the CPU.
    """
    if spec.devices == 1:
        return None
    found = jax.devices("cpu" if spec.device is Device.CPU else "cuda")
    if len(found) >= spec.devices:
        kept = found[: spec.devices]
        return jax.make_mesh((len(kept),), (_AXIS,), axis_types=(AxisType.Auto,), devices=kept)
    if spec.device is Device.CPU:
        raise Unsupported(
            f"devices is {spec.devices}, but this process has begun with {len(found)}; run the job "
            "in a new one",
            field="devices",
        )
    raise DeviceUnavailable(
        f"devices is {spec.devices}, but JAX {jax.__version__} sees {len(found)} GPUs; take fewer "
        "devices, or make more GPUs visible to the runner",
        device="cuda",
    )


def everywhere(mesh: Mesh | None, tree: Tree) -> Tree:
    """Return the arrays with a copy of each on every device."""
    if mesh is None:
        return tree
    where = NamedSharding(mesh, PartitionSpec())
    if where.is_fully_addressable:
        copied: Tree = jax.device_put(tree, where)
        return copied

    def held(array: jax.Array) -> jax.Array:
        own = np.asarray(array)  # of several machines each has all of it
        return jax.make_array_from_callback(own.shape, where, lambda part: own[part])

    of_all: Tree = jax.tree.map(held, tree)
    return of_all


def shared(mesh: Mesh | None, tree: Tree) -> Tree:
    """Return arrays [samples, ...] of a step, within its program, shared among the devices.

    Each has all samples of a short batch that does not divide.
    """
    if mesh is None or any(len(array) % mesh.size for array in jax.tree.leaves(tree)):
        return tree
    by_sample = NamedSharding(mesh, PartitionSpec(_AXIS))
    divided: Tree = jax.lax.with_sharding_constraint(tree, by_sample)
    return divided


def kept_alike(mesh: Mesh | None, tree: Tree) -> Tree:
    """Return arrays within a program, as a step leaves them: with a copy on every device."""
    if mesh is None:
        return tree
    copied: Tree = jax.lax.with_sharding_constraint(tree, NamedSharding(mesh, PartitionSpec()))
    return copied


def first(mesh: Mesh | None, arrays: Sequence[jax.Array]) -> Sequence[jax.Array]:
    """Return the first device's copies."""
    return arrays if mesh is None else [array.addressable_data(0) for array in arrays]


def require_alike(arrays: Sequence[jax.Array]) -> None:
    """Check that all devices hold the same. Raises TrainerFailed."""
    for array in arrays:
        if len(array.addressable_shards) == 1:  # of a user's model it may be a key, not numbers
            continue
        own, *others = (np.asarray(shard.data) for shard in array.addressable_shards)
        first = jax.process_index() * (1 + len(others))  # machines are compared where all report
        for place, found in enumerate(others, first + 1):
            if not np.array_equal(own, found, equal_nan=True):
                raise TrainerFailed(
                    f"Device {place} of the job holds other weights than device {first}: an update "
                    "of one of them was not that of the other."
                )
