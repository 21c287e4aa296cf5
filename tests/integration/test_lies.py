"""Commands meet a runner that lies: each lie ends in a sentence, in little memory, with no hang."""

import json
import subprocess
import sys
from contextlib import closing

import pytest
from google.protobuf import json_format
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.errors import WrongReport
from orchestrator.live.follow import Board, Follower
from orchestrator.runners.client import Client
from orchestrator.settings.config import Places
from services.runner.validation import valid_spec
from tests.builders.lying import CPUS, SPEC, Liar, Lie, put, serving
from tests.integration.lies import CASES
from tests.waiting import HANG_SECONDS, eventually

MOST_BYTES = 500_000_000


def test_every_lie_ends_in_one_sentence_and_leaves_a_run_that_can_be_read(tmp_path):
    assert len(CASES) >= 150
    met = subprocess.run(
        [sys.executable, "-m", "tests.integration.meet_lies", str(tmp_path)],
        stdout=subprocess.PIPE,
        timeout=HANG_SECONDS,
        text=True,
        check=True,
    )
    *found, last = map(json.loads, met.stdout.splitlines())
    assert [each["name"] for each in found] == ["the truth", *CASES]
    wrong = [each for each in found if each["wrong"]]
    assert not wrong, json.dumps(wrong, indent=2)
    assert last["peak_bytes"] < MOST_BYTES


def completed():
    return spec_to_proto(valid_spec(json_format.ParseDict(SPEC, job_pb2.JobSpec()), CPUS))


@pytest.fixture
def lying():
    """A runner whose second epoch is the first again, and a job of it that somebody submitted."""
    liar = Liar("pytorch")
    liar.tell(Lie(of=lambda report: put(report.of("epoch_finished")[1], "epoch", 0)))
    with serving(liar) as address, closing(Client("pytorch", address)) as client:
        yield liar, client, client.train(completed(), "somebody")


def test_whoever_submitted_a_job_cancels_it_and_whoever_looks_on_does_not(lying):
    liar, client, job = lying
    with closing(Client("pytorch", client.address)) as onlooker:
        with pytest.raises(WrongReport, match="epoch is 0, but should be the next one, 1"):
            list(onlooker.watch(job.job_id))
        assert liar.cancelled == []
    with pytest.raises(WrongReport, match="epoch is 0, but should be the next one, 1"):
        list(client.watch(job.job_id))
    assert liar.cancelled == [job.job_id]


def test_events_that_were_on_their_way_at_an_interrupt_come_again(lying):
    liar, client, _ = lying
    liar.tell(Lie())
    job = client.train(completed(), "again")
    coming = client.watch(job.job_id)
    first = [next(coming).sequence for _ in range(5)]
    coming.close()
    rest = [event.sequence for event in client.watch(job.job_id, after=3)]
    assert first == [1, 2, 3, 4, 5]
    assert rest == list(range(4, len(liar.jobs[job.job_id][1].events) + 1))


def test_the_live_page_shows_a_refused_report_as_a_failure_and_goes_on(lying, tmp_path):
    liar, client, job = lying
    board = Board()
    follower = Follower("pytorch", Places({"pytorch": client.address}, tmp_path), board)
    follower.start()
    try:
        assert eventually(lambda: job.job_id in board.live.jobs)
        assert eventually(lambda: board.live.jobs[job.job_id].state is JobState.FAILED)
        shown = board.live.jobs[job.job_id]
        assert "epoch_finished.epoch is 0" in shown.error
        other = client.train(job.spec, "another")
        assert eventually(lambda: other.job_id in board.live.jobs)
        assert board.live.jobs[job.job_id] == shown  # it is not read again and again
    finally:
        follower.stop()
    assert liar.cancelled == []
