"""A comparison's figures, drawn in a process of its own, on all available CPUs.

It imports matplotlib while others work: started ahead, it draws as soon as it is asked.
"""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from orchestrator.errors import OutputError
from orchestrator.figures.drawing import Drawing
from orchestrator.language.phrases import Phrase, current, english, speaking
from orchestrator.results.comparison import Comparison

_FAILED = Phrase(
    "The figures cannot be drawn; the process that draws them told: {last}. What was measured is "
    "kept: draw them with `orchestrator report`."
)
_NO_WORD = Phrase("not a word")


class Renderer:
    """Draws; its process starts at once, and again if it ended before it had drawn."""

    def __init__(self) -> None:
        self._process: _Process | None = None
        with suppress(OutputError):  # `draw` retries, once everything important is stored
            self._process = _Process()

    def ready(self) -> None:
        """Return once it waits for work, and takes no more time from others."""
        if self._process is not None:
            with suppress(OutputError):
                self._process.ready()

    def draw(self, comparison: Comparison) -> list[Drawing]:
        """Return every figure that has something to show: the overview, then the others.

        Raises OutputError if it cannot be started, or ends twice.
        """
        if self._process is not None:
            with suppress(OutputError):
                return self._process.draw(comparison)
            self.close()
        self._process = _Process()
        return self._process.draw(comparison)

    def close(self) -> None:
        """End it, and everything that it has started."""
        if self._process is not None:
            self._process.close()
            self._process = None


class _Process:
    """Raises OutputError if it cannot be started, or ends too early."""

    def __init__(self) -> None:
        try:
            with ExitStack() as opened:
                self._errors = opened.enter_context(tempfile.TemporaryFile())
                self._process = subprocess.Popen(
                    [sys.executable, "-m", __name__],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    env=_environment(),
                    start_new_session=True,  # the caller handles Ctrl-C
                )
                self._opened = opened.pop_all()
        except OSError as error:
            raise OutputError(english(_FAILED, last=error)) from error
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        self._is_ready = False

    def ready(self) -> None:
        if not self._is_ready:
            self._is_ready = self._answer()

    def draw(self, comparison: Comparison) -> list[Drawing]:
        self.ready()
        with suppress(OSError):  # it has ended, which is reported below
            pickle.dump((current(), comparison), self._requests)
            self._requests.flush()
        drawings: list[Drawing] = self._answer()
        return drawings

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with self._opened, suppress(OSError), self._process:  # an error concerns unsent data
            pass

    def _answer(self) -> Any:
        try:
            return pickle.load(self._answers)  # noqa: S301 - of this program
        except (EOFError, pickle.UnpicklingError) as error:
            self._process.wait()
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").splitlines()
            last = lines[-1] if lines else english(_NO_WORD)
            raise OutputError(english(_FAILED, last=last)) from error


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        # It finds the same modules: in a notebook also those beside it; otherwise none of the
        # user's folder.
        "PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path),
        "PYTHONSAFEPATH": "1",
        "OPENBLAS_NUM_THREADS": "1",  # a process that forks has no other threads
    }


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Draw each requested comparison, in its language, until there are no more."""
    from orchestrator.figures import plots  # noqa: PLC0415 - takes a while to import

    pickle.dump(True, answers)
    answers.flush()
    while True:
        try:
            language, comparison = pickle.load(requests)  # noqa: S301 - of this program
        except EOFError:
            return
        draw = partial(plots.drawing, comparison)
        with speaking(language):
            names = plots.names(comparison)
            workers = min(_cpus(), len(names))
            if workers < 2:
                drawings = list(map(draw, names))
            else:  # by forks of this process, which would otherwise hold the answers' pipe open
                fork = multiprocessing.get_context("fork")
                with ProcessPoolExecutor(workers, fork, initializer=answers.close) as pool:
                    drawings = list(pool.map(draw, names))
        pickle.dump(drawings, answers)
        answers.flush()


def _cpus() -> int:
    """Return the CPUs that this process may use; one where forking is not safe."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def main() -> None:
    """Serve; only answers go to stdout."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
