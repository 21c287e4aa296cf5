"""What JAX reads from the environment when it is imported, for all runners on it."""

import os

_SET = {
    # The same GPU numbers everywhere: CUDA's own default is "fastest first".
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    # Errors only: standard error is kept as the reason if a trial's process dies.
    "TF_CPP_MIN_LOG_LEVEL": "2",
    # As the other frameworks: memory of a GPU when it is needed, and as much as there is. By itself
    # JAX takes three quarters at once, and never more.
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "XLA_CLIENT_MEM_FRACTION": "0.95",
}
_OLDER = {"XLA_CLIENT_MEM_FRACTION": "XLA_PYTHON_CLIENT_MEM_FRACTION"}  # JAX refuses both


def variables() -> dict[str, str]:
    """Return what is to be set, by name: not what the user has set already."""
    return {
        name: value
        for name, value in _SET.items()
        if name not in os.environ and _OLDER.get(name, name) not in os.environ
    }
