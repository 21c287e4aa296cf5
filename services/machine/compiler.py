"""Whether this machine has what torch.compile compiles with."""

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from twinrun.contract.enums import Device
from twinrun.contract.spec import JobSpec

from services.errors import Unsupported


def require_compiler(spec: JobSpec) -> None:
    """Check for a compiler and its headers. Raises Unsupported if torch.compile would fail."""
    if spec.device is Device.CUDA:
        names = [os.environ.get("CC", ""), "gcc", "clang"]  # of Triton's launchers
    else:
        names = [os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")]
    commands = [words[0] for name in names if (words := shlex.split(name))]
    if not any(shutil.which(command) for command in commands):
        raise Unsupported(
            f"execution is compiled, which on PyTorch needs a compiler, but {commands[0]} is not "
            "to be found; install it (Debian: apt-get install g++; containers: make up "
            "COMPILER=with), or use execution default",
            field="execution",
        )
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.is_file():
        raise Unsupported(
            f"execution is compiled, which on PyTorch needs Python's headers, but {header} is not "
            "there; install them (Debian: apt-get install python3-dev), or use execution default",
            field="execution",
        )
