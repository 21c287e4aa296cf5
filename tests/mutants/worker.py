"""Runs trials in one framework's process, each unchanged or with one file changed.

``python -m tests.mutants.worker FRAMEWORK FD`` takes requests from standard input, one line of JSON
each, and answers on the file descriptor.
"""

import functools
import gc
import importlib
import importlib.abc
import importlib.util
import json
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from google.protobuf import json_format
from twinrun.contract.converters.events import event_to_proto
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import JobState
from twinrun.contract.events import Event, StateChanged
from twinrun.v1 import job_pb2

from services.machine import host
from services.pipe import Task
from services.runner.validation import valid_spec
from services.trial import latency, matched, run
from tests.each import of
from tests.mutants import data, matrix

ROOT = Path(__file__).parents[2]
_MADE = matrix.CASES  # with their blobs
_SECONDS = 120  # of the CPU, which only what never ends takes, on a busy machine too
_EVALUATED = 8  # samples at once, so that the tests' few take more than one call


class Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Replaces the source of one module."""

    def __init__(self, file: str, source: str) -> None:
        self._folder = file.removesuffix("/__init__.py")  # of a package
        self._name = self._folder.removesuffix(".py").replace("/", ".")
        self._file, self._source = file, source

    def find_spec(self, name: str, *_: object) -> Any:
        if name != self._name:
            return None
        made = importlib.util.spec_from_loader(name, self, origin=str(ROOT / self._file))
        if made is not None and self.is_package(name):
            made.submodule_search_locations = [str(ROOT / self._folder)]
        return made

    def is_package(self, _: str) -> bool:
        return self._folder != self._file

    def get_source(self, fullname: str) -> str:
        return self._source


class Frameworks:
    """The framework's module: the same as long as the same source is requested."""

    def __init__(self, name: str) -> None:
        self._name, self._package = name, f"services.{name}"
        self._now: tuple[str, str] | None = None
        self._module: ModuleType | None = None
        importlib.import_module(self._package)  # the framework itself
        gc.collect()
        gc.freeze()  # it is not looked through again and again

    def module(self, change: tuple[str, str] | None, *, anew: bool) -> ModuleType:
        if anew or self._module is None or change != self._now:
            for name in [n for n in sys.modules if f"{n}.".startswith(f"{self._package}.")]:
                del sys.modules[name]
            finders = [Changed(*change)] if change else []
            sys.meta_path[:0] = finders
            self._module = None
            try:
                self._module = importlib.import_module(self._package)
                of(self._name).load_all()  # so that what is imported late is changed too
            finally:
                sys.meta_path[:] = sys.meta_path[len(finders) :]
            self._now = change
        return self._module


def train(request: dict[str, Any], framework: ModuleType) -> None:
    """Run one trial, as a runner stores it: events, weights, logits."""
    folder = Path(request["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    message = job_pb2.JobSpec()
    json_format.ParseDict(request["spec"], message)
    spec = valid_spec(message, 1)
    data.lay(request["spec"], folder)
    weights = Path(request["weights"]) if request.get("weights") else None
    with (folder / "events.jsonl").open("w") as events:

        def emit(event: Event) -> None:
            told = event_to_proto(event)
            emit.sequence += 1  # type: ignore[attr-defined]
            told.sequence = emit.sequence  # type: ignore[attr-defined]
            line = json_format.MessageToJson(told, indent=None, preserving_proto_field_name=True)
            events.write(line + "\n")

        emit.sequence = 0  # type: ignore[attr-defined]
        emit(StateChanged(JobState.RUNNING))
        run.run(Task(spec, folder, folder, weights=weights), framework.Trainer, emit)
        emit(StateChanged(JobState.SUCCEEDED))
    job = job_pb2.Job(state=job_pb2.JOB_STATE_SUCCEEDED, spec=spec_to_proto(spec))
    (folder / "job.json").write_text(
        json_format.MessageToJson(job, preserving_proto_field_name=True)
    )


@contextmanager
def within(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError("it does not end")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextmanager
def traced(found: dict[str, set[int]], prefix: str) -> Iterator[None]:
    """Record which lines below ``prefix`` run."""
    files: dict[CodeType, str | None] = {}

    def of_line(frame: FrameType, what: str, _: object) -> Callable[..., Any]:
        if what == "line":
            found[files[frame.f_code] or ""].add(frame.f_lineno)
        return of_line

    def of_call(frame: FrameType, *_: object) -> Callable[..., Any] | None:
        code = frame.f_code
        if code not in files:
            name = code.co_filename.removeprefix(f"{ROOT}/")
            files[code] = name if name.startswith(prefix) else None
        return of_line if files[code] else None

    sys.settrace(of_call)
    try:
        yield
    finally:
        sys.settrace(None)


def main() -> None:
    name, answers = sys.argv[1], os.fdopen(int(sys.argv[2]), "w")
    matched._EVALUATE_BATCH = _EVALUATED
    latency._SECONDS, latency._WARM_CALLS, latency._LEAST_CALLS = 0.0, 1, 1
    host.packages = functools.cache(host.packages)  # which takes as long as a trial
    frameworks = Frameworks(name)
    before = of(name).compile_for_mutants()
    print(json.dumps({"ready": name}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        before(request["spec"])
        lines: dict[str, set[int]] = defaultdict(set)
        tracing = traced(lines, f"services/{name}/") if request.get("traced") else nullcontext()
        failure, began = "", time.monotonic()
        try:
            with within(_SECONDS), tracing:
                change = request.get("change")
                anew = bool(request.get("traced"))
                train(request, frameworks.module(tuple(change) if change else None, anew=anew))
        except BaseException as error:  # noqa: BLE001 - whatever a mutant does
            failure = f"{type(error).__name__}: {error}"[:300]
        answer = {
            "failure": failure,
            "seconds": time.monotonic() - began,
            "lines": {file: sorted(found) for file, found in lines.items()},
        }
        print(json.dumps(answer), file=answers, flush=True)
        if failure:
            gc.collect()


if __name__ == "__main__":
    main()
