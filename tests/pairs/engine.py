"""Both frameworks' processes, and what they make of a pair of models."""

import json
import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
from google.protobuf import json_format
from numpy.typing import NDArray
from twinrun.v1 import job_pb2

from orchestrator.runners import coded
from orchestrator.runners.coded import Trace
from orchestrator.storage.store import to_mapping

ROOT = Path(__file__).parents[2]
FRAMEWORKS = ("pytorch", "tensorflow")


class Failed(Exception):
    """A side could not do it; the message is its own."""


class Sides:
    """The processes of two frameworks, for jobs whose blobs are below ``data_dir``."""

    def __init__(
        self, folder: Path, data_dir: Path, frameworks: Sequence[str] = FRAMEWORKS
    ) -> None:
        self.frameworks = frameworks
        self._folder, self._data_dir = folder, data_dir
        self._count = 0
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'proto'}"}
        self._processes = {
            name: subprocess.Popen(
                [ROOT / f".venv-{name}/bin/python", "-m", "tests.pairs.worker", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env=environment,
            )
            for name in frameworks
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.communicate()  # its end of standard input ends it

    def trace(self, spec: job_pb2.JobSpec) -> list[Trace]:
        """Trace both sides' models: a `coded.Tracer`."""
        traces = []
        for name, folder in self._both("trace", coded.to_trace(spec)):
            (model,) = [e.model_traced for e in _events(folder) if e.HasField("model_traced")]
            content = (folder / "logits.safetensors").read_bytes()
            traces.append(coded.traced(name, model, content))
        return traces

    def losses(self, spec: job_pb2.JobSpec) -> list[NDArray[np.float64]]:
        """Train both sides; return each one's losses float64[steps]."""
        return [
            np.concatenate(
                [e.steps_finished.losses for e in _events(folder) if e.HasField("steps_finished")]
            )
            for _, folder in self._both("train", spec)
        ]

    def _both(self, kind: str, spec: job_pb2.JobSpec) -> Sequence[tuple[str, Path]]:
        self._count += 1
        folders = {name: self._folder / f"{self._count}-{name}" for name in self.frameworks}

        def ask(name: str) -> Any:
            process = self._processes[name]
            request = {
                "kind": kind,
                "spec": to_mapping(spec),
                "data_dir": str(self._data_dir),
                "folder": str(folders[name]),
            }
            if process.stdin is None or process.stdout is None:
                raise AssertionError
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        with ThreadPoolExecutor() as threads:
            for name, error in zip(self.frameworks, threads.map(ask, self.frameworks), strict=True):
                if error is not None:
                    raise Failed(f"{name}: {error}")
        return list(folders.items())


def _events(folder: Path) -> list[job_pb2.JobEvent]:
    lines = (folder / "events.jsonl").read_text().splitlines()
    return [json_format.Parse(line, job_pb2.JobEvent()) for line in lines]
