"""Lies in the events of a training job: values, order, sizes."""

from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.v1 import job_pb2

from services.runner.validation import valid_spec
from tests.builders.lying import CPUS, SPEC, Report, put
from tests.builders.lying import report as recorded
from tests.integration.lies.table import CASES, COLOUR, INF, NAN, moved, told, wrong

# ------------------------------------------------------------ what the issue names, to the letter
wrong("phase_started", "phase", 77)
told("steps 0..9, then 20", lambda r: put(r.of("steps_finished")[2], "first_step", 20), "20")
told("a loss is missing", lambda r: r.of("steps_finished")[1].losses.pop(), "steps")
for duration in (-1.0, 0.0, 1e-9, 1e12):
    wrong("epoch_finished", "train_duration", duration)
wrong("epoch_finished", "epoch", 0, index=1)
wrong("epoch_finished", "test.accuracy", 5.0)
wrong("environment", "framework_version", COLOUR, codes=(0,))
CASES["environment version"] = CASES.pop(list(CASES)[-1])
CASES["environment version"].says = "2.0"
wrong("steps_finished", "first_step", 100_000_000)
wrong("steps_finished", "first_step", 2**31 - 1, index=1)

# --------------------------------------------------------------- numbers out of range
for path, values in {
    "test.accuracy": (NAN, -0.1, 1.01, INF),
    "test.samples": (0, -5, 19, 2**31 - 1),
    "running_accuracy": (2.0, NAN, -1.0),
    "samples_per_second": (NAN, -1.0, 0.0, INF, 1e300, 1.0),
    "evaluate_duration": (-1.0, 1e12, 9e7),
    "data_wait_duration": (-1.0, 1e4),
    "sync_duration": (-1.0, 1e4),
    "train_loss": (NAN, 1e9, -INF),
    "epoch": (-1, 5, 2),
    "load.stolen_duration": (-1.0,),
    "load.clock_hertz": (NAN, -1.0),
    "train_duration": (1e7, 5e-7),
}.items():
    for value in values:
        wrong("epoch_finished", path, value)
for path, values in {
    "train_samples": (0, -1, 10**9),
    "test_samples": (0, -1, 21),
    "steps_per_epoch": (0, 9, 11, 2**31 - 1),
    "parameter_count": (0, -1, 2**40, 7849),
    "validation_samples": (-1,),
    "epoch_operations": (NAN, INF, -1.0),
    "epoch_bytes": (NAN, -1.0),
    "data_sha256": ("", "x" * 64, "ab", "A" * 10_000),
    "initial_weights_sha256": ("", "0" * 64),
    "batch_order_sha256": ("", "1234"),
}.items():
    for value in values:
        wrong("inputs", path, value)
for path, values in {
    "epoch": (-1, 1, 7),
    "first_step": (-1, 1, 5),
    "losses": ([], [1.0] * 6, [1.0] * 100_000),
}.items():
    for value in values:
        wrong("steps_finished", path, value)
for kind, path, value in (
    ("phase_finished", "phase", 0),
    ("phase_finished", "phase", -3),
    ("phase_finished", "duration", -1.0),
    ("phase_finished", "cpu_duration", 1e12),
    ("weights_saved", "sha256", "f" * 63),
    ("weights_saved", "size_bytes", 2**40),
    ("weights_saved", "size_bytes", 0),
    ("weights_saved", "size_bytes", -1),
    ("weights_saved", "kind", 0),
    ("weights_saved", "kind", 9),
    ("logits_saved", "sha256", "\n"),
    ("logits_saved", "size_bytes", 2**50),
    ("logits_saved", "size_bytes", 10),
    ("resources_used", "peak_memory_bytes", -1),
    ("resources_used", "peak_memory_bytes", 2**62),
    ("resources_used", "accelerator.mean_utilization", 5.0),
    ("resources_used", "accelerator.energy_joules", NAN),
    ("resources_used", "accelerator.mean_power_watts", -1.0),
    ("resources_used", "swapped_bytes", -1),
    ("resources_used", "memory.train_peak_bytes", 2**50),
    ("resources_used", "memory.evaluate_peak_bytes", 0),
    ("resources_used", "memory.built_bytes", -1),
    ("resources_used", "memory.started_bytes", 2**50),
    ("resources_used", "memory.children_bytes", 2**50),
    ("resources_used", "memory.parameter_bytes", 2**40),
    ("resources_used", "memory.optimizer_bytes", 2**40),
    ("environment", "threads", -1),
    ("environment", "physical_cores", 0),
    ("environment", "physical_cores", 4096),
    ("environment", "memory_bytes", -1),
    ("environment", "cpu_limit", NAN),
    ("environment", "cpu_flags", ["x"] * 20_000),
    ("environment", "packages", {str(n): "1" for n in range(20_000)}),
    ("state_changed", "state", 42),
    ("state_changed", "state", 0),
    ("state_changed", "state", 3),
):
    wrong(kind, path, value)
