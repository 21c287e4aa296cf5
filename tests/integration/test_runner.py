"""What a client sees of a runner whose jobs go well."""

import subprocess
import sys

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from twinrun.v1 import job_pb2, runner_service_pb2

from tests.builders.runners import details, health, reason, small_spec
from tests.waiting import eventually


def test_a_job_reports_every_part_of_a_trial_in_numbered_events(start):
    runner = start()
    job = runner.train()
    assert job.state == job_pb2.JOB_STATE_PENDING
    events = list(runner.watch(job))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    kinds = [event.WhichOneof("event") for event in events]
    states = [e.state_changed.state for e in events if e.HasField("state_changed")]
    assert states == [
        job_pb2.JOB_STATE_PENDING,
        job_pb2.JOB_STATE_RUNNING,
        job_pb2.JOB_STATE_SUCCEEDED,
    ]
    assert kinds.count("steps_finished") == 4
    assert kinds.count("epoch_finished") == 2
    assert kinds.count("weights_saved") == 2
    finished = {e.phase_finished.phase for e in events if e.HasField("phase_finished")}
    assert finished == set(range(job_pb2.PHASE_IMPORT, job_pb2.PHASE_EVALUATE + 1))
    steps = [e.steps_finished.first_step for e in events if e.HasField("steps_finished")]
    assert steps == [0, 5, 10, 15]
    ended = runner.get(job)
    assert ended.state == job_pb2.JOB_STATE_SUCCEEDED
    assert ended.last_sequence == len(events)
    assert ended.create_time.ToNanoseconds() <= ended.start_time.ToNanoseconds()
    assert ended.start_time.ToNanoseconds() < ended.end_time.ToNanoseconds()


def test_the_job_returns_with_every_default_of_its_spec_filled_in(start):
    spec = start().train().spec
    assert spec.optimizer.learning_rate == 0.001
    assert spec.loss.softmax_cross_entropy.label_smoothing == 0
    assert spec.loss.WhichOneof("kind") == "softmax_cross_entropy"
    assert spec.layers[1].dense.kernel_initializer.variance_scaling.scale == 1
    assert spec.precision == job_pb2.PRECISION_FLOAT32
    assert spec.HasField("seed")


def test_watching_again_takes_up_after_the_last_event_seen(start):
    runner = start("slow")
    job = runner.train()
    first = []
    stream = runner.watch(job)
    for event in stream:
        first.append(event)
        if event.HasField("steps_finished"):
            break
    stream.cancel()
    rest = list(runner.watch(job, after=first[-1].sequence))
    assert rest[0].sequence == first[-1].sequence + 1
    assert runner.get(job).state == job_pb2.JOB_STATE_SUCCEEDED
    assert first + rest == list(runner.watch(job))


def test_the_same_request_id_makes_one_job(start):
    runner = start()
    assert runner.train("mine").job_id == runner.train("mine").job_id
    with pytest.raises(grpc.RpcError) as caught:
        runner.train("mine", epochs=3)
    assert caught.value.code() == grpc.StatusCode.ALREADY_EXISTS
    assert details(caught.value, error_details_pb2.ErrorInfo).reason == "REQUEST_ID_REUSED"


def test_one_job_runs_at_a_time_and_a_full_backlog_is_refused_with_a_time_to_retry(start):
    runner = start("gated", "--backlog", "1")
    running = runner.train()
    runner.wait_for(running, "inputs")
    waiting = runner.train(seed=1)
    assert runner.get(waiting).state == job_pb2.JOB_STATE_PENDING
    with pytest.raises(grpc.RpcError) as caught:
        runner.train()
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    assert details(caught.value, error_details_pb2.ErrorInfo).reason == "RUNNER_BUSY"
    assert details(caught.value, error_details_pb2.RetryInfo).retry_delay.seconds > 0
    runner.open("epoch-1")
    assert runner.wait(running).state == runner.wait(waiting).state == job_pb2.JOB_STATE_SUCCEEDED
    assert runner.get(running).end_time.ToNanoseconds() <= (
        runner.get(waiting).start_time.ToNanoseconds()
    )


def test_every_bad_field_is_named_at_once(start):
    runner = start()
    with pytest.raises(grpc.RpcError) as caught:
        runner.train(epochs=0, batch_size=-1, layers=[{"dense": {"units": 3}}])
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    bad = details(caught.value, error_details_pb2.BadRequest)
    assert [v.field for v in bad.field_violations] == ["epochs", "batch_size", "layers[0].dense"]


def test_a_request_over_the_limit_is_refused(start):
    runner = start("good", "--max-message-mib", "1")
    with pytest.raises(grpc.RpcError) as caught:
        runner.train(dataset={"name": "x" * 2**20})
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("job_id", ["pytorch-unknown", "../../etc/passwd", "", "a" * 10_000])
def test_an_unknown_job_id_is_not_found_whatever_it_holds(start, job_id):
    runner = start()
    with pytest.raises(grpc.RpcError) as caught:
        runner.stub.GetJob(runner_service_pb2.GetJobRequest(job_id=job_id))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.RpcError) as caught:
        list(runner.stub.WatchJob(runner_service_pb2.WatchJobRequest(job_id=job_id)))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert details(caught.value, error_details_pb2.ErrorInfo).reason == "JOB_NOT_FOUND"


