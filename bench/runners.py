"""Runners for a measurement: started by it, on free ports, and ended with it."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Runner:
    address: str
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def runner(
    framework: str,
    python: str,
    *,
    module: str = "services.server",
    environment: Mapping[str, str] = os.environ,
) -> Iterator[Runner]:
    """Start a runner, ``python -m module``, that ends with the block."""
    with tempfile.TemporaryDirectory() as directory:
        command = [python, "-m", module, "--framework", framework, "--listen", "127.0.0.1:0"]
        with (Path(directory) / "log").open("w") as log:
            process = subprocess.Popen(
                [*command, "--state-dir", directory], stderr=log, env=dict(environment)
            )
        address = Path(directory) / "address"
        try:
            while not address.exists():
                if process.poll() is not None:
                    sys.stderr.write((Path(directory) / "log").read_text())
                    raise SystemExit(f"The {framework} runner ended at its start.")
                time.sleep(0.1)
            yield Runner(address.read_text(), process)
        finally:
            process.terminate()
            process.wait()
