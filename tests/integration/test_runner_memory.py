"""A runner's own process stays small, whatever it is asked and however often."""

import itertools
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from twinrun.v1 import runner_service_pb2

from services.frameworks import FRAMEWORKS
from tests.builders.runners import Runner, details, resident_bytes, small_spec
from tests.waiting import eventually

CALLS = 50_000
AT_ONCE = 100
MOST_BYTES = 150 * 10**6
JUNK = b"\xff\xff\xff"

pytestmark = [
    pytest.mark.usefixtures("no_forks"),
    pytest.mark.skipif(not Path("/proc").exists(), reason="asks /proc"),
]


def raw(runner: Runner, method: str, streams: bool = False):
    """The method, without what composes its messages."""
    runner.channel = grpc.insecure_channel(runner.address)
    kind = runner.channel.unary_stream if streams else runner.channel.unary_unary
    return kind(f"/twinrun.v1.RunnerService/{method}", None, None)


def test_fifty_thousand_calls_of_all_kinds_leave_nothing_behind(start):
    runner = start()
    job = runner.wait(runner.train())
    train, watch = raw(runner, "Train"), raw(runner, "WatchJob", streams=True)
    pb, stub = runner_service_pb2, runner.stub
    wrong = pb.TrainRequest(spec=small_spec(epochs=0), validate_only=True)
    right = pb.TrainRequest(spec=small_spec(), validate_only=True)
    kinds = itertools.cycle(
        [
            lambda: train.future(JUNK),
            lambda: stub.Train.future(right),
            lambda: stub.Train.future(wrong),
            lambda: stub.GetServerInfo.future(pb.GetServerInfoRequest()),
            lambda: stub.GetJob.future(pb.GetJobRequest(job_id=job.job_id)),
            lambda: stub.GetJob.future(pb.GetJobRequest(job_id="none")),
            lambda: watch(JUNK),
            lambda: stub.ListJobs.future(pb.ListJobsRequest()),
        ]
    )
    for _ in range(CALLS // AT_ONCE):
        calls = [next(kinds)() for _ in range(AT_ONCE)]
        assert all(call.code() is not None for call in calls)  # waits
    assert eventually(lambda: resident_bytes(runner) < MOST_BYTES)


def test_weights_to_evaluate_wait_on_disk_and_go_with_their_job(start):
    runner = start("blocks")
    running = runner.train()
    content = b"\0" * 60 * 2**20
    request = runner_service_pb2.EvaluateRequest(spec=small_spec(), safetensors=content)
    jobs = [runner.stub.Evaluate(request) for _ in range(6)]
    # The last call's message is freed when gRPC has ended the call, which is after its answer.
    assert eventually(lambda: resident_bytes(runner) < MOST_BYTES)
    files = [runner.state_dir / "jobs" / job.job_id / "given.safetensors" for job in jobs]
    assert [path.stat().st_size for path in files] == [len(content)] * 6
    for job in [*jobs, running]:
        runner.cancel(job)
    runner.wait(running)
    assert not any(path.exists() for path in files)


@pytest.mark.parametrize("method", ["Train", "WatchJob"])
def test_bytes_that_are_no_message_are_an_invalid_argument_and_one_line_in_the_log(start, method):
    runner = start()
    call = raw(runner, method, streams=method == "WatchJob")
    before = len(runner.stderr.splitlines())
    with pytest.raises(grpc.RpcError) as caught:
        list(call(JUNK))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert details(caught.value, error_details_pb2.ErrorInfo).reason == "INVALID_REQUEST"
    (bad,) = details(caught.value, error_details_pb2.BadRequest).field_violations
    assert bad.field == "request"
    assert method in bad.description
    (line,) = runner.stderr.splitlines()[before:]
    assert method in line
    assert "3 bytes" in line


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_runner_s_own_process_loads_no_framework_and_no_numpy(start, framework):
    runner = start("good", framework=framework)
    runner.wait(runner.train())
    loaded = Path(f"/proc/{runner.process.pid}/maps").read_text()
    assert not [name for name in ("numpy", "torch", "tensorflow") if f"/{name}/" in loaded]
