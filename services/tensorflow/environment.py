"""The environment of a trial on TensorFlow."""

import tensorflow as tf
from twinrun.contract.events import Environment

from services.machine.environment import completed
from services.model.taken import Used


def environment(
    threads: int = 0, precision_notes: str = "", used: Used | None = None
) -> Environment:
    """Return the environment, with a trainer's settings if there is one. Creates no context."""
    build = tf.sysconfig.get_build_info()
    return completed(
        Environment(
            framework="tensorflow",
            framework_version=tf.__version__,
            threads=threads,
            blas=_BLAS,
            cuda_version=str(build.get("cuda_version", "")),
            cudnn_version=str(build.get("cudnn_version", "")),
            precision_notes=precision_notes,
            used=dict(used.values) if used else {},
            own=tuple(used.own) if used else (),
            tf32=tf.config.experimental.tensor_float_32_execution_enabled(),
        )
    )


# TensorFlow reports no versions: both are linked into it.
_BLAS = "Eigen, oneDNN"
