"""JAX: the trainer on `mnist-cnn`, and the loop that a good user would write.

``python -m bench.jax_cnn`` in JAX's environment.
"""

from bench import interleave, report, workload
from bench.jax import Parameters, initial, matched, scan
from bench.report import Target
from services import jax as services_jax

import jax  # isort: skip - after the trainer's module, which sets what JAX reads at its import
from jax import lax  # isort: skip

CNN = ((5, 5, 1, 32), (5, 5, 32, 64), (1024, 128), (128, 10))


def cnn(parameters: Parameters, images: jax.Array) -> jax.Array:
    x = images
    for kernel, bias in parameters[:2]:
        layout = ("NHWC", "HWIO", "NHWC")
        x = lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=layout)
        x = jax.nn.relu(x + bias)
        x = lax.reduce_window(x, -float("inf"), lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    (kernel, bias), (last, last_bias) = parameters[2:]
    return jax.nn.relu(x.reshape(len(x), -1) @ kernel + bias) @ last + last_bias


TARGETS = (Target("matched, default", "bare scan", 1.05),)


def main() -> None:
    chosen = workload.options()
    job = workload.cnn(chosen)
    data = workload.load(chosen, job)
    bare = scan(cnn, initial(CNN), data)
    bare.slow = True  # XLA's own gradient of a convolution, inside a loop on a CPU
    variants = {
        "matched, default": matched(job, data),
        "bare scan": bare,
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, services_jax.environment(chosen.threads), variants, TARGETS, "-cnn")


if __name__ == "__main__":
    main()
