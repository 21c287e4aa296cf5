"""Starts real runners on real frameworks, each of which serves the commands of many tests."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.waiting import HANG_SECONDS, eventually

ROOT = Path(__file__).parents[2]
WARM = "tests.system.warm"


def data_dir() -> str:
    """Return the user's own: datasets stay there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return os.environ.get("TWINRUN_DATA_DIR") or str(cache / "twinrun/data")


@contextlib.contextmanager
def served(state: Path, framework: str, module: str = WARM) -> Iterator[str]:
    """Yield the flag of a runner in ``state``, whose jobs share a process."""
    state.mkdir(parents=True)
    with (state / "runner.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(ROOT / f".venv-{framework}/bin/python", "-m", module, f"--framework={framework}"),
                *("--listen=127.0.0.1:0", "--lazy", "--allow-code"),
                *(f"--state-dir={state}", f"--data-dir={data_dir()}"),
            ],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    announced = (state / "address").exists
    try:
        assert eventually(lambda: announced() or process.poll() is not None)
        assert announced(), (state / "runner.log").read_text()
        yield f"--{framework}={(state / 'address').read_text()}"
    finally:
        process.terminate()
        process.wait(HANG_SECONDS)
