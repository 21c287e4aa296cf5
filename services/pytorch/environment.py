"""The environment of a trial on PyTorch."""

import re

import torch
from twinrun.contract.events import Environment

from services.machine.environment import completed
from services.model.taken import Used


def environment(
    threads: int = 0, precision_notes: str = "", used: Used | None = None
) -> Environment:
    """Return the environment, with a trainer's settings if there is one.

    Creates no CUDA context.
    """
    cudnn = torch.backends.cudnn.version() if torch.backends.cudnn.is_available() else None
    return completed(
        Environment(
            framework="pytorch",
            framework_version=str(torch.__version__),
            threads=threads,
            blas=_blas(),
            cuda_version=torch.version.cuda or "",
            cudnn_version=_cudnn_version(cudnn) if cudnn else "",
            precision_notes=precision_notes,
            used=dict(used.values) if used else {},
            own=tuple(used.own) if used else (),
            debug_build=bool(torch.version.debug),
            tf32=torch.backends.cuda.matmul.fp32_precision == "tf32",
        )
    )


def _cudnn_version(number: int) -> str:
    """Write 90203 as 9.2.3; before version 9, 8907 as 8.9.7."""
    major = 10_000 if number >= 90_000 else 1_000
    return f"{number // major}.{number % major // 100}.{number % 100}"


def _blas() -> str:
    """Return the libraries for products that this build of PyTorch reports, with their versions."""
    build = torch.__config__.show()
    names = [
        f"{name} {match[1]}"
        for name, pattern in {
            "MKL": r"Math Kernel Library Version ([\d.]+)",
            "oneDNN": r"MKL-DNN v([\d.]+)",
        }.items()
        if (match := re.search(pattern, build))
    ]
    if not names and (match := re.search(r"BLAS_INFO=(\w+)", build)):
        names = [match[1]]
    return ", ".join(names)
