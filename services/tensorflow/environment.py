"""What a trial on TensorFlow runs on."""

import tensorflow as tf

from services import host, nvml
from services.events import Environment

_PACKAGES = (
    "tensorflow",
    "tensorflow-cpu",
    "keras",
    "numpy",
    "nvidia-cublas-cu12",
    "nvidia-cudnn-cu12",
)


def environment(threads: int = 0, precision_notes: str = "") -> Environment:
    """The environment, with what a trainer has set, if one has. Makes no context."""
    driver, accelerators = nvml.accelerators()
    build = tf.sysconfig.get_build_info()
    return Environment(
        framework="tensorflow",
        framework_version=tf.__version__,
        python_version=host.python_version(),
        platform=host.platform_name(),
        cpu_model=host.cpu_model(),
        available_cpus=host.available_cpus(),
        cpu_set=host.cpu_set(),
        threads=threads,
        blas=_BLAS,
        cuda_version=str(build.get("cuda_version", "")),
        cudnn_version=str(build.get("cudnn_version", "")),
        driver_version=driver,
        accelerators=accelerators,
        packages=host.versions(_PACKAGES),
        precision_notes=precision_notes,
    )


# TensorFlow names no versions: both are linked into it.
_BLAS = "Eigen, oneDNN"
