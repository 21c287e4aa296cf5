"""JAX: the job on two parts of a CPU, and a jitted scan over sharded batches.

``python -m bench.jax_devices`` in JAX's environment.
"""

from dataclasses import replace

from bench import interleave, report, workload
from bench.jax import MLP, Parameters, initial, matched, mlp, scan
from bench.report import Target
from services import jax as services_jax

import jax  # isort: skip - after the trainer's module, which sets what JAX reads at its import
from jax.sharding import AxisType, NamedSharding, PartitionSpec  # isort: skip

DEVICES = 2
TARGETS = (Target("matched, two devices", "bare sharded scan", 1.05),)


def main() -> None:
    chosen = workload.options()
    job = replace(workload.spec(chosen), devices=DEVICES)
    data = workload.load(chosen, job)
    variants = {"matched, two devices": matched(job, data)}  # which makes the devices
    mesh = jax.make_mesh((DEVICES,), ("batch",), axis_types=(AxisType.Auto,))
    sharded = NamedSharding(mesh, PartitionSpec("batch"))

    def divided(parameters: Parameters, images: jax.Array) -> jax.Array:
        return mlp(parameters, jax.lax.with_sharding_constraint(images, sharded))

    variants["bare sharded scan"] = scan(divided, initial(MLP), data)
    variants["bare scan"] = scan(mlp, initial(MLP), data)
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, services_jax.environment(chosen.threads), variants, TARGETS, "-devices")


if __name__ == "__main__":
    main()
