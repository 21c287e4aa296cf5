"""Runs jobs of users' code in one framework's process, one after the other.

``python -m tests.pairs.worker FRAMEWORK`` takes requests from standard input, one line of JSON
each: kind (trace or train), spec, data_dir, folder. It writes the events and the files of a job
into the folder, and answers each request with a line of JSON: the error, or null.
"""

import functools
import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from twinrun.contract.converters.events import event_to_proto
from twinrun.contract.events import Event
from twinrun.v1 import job_pb2

from services.errors import TwinrunError
from services.pipe import Kind, Task
from services.runner.validation import valid_spec
from services.trial import code, run, trace


def serve(framework: str, answers: Any) -> None:
    module = importlib.import_module(f"services.{framework}")
    for line in sys.stdin:
        try:
            _run(framework, module, json.loads(line))
            answer = None
        except TwinrunError as error:
            answer = error.message
        except Exception:  # noqa: BLE001 - it is told
            answer = traceback.format_exc()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _run(framework: str, module: Any, request: dict[str, Any]) -> None:
    folder = Path(request["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    spec = valid_spec(json_format.ParseDict(request["spec"], job_pb2.JobSpec()), 2)
    kind = Kind(request["kind"])
    task = Task(spec, Path(request["data_dir"]), folder, kind)
    build = code.builder(task, framework)
    with (folder / "events.jsonl").open("w") as events:

        def emit(event: Event) -> None:
            told = event_to_proto(event)
            events.write(
                json_format.MessageToJson(told, indent=None, preserving_proto_field_name=True)
            )
            events.write("\n")

        if kind is Kind.TRACE:
            trace.run(task, build, module.trace, emit)
        else:
            run.run(task, functools.partial(module.Trainer, build=build), emit)


if __name__ == "__main__":
    # What frameworks print must not mix with the answers.
    with os.fdopen(os.dup(1), "w") as own:
        os.dup2(2, 1)
        serve(sys.argv[1], own)
