"""A job's layers as a Flax model, for comparison with another framework's code."""

from typing import NoReturn

from twinrun.contract.spec import JobSpec

from services.refusals.jax import require_supported


def of_layers(spec: JobSpec) -> NoReturn:
    """Refuse a job of layers whose other side is the user's code. Raises Unsupported."""
    require_supported(spec)
    raise AssertionError(spec)
