"""A part of a job that several machines train: JAX's own runtime of many processes, one of each.

A process's devices are those of its machine. The compiler divides the job's program over a mesh of
all of them, and adds the sums between machines: on CPUs by gloo, on GPUs by NCCL.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import jax
from jax._src import distributed, xla_bridge
from jax._src.lib import _jax
from twinrun.contract.group import Group

from services.errors import PartLost

_MEETING_SECONDS = 1800  # for a machine that must first download the data


def join(group: Group, devices: int) -> None:
    """Become the part of this machine, which has so many devices, before JAX makes any."""
    jax.distributed.initialize(
        group.addresses[0],
        group.machines,
        group.place,
        local_device_ids=list(range(devices)),
        cluster_detection_method="deactivate",
        initialization_timeout=_MEETING_SECONDS,
        coordinator_bind_address=group.addresses[0],  # else at all addresses
    )
    # As JAX makes them, but by the address that the others reach, and not by the host's own name.
    exchange = _jax.make_gloo_tcp_collectives(
        distributed_client=distributed.global_state.client, hostname=group.host
    )
    made = functools.partial(xla_bridge.make_cpu_client, collectives=exchange)
    xla_bridge.register_backend_factory("cpu", made, priority=0, fail_quietly=False)


def leave() -> None:
    """Return once no other machine needs this process: the first one's keeps them together."""
    jax.distributed.shutdown()


@contextmanager
def explained() -> Iterator[None]:
    """Raise PartLost where an exchange with another machine fails."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if jax.process_count() > 1 and "gloo" in str(error).lower():
            raise PartLost(f"An exchange with another machine failed: {error}.") from error
        raise
