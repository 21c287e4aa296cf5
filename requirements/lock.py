"""Resolves pyproject.toml into one pinned, hashed file for each environment: ``make lock``.

Every file is resolved under the constraints of the first, so that a package that several
environments have is the same version in all.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

from services.frameworks import own

HERE = Path(__file__).parent
UV = Path(sys.executable).with_name("uv")
ARGUMENTS = [
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header"),
]
# PyTorch's own index has builds without CUDA; what they need beside themselves is pinned here.
CUDA_PACKAGES = ("torch", "torchvision", "triton")
NVML_PACKAGE = "nvidia-ml-py"  # asks the driver, and needs no CUDA


def compile_extra(extra: str, *options: str, name: str | None = None) -> None:
    """Write ``<name or extra>.txt``."""
    output = HERE / f"{name or extra}.txt"
    command = [UV, *ARGUMENTS, "--extra", extra, *options, "-o", output, "pyproject.toml"]
    subprocess.run(command, cwd=HERE.parent, check=True)


def without_cuda(source: Path, target: Path) -> None:
    """Copy a requirements file without PyTorch and what only its CUDA builds need."""
    entries = source.read_text().replace("\\\n", "\\\0").splitlines()
    kept = [
        entry.replace("\\\0", "\\\n")
        for entry in entries
        if entry.startswith(f"{NVML_PACKAGE}==")
        or not entry.startswith(("nvidia-", "cuda-", *(f"{name}==" for name in CUDA_PACKAGES)))
    ]
    target.write_text("\n".join(kept) + "\n")


def main() -> None:
    compile_extra("dev")
    for extra in ("orchestrator", "test", *own()):
        compile_extra(extra, "--constraint", str(HERE / "dev.txt"))
    extras = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    for name in own():
        if f"{name}-cuda" in extras["optional-dependencies"]:
            compile_extra(f"{name}-cuda", "--constraint", str(HERE / f"{name}.txt"))
    compile_extra("keras", "--constraint", str(HERE / "tensorflow.txt"))
    without_cuda(HERE / "pytorch.txt", HERE / "pytorch-cpu.txt")


if __name__ == "__main__":
    main()
