"""``python -m bench.gpu.busy``: keep the first card busy with products until it is ended."""

import importlib.util
import os


def main() -> None:
    if importlib.util.find_spec("torch"):
        import torch  # noqa: PLC0415 - one of the three is there

        x = torch.rand(4096, 4096, device="cuda")
        print("busy", flush=True)
        while True:
            x = (x @ x).clamp(-1, 1)
            torch.cuda.synchronize()
    if importlib.util.find_spec("tensorflow"):
        import tensorflow as tf  # noqa: PLC0415 - as above

        tf.config.experimental.set_memory_growth(
            tf.config.list_physical_devices("GPU")[0], enable=True
        )
        x = tf.random.uniform((4096, 4096))
        print("busy", flush=True)
        while True:
            x = tf.clip_by_value(x @ x, -1, 1)
            x[0, 0].numpy()
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    import jax.numpy as jnp  # noqa: PLC0415 - as above

    ones = jnp.ones((4096, 4096))
    print("busy", flush=True)
    while True:
        ones = (ones @ ones).clip(-1, 1).block_until_ready()


if __name__ == "__main__":
    main()