wrong("phase_finished", "phase", 6, says="PHASE_EVALUATE ended")
wrong("weights_saved", "kind", 2, says="before the job's epochs")
wrong("inputs", "train_samples", 99, says="samples_per_second")
wrong("inputs", "validation_samples", 5, says="train_samples")
wrong("epoch_finished", "validation.accuracy", 0.5, says="validation")
told("the phase of training is another sum", lambda r: put(_phase(r, 5), "duration", 5.0), "parts")
told("the phase of evaluation too", lambda r: put(_phase(r, 6), "duration", 5.0), "parts")
told("a date of the year 20,000", lambda r: put(r.events[3], "event_time.seconds", 5 * 10**11))
told("a date with 5e9 ns", lambda r: put(r.events[3], "event_time.nanos", 2 * 10**9), "event_time")
told("a duration of two signs", lambda r: put(_phase(r, 5), "duration.nanos", -5), "duration")
told("gradients that nobody asked for", lambda r: r.of("steps_finished")[0].details.SetInParent())


def _phase(report: Report, phase: int) -> Any:
    return next(found for found in report.of("phase_finished") if found.phase == phase)


def _of_fewer(report: Report) -> Report:
    """An honest report of another job, of half of the samples."""
    fewer = json_format.ParseDict(
        {**SPEC, "dataset": {**SPEC["dataset"], "train_limit": 50}}, job_pb2.JobSpec()
    )
    spec = spec_to_proto(valid_spec(fewer, CPUS))
    return recorded(spec, job_pb2.JOB_KIND_TRAIN)


told("half of the samples", _of_fewer, "for the same job", command="compare")


# --------------------------------------------------------------- out of order
def _drop(kind: str, index: int = 0) -> Callable[[list[job_pb2.JobEvent], Report], Any]:
    return lambda events, report: events.pop(report.places(kind)[index])


def _again(kind: str, index: int = 0) -> Callable[[list[job_pb2.JobEvent], Report], Any]:
    def change(events: list[job_pb2.JobEvent], report: Report) -> None:
        place = report.places(kind)[index]
        copy = job_pb2.JobEvent()
        copy.CopyFrom(events[place])
        events.insert(place, copy)

    return change


def _swap(kind: str, other: str) -> Callable[[list[job_pb2.JobEvent], Report], Any]:
    def change(events: list[job_pb2.JobEvent], report: Report) -> None:
        one, two = report.places(kind)[-1], report.places(other)[0]
        events[one], events[two] = events[two], events[one]

    return change


for kind in ("environment", "inputs", "weights_saved", "logits_saved", "steps_finished"):
    moved(f"no {kind}", _drop(kind))
moved("no final weights", _drop("weights_saved", 1))
moved("an epoch is missing", _drop("epoch_finished"))
moved("the last epoch is missing", _drop("epoch_finished", -1))
moved("the last steps are missing", _drop("steps_finished", -1))
moved("training never ends", _drop("phase_finished", -2))
moved("training never starts", _drop("phase_started", 3), "PHASE_TRAIN")
for kind in ("environment", "inputs", "logits_saved", "resources_used", "weights_saved"):
    moved(f"{kind} twice", _again(kind))
for kind in ("steps_finished", "epoch_finished", "phase_started", "phase_finished"):
    moved(f"{kind} twice", _again(kind))
moved("it runs twice", _again("state_changed", 1), "state")
moved("success before all else", _swap("state_changed", "environment"))
moved("weights before training", _swap("weights_saved", "inputs"))
moved("logits before training", _swap("logits_saved", "steps_finished"))
moved("epoch before its steps", _swap("epoch_finished", "steps_finished"))
moved("steps after the end", lambda e, r: e.append(e[r.places("steps_finished")[0]]), "end")
moved("an event of no kind", lambda e, _: e.insert(3, job_pb2.JobEvent()), "kind")
moved("no end", lambda e, _: e.pop(), "ended before")
moved("nothing at all", lambda e, _: e.clear(), "ended before")
moved("success at once", lambda e, _: e.__delitem__(slice(2, -1)), "without")
told("a sequence begins anew", lambda r: put(r.events[5], "sequence", 1), "sequence")
told("a sequence has a gap", lambda r: put(r.events[5], "sequence", 99), "sequence")
told("a sequence below zero", lambda r: put(r.events[5], "sequence", -1), "sequence")
told("success with an error", lambda r: put(r.events[-1], "state_changed.error.message", "no"))


def _endless(report: Report) -> None:
    progress = job_pb2.DownloadProgress(file="f", source="s", received_bytes=1)
    some = [job_pb2.JobEvent(download_progress=progress) for _ in range(60_000)]
    report.events[3:3] = some
    report.numbered()


told("a download without end", _endless, "download_progress")
told(
    "a message of 5 MB",
    lambda r: put(r.of("environment")[0], "blas", "x" * 5_000_000),
    "too large for gRPC",
)
