"""Lies in all else: what a runner says of itself and of its jobs, texts, statuses."""

from collections.abc import Callable
from typing import Any

from google.rpc import code_pb2, error_details_pb2, status_pb2
from twinrun.v1 import job_pb2, runner_service_pb2

from tests.builders.lying import Lie, Report, put
from tests.integration.lies.table import CASES, COLOUR, INF, NAN, YEARS, Case, field, told, wrong


# --------------------------------------------------------------- answers other than events
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
    "physical_cores": 0,
    "free_memory_bytes": -1,
    "physical_cores ": 4096,
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
answer("jobs: pages without end", "jobs", (3,), "len(pages)", page=_count)
answer("jobs: a kind of 77", "jobs", (3,), "kind", page=_one(kind=77))
answer("jobs: no state", "jobs", (3,), "state", page=_one(state=0))
answer("jobs: an id of two lines", "jobs", (3,), "job_id", page=_one(job_id="a\nb"))
answer(
    *("jobs: colours in an error", "jobs", (0,), "red [/x] line"),
    page=_one(error=status_pb2.Status(message="\x1b[31mred\x1b[0m [/x]\nline")),
)


# --------------------------------------------------------------- jobs of other kinds
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
    ("preview", "images_previewed", "augmented", [0.5] * 1568),
    ("preview", "images_previewed", "read_labels", [1, 2, 1, 1]),
    ("preview", "images_previewed", "read_labels", [1, -2, 1]),
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


# --------------------------------------------------------------- texts and statuses
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
    ("no permission", {"WatchJob": [status(7, "no")]}, (3,), "no"),
    ("no such job, at its end", {"GetJob": [status(5, "gone", BUSY)]}, (4,), "gone"),
    ("internal for ever", {"WatchJob": [status(13, "x")]}, (3,), "in the middle"),
):
    CASES[f"status: {name}"] = Case("train", Lie(statuses=calls), codes, says)