def test_jobs_are_listed_newest_first_page_by_page(start):
    runner = start()
    ids = [runner.train().job_id for _ in range(5)]
    listed, token = [], ""
    while True:
        page = runner.stub.ListJobs(
            runner_service_pb2.ListJobsRequest(page_size=2, page_token=token)
        )
        assert len(page.jobs) <= 2
        listed += [job.job_id for job in page.jobs]
        token = page.next_page_token
        if not token:
            break
    assert listed == ids[::-1]


def test_weights_of_a_trained_job_give_the_same_metrics_when_evaluated(start):
    runner = start()
    job = runner.train()
    last = [e for e in runner.watch(job) if e.HasField("epoch_finished")][-1].epoch_finished
    answer = runner.stub.DownloadWeights(
        runner_service_pb2.DownloadWeightsRequest(job_id=job.job_id)
    )
    assert len(answer.chunk) == answer.total_bytes
    for weights in ({"safetensors": answer.chunk}, {"job_id": job.job_id}):
        again = runner.stub.Evaluate(
            runner_service_pb2.EvaluateRequest(spec=small_spec(), **weights)
        )
        events = list(runner.watch(again))
        found = next(e for e in events if e.HasField("evaluation_finished"))
        assert found.evaluation_finished.test == last.test


def test_weights_come_in_pieces(start):
    runner = start()
    job = runner.wait(
        runner.train(layers=[{"flatten": {}}, {"dense": {"units": 700}}, {"dense": {"units": 10}}])
    )
    content = b""
    while True:
        answer = runner.stub.DownloadWeights(
            runner_service_pb2.DownloadWeightsRequest(
                job_id=job.job_id, kind=job_pb2.WEIGHTS_KIND_INITIAL, offset=len(content)
            )
        )
        content += answer.chunk
        if len(content) == answer.total_bytes:
            break
    assert len(content) > 2**21


def test_weights_of_another_model_are_refused_by_name(start):
    runner = start()
    job = runner.stub.Evaluate(
        runner_service_pb2.EvaluateRequest(spec=small_spec(), safetensors=b"no such file")
    )
    ended = runner.wait(job)
    assert ended.state == job_pb2.JOB_STATE_FAILED
    assert reason(ended.error) == "BAD_WEIGHTS"


def test_weights_that_are_not_there_yet_are_not_found(start):
    runner = start("gated")
    job = runner.train()
    with pytest.raises(grpc.RpcError) as caught:
        runner.stub.DownloadWeights(runner_service_pb2.DownloadWeightsRequest(job_id=job.job_id))
    assert details(caught.value, error_details_pb2.ErrorInfo).reason == "WEIGHTS_NOT_FOUND"


def test_health_is_answered_before_the_framework_is_there(start):
    runner = start("gated_import")
    assert health(runner.address, wait_for_ready=True) == (
        health_pb2.HealthCheckResponse.NOT_SERVING
    )
    runner.open("import")
    assert eventually(lambda: health(runner.address) == health_pb2.HealthCheckResponse.SERVING)


def test_health_is_answered_while_a_job_runs(start):
    runner = start("blocks")
    job = runner.train()
    runner.wait_for(job, "weights_saved")
    assert health(runner.address) == health_pb2.HealthCheckResponse.SERVING
    assert runner.get(job).state == job_pb2.JOB_STATE_RUNNING


def test_server_info_tells_the_environment_once_the_framework_is_imported(start):
    runner = start()
    runner.wait(runner.train())
    info = runner.stub.GetServerInfo(runner_service_pb2.GetServerInfoRequest())
    assert info.framework == "pytorch"
    assert info.protocol_version == 2
    assert info.environment.framework_version == "0.0-fake"


def test_the_service_can_be_explored_by_reflection(start):
    runner = start()
    with grpc.insecure_channel(runner.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(iter(stub.ServerReflectionInfo(iter([request]))))
    names = {service.name for service in answer.list_services_response.service}
    assert {"twinrun.v1.RunnerService", "grpc.health.v1.Health"} <= names


def test_the_runners_own_process_imports_no_framework_and_no_numpy():
    code = (
        "import sys, services.runner.server; "
        "print({'torch', 'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_many_watchers_leave_room_for_other_calls(start):
    runner = start("blocks")
    job = runner.train()
    assert eventually(lambda: runner.get(job).state == job_pb2.JOB_STATE_RUNNING)
    streams = [runner.watch(job) for _ in range(32)]
    for stream in streams:
        next(event for event in stream if event.HasField("weights_saved"))  # the last, for ever
    with pytest.raises(grpc.RpcError) as caught:
        next(runner.watch(job))
    assert details(caught.value, error_details_pb2.ErrorInfo).reason == "TOO_MANY_WATCHERS"
    assert runner.get(job).state == job_pb2.JOB_STATE_RUNNING
    for stream in streams:
        stream.cancel()

    def has_room() -> bool:
        try:
            return bool(next(runner.watch(job)))
        except grpc.RpcError:  # too many, as before
            return False

    assert eventually(has_room)  # again, though the job has not reported anything


def test_a_lazy_runner_is_ready_once_its_first_job_has_imported_the_framework(start):
    runner = start("good", "--lazy")
    assert health(runner.address) == health_pb2.HealthCheckResponse.NOT_SERVING
    assert runner.descendants == []
    assert runner.wait(runner.train()).state == job_pb2.JOB_STATE_SUCCEEDED
    assert health(runner.address) == health_pb2.HealthCheckResponse.SERVING
