"""Make an environment of another version of a framework, beside the usual one: ``make setup``.

``make setup TORCH_VERSION=2.13.0`` makes ``.venv-pytorch-2.13.0``. What is pinned for the usual
environment is installed first, by its hashes. The framework comes without a hash, as its version is
the user's choice, and with what it needs: a pinned package that does not fit it is replaced. Says
what is not as pinned.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
VERSION = re.compile(r"\d+(\.\d+){1,3}")  # as orchestrator.trials.sides.VERSION
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
PINNED = re.compile(r"([A-Za-z0-9._-]+)==([^ ;]+)")


@dataclass(frozen=True)
class Kind:
    """A framework's usual environment: its requirements, and which of them are the framework's."""

    framework: str
    requirements: str
    own: tuple[str, ...]


KINDS = {
    "TORCH_VERSION": Kind("pytorch", "pytorch-cpu.txt", ("torch", "torchvision")),
    "TENSORFLOW_VERSION": Kind("tensorflow", "tensorflow.txt", ("tensorflow", "tensorflow-cpu")),
}


def wanted(kind: Kind, version: str) -> list[str]:
    """Return pip's arguments for the framework, in the build that the usual environment has."""
    if kind.framework == "tensorflow":
        if os.environ.get("TENSORFLOW") == "cuda":
            return [f"tensorflow[and-cuda]=={version}"]
        small = sys.platform == "linux" and os.uname().machine == "x86_64"
        return [f"tensorflow{'-cpu' if small else ''}=={version}"]
    if os.environ.get("TORCH") != "cpu":
        return [f"torch=={version}", "torchvision"]
    build = "" if sys.platform == "darwin" else "+cpu"
    index = os.environ["TORCH_CPU_INDEX"]
    return ["--index-url", index, f"torch=={version}{build}", "torchvision"]


def pins(kind: Kind) -> Iterator[tuple[str, str, str]]:
    """Yield name, version and entry of each requirement but the framework itself."""
    text = (HERE / kind.requirements).read_text().replace("\\\n", "\\\0")
    for entry in text.splitlines():
        pinned = PINNED.match(entry)
        if pinned and pinned[1] not in kind.own:
            yield pinned[1], pinned[2], entry.replace("\\\0", "\\\n")


def install(python: Path, kind: Kind, version: str) -> None:
    """Install everything. Raises CalledProcessError."""

    def pip(*arguments: str) -> None:
        subprocess.run([python, *PIP, "install", *arguments], cwd=ROOT, check=True)

    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(entry for _, _, entry in pins(kind)) + "\n")
        file.flush()
        pip("--require-hashes", "-r", file.name)
    pip(*wanted(kind, version))
    pip("--no-deps", "--editable", ".")
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    imported = [python, "-c", f"import services.{kind.framework}"]
    subprocess.run(imported, cwd=ROOT, env=quiet, check=True)


def others(python: Path, kind: Kind) -> tuple[list[str], list[str]]:
    """Return what is installed without a pin, and what is in place of a pinned package."""
    frozen = subprocess.run(
        [python, *PIP, "freeze", "--exclude-editable"], capture_output=True, text=True, check=True
    )
    known: dict[str, set[str]] = {}
    for name, version, _ in pins(kind):
        known.setdefault(_plain(name), set()).add(version)
    free, replaced = [], []
    for line in frozen.stdout.splitlines():
        name, _, version = line.partition("==")
        due = known.get(_plain(name))
        if due is None:
            free.append(line)
        elif version not in due:
            replaced.append(f"{line} (pinned: {' or '.join(sorted(due))})")
    return free, replaced


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def make(variable: str) -> None:
    """Make the environment that a variable of make names. Exits with what is wrong."""
    kind, version = KINDS[variable], os.environ.get(variable, "")
    if not VERSION.fullmatch(version):
        sys.exit(f"{variable} is {version!r}; give numbers with dots between them, such as 2.13.0.")
    place = ROOT / f".venv-{kind.framework}-{version}"
    stamp = place / ".runner"
    sources = (HERE / kind.requirements, ROOT / "pyproject.toml")
    if stamp.exists() and all(s.stat().st_mtime <= stamp.stat().st_mtime for s in sources):
        return
    new, python = not place.exists(), place / "bin/python"
    try:
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        install(python, kind, version)
    except BaseException as error:
        if new:
            shutil.rmtree(place, ignore_errors=True)
        if not isinstance(error, subprocess.CalledProcessError):
            raise
        sys.exit(
            f"{place.name} could not be made: see above. A version may have no build for this "
            f"Python ({sys.version.split()[0]}), or need packages too old for Twinrun."
        )
    free, replaced = others(python, kind)
    print(f"{place.name}: installed without a pin: {', '.join(free)}.")
    if replaced:
        print(f"{place.name}: in place of a pinned package: {', '.join(replaced)}.")
    print(f"Use it as a side: --side {kind.framework}-{version}")
    stamp.touch()


if __name__ == "__main__":
    for each in sys.argv[1:]:
        make(each)
