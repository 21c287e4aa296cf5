"""What a false runner may tell, each lie with the command that meets it and how that has to end."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google.rpc import code_pb2, error_details_pb2, status_pb2
from twinrun.v1 import job_pb2, runner_service_pb2

from services.convert import spec_from_proto, spec_to_proto
from tests.integration.lying import CPUS, SPEC, Lie, Report, put
from tests.integration.lying import report as recorded

NAN, INF = math.nan, math.inf
COLOUR = "\x1b[31m2.0\x1b[0m"
YEARS = 10 * 365 * 86_400


@dataclass
class Case:
    """``codes``: those that the command may end with. ``says``: part of what it has to say."""

    command: str
    lie: Lie
    codes: tuple[int, ...] = (4,)
    says: str = ""


CASES: dict[str, Case] = {}


def told(name: str, of: Callable[[Report], Any], says: str = "", **given: Any) -> None:
    """A lie in what a job reports."""

    def change(report: Report) -> Report:
        changed = of(report)
        return changed if isinstance(changed, Report) else report

    CASES[name] = Case(given.pop("command", "train"), Lie(of=change), says=says, **given)


def wrong(kind: str, path: str, value: Any, index: int = 0, **given: Any) -> None:
    """A field of an event that is not what it can be."""

    def change(report: Report) -> None:
        put(report.of(kind)[index], path, value)

    name = f"{given.get('command', 'train')}: {kind}[{index}].{path} = {str(value)[:40]!r}"
    told(name, change, **{"says": path.rpartition(".")[2], **given})


def moved(name: str, change: Callable[[list[job_pb2.JobEvent], Report], Any], says="") -> None:
    """Events that come in another order, or not at all."""

    def moving(report: Report) -> Report:
        change(report.events, report)
        return report.numbered()

    told(name, moving, says)


# -------------------------------------------------------------- what the issue names, to the letter
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

# ---------------------------------------------------------------------------- numbers out of range
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
    ("environment", "threads", -1),
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
    spec = spec_to_proto(spec_from_proto(fewer, CPUS))
    return recorded(spec, job_pb2.JOB_KIND_TRAIN)


told("half of the samples", _of_fewer, "of the same job", command="compare")


# ------------------------------------------------------------------------------------ out of order
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
    "larger than gRPC takes",
)


# -------------------------------------------------------------------------------------------- files
def piece(name: str, change: Callable[[Any], Any], says: str = "") -> None:
    CASES[f"piece: {name}"] = Case("train", Lie(piece=change), says=says)


def field(path: str, value: Any) -> Callable[[Any], Any]:
    def change(message: Any) -> Any:
        put(message, path, value)
        return message

    return change


piece("a total of a terabyte", field("total_bytes", 2**40), "total_bytes")
piece("a total below zero", field("total_bytes", -1), "total_bytes")
piece("a total of 1", field("total_bytes", 1), "total_bytes")
piece("another digest", field("sha256", "0" * 64), "sha256")
piece("no digest", field("sha256", ""), "sha256")
piece("nothing in it", field("chunk", b""), "len(chunk)")
piece("more than there is", field("chunk", b"x" * 100_000), "len(chunk)")
piece("3 MiB", field("chunk", b"x" * 3 * 2**20), "len(chunk)")
piece("5 MiB", field("chunk", b"x" * 5 * 2**20), "larger than gRPC takes")
piece("other bytes", lambda p: field("chunk", bytes(len(p.chunk)))(p), "SHA-256")


def file(name: str, make: Callable[[bytes], bytes], which: int | str = 2, says: str = "") -> None:
    """A file that is announced as it is, and is not what it should be."""

    def change(report: Report) -> None:
        content = report.files[which] = make(report.files[which])
        kind = "logits_saved" if which == "logits" else "weights_saved"
        said = report.of(kind)[0 if which in ("logits", 1) else 1]
        said.sha256, said.size_bytes = hashlib.sha256(content).hexdigest(), len(content)
        if which == 1:
            report.of("inputs")[0].initial_weights_sha256 = said.sha256

    told(f"file: {name}", change, says)


def tensors(change: Callable[[dict[str, Any]], Any], pad: int = 0) -> Callable[[bytes], bytes]:
    """The header changed, the rest as it is."""

    def make(content: bytes) -> bytes:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        change(header)
        text = json.dumps(header).encode().ljust(pad)
        return len(text).to_bytes(8, "little") + text + content[8 + length :]

    return make


def _renamed(header: dict[str, Any]) -> None:
    header["layers.9.kernel"] = header.pop("layers.1.kernel")


NO_FILE = "safetensors"
file("no file", lambda c: b"x" * len(c), says="header")
file("a header of exabytes", lambda c: b"\xff" * 8 + c[8:], says="header")
file("a header that is a list", lambda c: c[:8] + c[8:].replace(b"{", b"[", 1), says=NO_FILE)
file("a tensor is missing", tensors(lambda h: h.pop("layers.1.bias")), says="layers.1.bias")
file("a tensor more", tensors(lambda h: h.update(x=h["layers.1.bias"])), says="tensor x")
file("another name", tensors(_renamed), says="layers.1.kernel")
file("another shape", tensors(lambda h: h["layers.1.bias"].update(shape=[2, 5])), says="shape")
file("another type", tensors(lambda h: h["layers.1.bias"].update(dtype="I32")), says="dtype")
file("no type", tensors(lambda h: h["layers.1.bias"].pop("dtype")), says=NO_FILE)
file("a place outside", tensors(lambda h: h["layers.1.bias"].update(data_offsets=[0, 2**60])))
file("a place below zero", tensors(lambda h: h["layers.1.bias"].update(data_offsets=[-40, 0])))
file("one place twice", tensors(lambda h: h["layers.1.bias"].update(data_offsets=[40, 80])))
file("metadata", tensors(lambda h: h.update(__metadata__={"a": "b"})), says="__metadata__")
file("nested without end", lambda c: c[:8] + b"{" + b"[" * 200 + c[209:], says=NO_FILE)
file("bytes more", lambda c: c + b"12345678", says="len")
file("bytes less", lambda c: c[:-8])
file("initial: another shape", tensors(lambda h: h["layers.1.bias"].update(shape=[5, 2])), 1)
file("logits: another shape", tensors(lambda h: h["logits"].update(shape=[10, 20])), "logits")
file("logits: no labels", tensors(lambda h: h.pop("labels")), "logits", "labels")
file(
    "logits: a label of 2**31 - 1", lambda c: _labelled(c, b"\xff\xff\xff\x7f"), "logits", "labels"
)
file("logits: a label below zero", lambda c: _labelled(c, b"\xff" * 4), "logits", "labels")


def _labelled(content: bytes, label: bytes) -> bytes:
    length = int.from_bytes(content[:8], "little")
    first = 8 + length + json.loads(content[8 : 8 + length])["labels"]["data_offsets"][0]
    return content[:first] + label + content[first + 4 :]


# ------------------------------------------------------------------------- answers other than events
def answer(name: str, command: str, codes: tuple[int, ...], says: str = "", **lie: Any) -> None:
    CASES[name] = Case(command, Lie(**lie), codes, says)


def _unknown(message: Any) -> Any:
    """With a field that nobody here knows."""
    message.spec.MergeFromString(b"\xf8\x3f\x01")
    return message


def _without(path: str) -> Callable[[Any], Any]:
    def change(job: Any) -> Any:
        job.spec.ClearField(path)
        return job

    return change


for path, value in {
    "spec.epochs": 3,
    "spec.batch_size": 11,
    "spec.optimizer.learning_rate": 0.5,
    "spec.dataset.name": "mnist",
    "spec.layers[1].dense.units": 11,
    "spec.precision": 2,
    "spec.allow_tf32": True,
    "spec.own_ways": [1],
    "spec.threads": 2,
}.items():
    # Of what the job leaves open, one runner alone says what it likes, and two the same.
    command = "compare" if path == "spec.precision" else "train"
    answer(f"validated: {path}", command, (3,), path[5:], validated=field(path, value))
    answer(f"submitted: {path}", "train", (4,), path, submitted=field(path, value))
for path in ("optimizer", "layers", "threads", "dataset"):
    answer(f"validated: no {path}", "train", (3,), path, validated=_without(path))
answer("validated: unknown field", "train", (3,), "1023", validated=_unknown)
answer("validated: unknown enum", "train", (3,), "recipe", validated=field("spec.recipe", 9))
answer("validated: seed of one", "compare", (3,), "seed", validated=field("spec.seed", 5))
for path, value in {
    "job_id": "",
    "job_id ": "../../etc/passwd",
    "job_id  ": "a\nb",
    "job_id   ": "x" * 1_000_000,
    "kind": 2,
    "kind ": 0,
    "kind  ": 77,
    "state": 0,
    "state ": 99,
    "request_id": "another",
    "spec.seed": 5,
    "last_sequence": -1,
}.items():
    change = field(path.strip(), value)
    answer(f"submitted: {path} = {str(value)[:20]}", "train", (4,), submitted=change)
for path, value in {"state": 4, "state ": 0, "job_id": "x", "kind": 77, "state  ": 2}.items():
    answer(f"job: {path} = {value}", "train", (4,), job=field(path.strip(), value))
for path, value in {
    "framework": "tensorflow",
    "framework ": "\x1b[2J\n",
    "protocol_version": 99,
    "available_cpus": 0,
    "available_cpus ": -1,
    "available_cpus  ": 2**31 - 1,
    "build_sha256": "?",
    "max_message_bytes": -1,
    "environment.threads": -1,
}.items():
    answer(f"info: {path} = {value!r}", "train", (3,), info=field(path.strip(), value))


def _unready(info: Any) -> Any:
    info.ClearField("environment")
    return info


answer("info: never ready", "env", (3,), "imported its framework", info=_unready)
answer("info: an error [/x]", "env", (4,), "[/x]", info=field("import_error.message", "a [/x] b"))
answer("env: colours", "env", (0,), "2.0", info=field("environment.framework_version", COLOUR))
answer("env: markup", "env", (0,), "[/b]", info=field("environment.blas", "a [/b] :smile: c"))


def _page(**given: Any) -> Callable[[str, Any], Any]:
    def change(token: str, page: Any) -> Any:
        job = job_pb2.Job(job_id=f"pytorch-{token or 0}", kind=1, state=3, **given)
        return runner_service_pb2.ListJobsResponse(jobs=[job], next_page_token=f"{token}1"[-9:])

    return change


def _count(token: str, page: Any) -> Any:
    job = job_pb2.Job(job_id=f"pytorch-{token or 0}", kind=1, state=3)
    return runner_service_pb2.ListJobsResponse(jobs=[job], next_page_token=f"{int(token or 0) + 1}")


def _same(token: str, page: Any) -> Any:
    return runner_service_pb2.ListJobsResponse(next_page_token="again")


def _one(**given: Any) -> Callable[[str, Any], Any]:
    sound = {"job_id": "pytorch-1", "kind": 1, "state": 3}
    return lambda _, page: runner_service_pb2.ListJobsResponse(
        jobs=[job_pb2.Job(**{**sound, **given})]
    )


answer("jobs: a token that repeats", "jobs", (3,), "next_page_token", page=_same)
answer("jobs: a job that repeats", "jobs", (3,), "", page=_page())
answer("jobs: pages without end", "jobs", (3,), "number of pages", page=_count)
answer("jobs: a kind of 77", "jobs", (3,), "kind", page=_one(kind=77))
answer("jobs: no state", "jobs", (3,), "state", page=_one(state=0))
answer("jobs: an id of two lines", "jobs", (3,), "job_id", page=_one(job_id="a\nb"))
answer(
    *("jobs: colours in an error", "jobs", (0,), "red [/x] line"),
    page=_one(error=status_pb2.Status(message="\x1b[31mred\x1b[0m [/x]\nline")),
)


# ------------------------------------------------------------------------------- jobs of other kinds
for command, kind, path, value in (
    ("summary", "model_summarized", "parameter_count", -1),
    ("summary", "model_summarized", "parameter_count", 2**60),
    ("summary", "model_summarized", "layers", []),
    ("summary", "model_summarized", "layers[0].output_shape", []),
    ("summary", "model_summarized", "layers[0].output_shape", [-1]),
    ("summary", "model_summarized", "layers[0].untrained_count", 2**40),
    ("measure", "machine_measured", "operations_per_second", NAN),
    ("measure", "machine_measured", "operations_per_second", 0.0),
    ("measure", "machine_measured", "operations_per_second", 1e300),
    ("measure", "machine_measured", "bytes_per_second", -1.0),
    ("preview", "images_previewed", "shape", [3, 28]),
    ("preview", "images_previewed", "shape", [2**31 - 1, 2**31 - 1, 2**31 - 1, 1]),
    ("preview", "images_previewed", "shape", [3, 28, 28, 2]),
    ("preview", "images_previewed", "shape", [2, 28, 28, 1]),
    ("preview", "images_previewed", "labels", [1, 2]),
    ("preview", "images_previewed", "labels", [1, 2, 99]),
    ("preview", "images_previewed", "originals", [1.0]),
    ("preview", "images_previewed", "augmented", [NAN] * 2352),
    ("evaluate", "evaluation_finished", "test.accuracy", 5.0),
    ("evaluate", "evaluation_finished", "test.samples", 7),
    ("evaluate", "evaluation_finished", "latencies[0].p50_duration", 0.0),
    ("evaluate", "evaluation_finished", "latencies[0].p50_duration", 1e9),
    ("evaluate", "evaluation_finished", "latencies[0].calls", 0),
    ("evaluate", "evaluation_finished", "latencies[0].batch_size", 0),
    ("evaluate", "evaluation_finished", "latencies[1].batch_size", 1),
    ("evaluate", "evaluation_finished", "latencies[0].samples_per_second", INF),
    ("evaluate", "logits_saved", "size_bytes", 2**40),
):
    wrong(kind, path, value, command=command)
told(
    "summary: colours and markup",
    lambda r: put(r.of("model_summarized")[0], "text", "\x1b[31ma [/x]\r\n  b\x1b]0;t\x07"),
    "a [/x]",
    command="summary",
    codes=(0,),
)


def _of_train(report: Report) -> Report:
    inputs = job_pb2.JobEvent(inputs=job_pb2.Inputs(train_samples=1))
    report.events.insert(3, inputs)
    return report.numbered()


told("summary: an event of training", _of_train, "inputs", command="summary")


# -------------------------------------------------------------------------------- texts and statuses
def _failed(message: str, *details: Any) -> Callable[[Report], Report]:
    def change(report: Report) -> Report:
        del report.events[8:]
        event = job_pb2.JobEvent()
        event.state_changed.state = job_pb2.JOB_STATE_FAILED
        event.state_changed.error.message = message
        for detail in details:
            event.state_changed.error.details.add().Pack(detail)
        report.events.append(event)
        return report.numbered()

    return change


told("failure: x [/a] y", _failed("x [/a] y"), "x [/a] y")
told("failure: as TensorFlow writes", _failed("on [/job:localhost/task:0] failed"), "[/job:local")
told("failure: two lines", _failed("one\n2026 PyTorch: succeeded"), "one 2026 PyTorch")
told("failure: colours", _failed("\x1b[31mred\x1b[0m\x07\x9b2J"), "red")
told("failure: directions", _failed("a\u202eb\u2028c\u2066d"), "ab cd")
told("failure: no character", _failed("a\ufffeb\uffffc\ufdd0d"), "abcd")
told("failure: a megabyte", _failed("long " * 200_000), "long")
told("failure: a dollar", _failed(r"$\frac{1}{$ & <script>"), "$")


def _any(type_url: str, value: bytes) -> Callable[[Report], Report]:
    def change(report: Report) -> Report:
        _failed("why")(report)
        report.events[-1].state_changed.error.details.add(type_url=type_url, value=value)
        return report

    return change


told("failure: a detail of no kind", _any("type.googleapis.com/no.Such", b"x"), "why")
told("failure: a detail of no name", _any("no url", b"x"), "why")
told("failure: a detail that is none", _any("a/google.rpc.ErrorInfo", b"\xff\xff"), "why")


def status(code: int, message: str = "", *details: Any) -> tuple[int, status_pb2.Status]:
    made = status_pb2.Status(code=code, message=message)
    for detail in details:
        made.details.add().Pack(detail)
    return code, made


BUSY = error_details_pb2.ErrorInfo(reason="RUNNER_BUSY", domain="twinrun")
LATER = error_details_pb2.RetryInfo()
LATER.retry_delay.FromSeconds(YEARS)
FIELDS = error_details_pb2.BadRequest()
FIELDS.field_violations.add(field="\x1b[31mepochs", description="is [/x]\nbad")
OK = (0, status_pb2.Status())
for name, calls, codes, says in (
    ("busy for ever", {"Train": [OK, status(code_pb2.UNAVAILABLE, "b", BUSY)]}, (3,), "too many"),
    ("years", {"Train": [OK, status(code_pb2.UNAVAILABLE, "b", BUSY, LATER), OK]}, (0,), "alone"),
    ("bad fields", {"Train": [status(3, "bad", FIELDS)]}, (2,), "epochs is [/x] bad"),
    ("a code of no name", {"Train": [status(2, "\x1b[31mred [/x]")]}, (3,), "red [/x]"),
    ("no such job", {"WatchJob": [status(5, "gone\n", BUSY)]}, (4,), "gone"),
    ("no permission", {"WatchJob": [status(7, "no")]}, (4,), "no"),
    ("no such job, at its end", {"GetJob": [status(5, "gone", BUSY)]}, (4,), "gone"),
    ("internal for ever", {"WatchJob": [status(13, "x")]}, (4,), "in the middle"),
):
    CASES[f"status: {name}"] = Case("train", Lie(statuses=calls), codes, says)
