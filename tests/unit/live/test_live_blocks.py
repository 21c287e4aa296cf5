"""Trials of blocks on machines, which the live page reads from the run's directory."""

import pytest
from google.protobuf import json_format
from twinrun.contract.enums import JobState
from twinrun.v1 import job_pb2

from orchestrator.live.blocks import BlockFollower
from orchestrator.live.follow import Board
from orchestrator.live.messages import groups, news
from orchestrator.live.state import KEPT_JOBS
from orchestrator.storage import clustering, store
from orchestrator.storage.clustering import ClusterPlan
from orchestrator.storage.running import making
from tests.builders.events import SPEC, trial_events
from tests.builders.scripted import BOTH
from tests.builders.stored import create

JOB = json_format.ParseDict(SPEC, job_pb2.JobSpec())
PLAN = ClusterPlan("ray", {"a": {}, "b": {}}, {}, "seed", "a", 2, False, False, False, 60.0)


class Following:
    """A run over machines that is being made, and the page's state of it."""

    def __init__(self, run, output):
        self.run, self.board = run, Board()
        self.follower = BlockFollower(output, self.board)
        clustering.write(run, PLAN)

    def begin(self, number, machine, side, part=None):
        block = clustering.begin(part or self.run, number, machine)
        self.job(block, number, machine, side)
        return block

    def job(self, block, number, machine, side):
        spec = job_pb2.JobSpec()
        spec.CopyFrom(JOB)
        spec.seed = number
        job = job_pb2.Job(job_id=f"{machine}-{side}-{number}", spec=spec)
        job.state = job_pb2.JOB_STATE_RUNNING
        job.create_time.FromSeconds(number)
        block.write_job(side, number, job)

    def events(self, block, side, number, events):
        log = block.open_events(side, number)
        for event in events:
            log.append(event)

    def look(self):
        self.follower.look()
        return self.board.live


@pytest.fixture
def following(tmp_path):
    run = create(tmp_path, sides=BOTH)
    with making(run):
        yield Following(run, tmp_path)


def test_trials_on_machines_are_followed_and_those_of_a_block_are_side_by_side(following):
    events = trial_events()
    a, b = following.begin(1, "a", "pytorch"), following.begin(2, "b", "tensorflow")
    following.events(a, "pytorch", 1, events[:-1])
    following.job(a, 1, "a", "tensorflow")
    live = following.look()
    jobs = live.jobs["a-pytorch-1"]
    assert jobs.sequence == events[-2].sequence
    assert jobs.losses.last
    assert [[job.job_id for job in group] for group in groups(live)] == [
        ["b-tensorflow-2"],
        ["a-pytorch-1", "a-tensorflow-1"],
    ]
    assert not any(live.lost(job) for job in live.jobs.values())
    following.events(b, "tensorflow", 2, events)
    following.events(a, "pytorch", 1, events[-1:])
    live = following.look()
    assert live.jobs["a-pytorch-1"].state is JobState.SUCCEEDED
    assert live.jobs["b-tensorflow-2"].state is JobState.SUCCEEDED


def test_the_end_of_a_trial_is_read_where_its_block_was_moved_to(following):
    """Planted: the block was moved between two looks, with events that nobody had read."""
    events = trial_events()
    block = following.begin(1, "a", "pytorch")
    following.events(block, "pytorch", 1, events[:5])
    assert following.look().jobs["a-pytorch-1"].sequence == events[4].sequence
    following.events(block, "pytorch", 1, events[5:])
    clustering.adopt(following.run, block, 1, "a")
    assert following.look().jobs["a-pytorch-1"].state is JobState.SUCCEEDED


def test_a_trial_whose_block_failed_is_lost_and_runs_again_as_another(following):
    block = following.begin(1, "a", "pytorch")
    following.events(block, "pytorch", 1, trial_events()[:5])
    following.look()
    clustering.discard(block)
    live = following.look()
    assert live.lost(live.jobs["a-pytorch-1"])
    block = following.begin(1, "b", "pytorch")
    following.events(block, "pytorch", 1, trial_events()[:5])
    live = following.look()
    assert not live.lost(live.jobs["b-pytorch-1"])


def test_what_the_page_is_sent_names_the_machine(following):
    following.begin(1, "n1#0", "jax")
    (_, overview, _), *_ = news(following.look(), {}, "")
    assert '"machine": "n1#0"' in overview
    assert '"title": "n1#0: ' in overview
    assert '"framework": "jax"' in overview, "its lane is missing"


def test_cells_of_a_sweep_are_followed_too(following):
    run = following.run
    cell = store.within(run, "batch_size=16", run.about().kind, BOTH, run.spec())
    clustering.write(cell, PLAN)
    following.begin(1, "a", "pytorch", part=cell)
    assert following.look().jobs["a-pytorch-1"].machine == "a"


def test_many_machines_are_all_there_and_what_has_ended_leaves(following):
    many = KEPT_JOBS + 3
    for number in range(1, many + 1):
        following.begin(number, f"m{number}", "pytorch")
    live = following.look()
    assert len(groups(live)) == many
    for _, block in clustering.left(following.run):
        clustering.discard(block)
    following.look()
    following.begin(99, "m1", "pytorch")
    live = following.look()
    assert len(live.jobs) == KEPT_JOBS + 1
    assert "m1-pytorch-99" in live.jobs


def test_a_run_of_one_machine_and_one_that_is_over_are_left_alone(following, tmp_path):
    following.begin(1, "a", "pytorch")
    output = tmp_path / "other"
    other = create(output, sides=BOTH)
    over = BlockFollower(output, following.board)
    with making(other):
        over.look()
    clustering.write(other, PLAN)
    clustering.begin(other, 1, "a").write_job("pytorch", 1, job_pb2.Job(job_id="x", spec=JOB))
    over.look()
    assert not following.board.live.jobs
