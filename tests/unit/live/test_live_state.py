"""Live state: what runners tell, folded, and what of it a page is sent."""

import json
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinrun.v1 import job_pb2

from orchestrator.language.words import label
from orchestrator.live import texts
from orchestrator.live.messages import cursor_of, encoded, groups, news
from orchestrator.live.state import KEPT_JOBS, Live, Runner, answered, heard, listed
from tests.builders.events import epoch_events, failed_events, numbered, trial_events

EMPTY = Live({"pytorch": Runner(), "tensorflow": Runner()})
ADDRESS = "127.0.0.1:1"


def job(job_id="pytorch-1", seed=0, created=1, kind=job_pb2.JOB_KIND_TRAIN) -> job_pb2.Job:
    made = job_pb2.Job(job_id=job_id, kind=kind, state=job_pb2.JOB_STATE_RUNNING)
    made.spec.CopyFrom(job_pb2.JobSpec(epochs=3, batch_size=64, threads=2, seed=seed))
    made.spec.dataset.name = "mnist"
    made.create_time.FromSeconds(created)
    return made


def with_jobs(*jobs: job_pb2.Job, empty: Live = EMPTY) -> Live:
    live = empty
    for framework in empty.runners:
        live = answered(live, framework, ADDRESS)
        live = listed(live, framework, [j for j in jobs if j.job_id.startswith(framework)])
    return live


def received(live: Live, cursor, overview="") -> list[tuple[str, dict]]:
    return [(event, json.loads(data)) for event, data, _ in news(live, cursor, overview)]


def page(messages, before=None) -> dict:
    """What the page makes of updates of one job: its points and lines."""
    found = before or {"losses": [], "metrics": [], "lines": []}
    for event, update in messages:
        if event == "job":
            for name in ("losses", "metrics"):
                part = update[name]
                assert part["start"] <= len(found[name]), "a gap"
                found[name] = found[name][: part["start"]] + part["points"]
            found["lines"] = found["lines"] + update["lines"]
    return found


def test_a_job_that_succeeded_ends_with_the_numbers_of_its_trial():
    events = trial_events(seconds=(1.0, 2.0, 3.0), accuracies=[0.9, 0.95, 0.96])
    found = heard(with_jobs(job()), "pytorch-1", events).jobs["pytorch-1"]
    assert texts.state(found, lost=False) == "finished"
    assert texts.progress(found) == "epoch 3 of 3"
    assert (found.steps, found.all_steps) == (150, 150)
    assert [bucket.mean for bucket in found.metrics.buckets] == [0.9, 0.95, 0.96]
    assert texts.figures(found) | {"loss": ""} == {
        "accuracy": "96.00 %",
        "loss": "",
        "rate": f"{3200 / 3:,.0f}",
        "seconds": "6.00 s",
    }


def test_in_the_middle_of_a_job_its_progress_and_training_time_so_far_are_known():
    events = trial_events(seconds=(1.0, 2.0, 3.0))
    middle = next(i for i, e in enumerate(events) if e.HasField("epoch_finished")) + 2
    found = heard(with_jobs(job()), "pytorch-1", events[:middle]).jobs["pytorch-1"]
    assert found.active
    assert texts.progress(found) == "epoch 2 of 3"
    assert texts.state(found, lost=False) == "training"
    assert texts.figures(found)["seconds"] == "1.00 s"


def test_samples_a_second_are_told_before_the_first_epoch_has_ended():
    events = numbered([e for e in epoch_events(0, [1.0] * 60, 1.0, 0.5, 60) if e.ByteSize()][:-1])
    found = heard(with_jobs(job()), "pytorch-1", events).jobs["pytorch-1"]
    assert found.rate == 20 * 64  # 40 steps after the first report, in two seconds


def test_a_job_that_failed_says_why():
    found = heard(with_jobs(job()), "pytorch-1", failed_events("pytorch")).jobs["pytorch-1"]
    assert texts.state(found, lost=False) == "failed"
    assert "SIGKILL" in found.error
    assert "SIGKILL" in found.lines[-1].text


@given(st.lists(st.integers(1, 30), min_size=1))
def test_events_may_come_in_any_pieces_and_again(sizes):
    events = trial_events()
    live = with_jobs(job())
    for end in accumulate(sizes):
        live = heard(live, "pytorch-1", events[max(0, end - 40) : end])  # some of them again
    known = live.jobs["pytorch-1"]
    at_once = heard(with_jobs(job()), "pytorch-1", events[: known.sequence])
    assert known.lines == at_once.jobs["pytorch-1"].lines
    assert known.losses.last == at_once.jobs["pytorch-1"].losses.last
    assert texts.figures(known) == texts.figures(at_once.jobs["pytorch-1"])


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6))
def test_a_page_that_comes_back_with_its_last_id_gets_the_rest_without_gap_or_repeat(pauses):
    events = trial_events(step_losses=[1.0 + step % 7 for step in range(900)])
    live, cursor, found = with_jobs(job()), {}, None
    for end in [*accumulate(pauses), len(events)]:
        live = heard(live, "pytorch-1", events[:end])
        for event, data, known in news(live, cursor, ""):
            found = page([(event, json.loads(data))], found)
            sent = encoded(event, data, known).decode()
            cursor = cursor_of(sent.splitlines()[1].removeprefix("id: "))
    at_once = page(received(live, {}))
    assert found == at_once
    assert not [event for event, _ in received(live, cursor) if event == "job"]


def test_a_server_that_has_just_started_and_knows_no_job_yet_does_not_forget_what_the_page_has():
    events = trial_events(step_losses=[1.0 + step % 7 for step in range(900)])
    cursor, found = {}, None
    for live in (
        heard(with_jobs(job()), "pytorch-1", events[:20]),
        EMPTY,  # the server was started again
        heard(with_jobs(job()), "pytorch-1", events),
    ):
        for event, data, known in news(live, cursor, ""):
            found = page([(event, json.loads(data))], found)
            cursor = cursor_of(encoded(event, data, known).decode().splitlines()[1][len("id: ") :])
    assert found == page(received(live, {}))


def test_a_last_id_that_is_none_is_taken_for_the_first_visit():
    for text in ("", "nonsense", "a:b,c:-1", ":5", "x:9" * 5000, "x:\u0661"):
        assert not [n for n in cursor_of(text).values() if n < 0]
    assert cursor_of("pytorch-1:5,tensorflow-2:7") == {"pytorch-1": 5, "tensorflow-2": 7}


def test_the_same_job_on_both_frameworks_is_side_by_side_and_the_newest_pair_first():
    live = with_jobs(
        job("pytorch-1", seed=0, created=1),
        job("tensorflow-1", seed=0, created=2),
        job("tensorflow-2", seed=1, created=3),
        job("pytorch-2", seed=1, created=4),
        job("pytorch-3", seed=1, created=5),
    )
    ids = [[j.job_id for j in group] for group in groups(live)]
    assert ids == [["pytorch-3"], ["tensorflow-2", "pytorch-2"], ["pytorch-1", "tensorflow-1"]]


def test_only_jobs_that_train_are_shown_and_the_oldest_leave():
    others = [job("pytorch-m", kind=job_pb2.JOB_KIND_MEASURE)]
    many = [job(f"pytorch-{i}", created=i) for i in range(KEPT_JOBS + 3)]
    live = with_jobs(*others, *many)
    assert set(live.jobs) == {f"pytorch-{i}" for i in range(3, KEPT_JOBS + 3)}


def test_a_job_whose_runner_is_gone_is_said_to_be_lost_and_no_more_when_it_is_back():
    live = heard(with_jobs(job()), "pytorch-1", trial_events()[:12])
    gone = answered(live, "pytorch", None)
    overview = dict(received(gone, {}))["overview"]
    assert list(overview["lost"]) == ["pytorch-1"]
    assert overview["runners"][0]["text"] == "the runner is gone"
    back = listed(answered(gone, "pytorch", ADDRESS), "pytorch", [job()])
    assert not dict(received(back, {}))["overview"]["lost"]
    assert not dict(received(answered(live, "tensorflow", None), {}))["overview"]["lost"]


def test_an_active_job_that_the_runner_knows_no_more_is_lost():
    live = heard(with_jobs(job()), "pytorch-1", trial_events()[:12])
    assert live.lost(live.jobs["pytorch-1"]) is False
    live = listed(live, "pytorch", [job("pytorch-2")])
    assert live.lost(live.jobs["pytorch-1"])


def test_a_loss_that_is_no_number_can_be_sent_and_is_said():
    events = trial_events(step_losses=[1.0] * 60 + [float("nan")] * 90)
    live = heard(with_jobs(job()), "pytorch-1", events)
    (update,) = [update for event, update in received(live, {}) if event == "job"]
    assert update["figures"]["loss"] == "nan"
    assert all(None not in point for point in update["losses"]["points"])


def test_the_overview_is_sent_when_it_has_changed_alone():
    live = with_jobs(job())
    ((_, overview, known), *_rest) = news(live, {}, "")
    assert known == {}
    cursor = {"pytorch-1": 0}
    assert not list(news(live, cursor, overview))
    assert [event for event, *_ in news(answered(live, "pytorch", None), cursor, overview)] == [
        "overview"
    ]


SEVERAL = ("pytorch", "tensorflow", *(f"other{number}" for number in range(6)))


@pytest.mark.parametrize("count", [1, 3, 8])
def test_any_number_of_sides_is_shown_be_they_known_by_name_or_not(count):
    sides = SEVERAL[:count]
    ids = [f"{side}-1" for side in sides]
    jobs = [job(job_id, created=place) for place, job_id in enumerate(ids, start=1)]
    live = with_jobs(*jobs, empty=Live({side: Runner() for side in sides}))
    for job_id in ids:
        live = heard(live, job_id, trial_events())
    messages = received(live, {})
    overview = dict(messages)["overview"]
    assert [runner["framework"] for runner in overview["runners"]] == list(sides)
    looks = {(runner["colour"], runner["marker"]) for runner in overview["runners"]}
    assert len(looks) == count
    (group,) = overview["groups"]
    assert group["jobs"] == ids
    assert [line.partition(": ")[0] for line in group["lines"]] == [label(side) for side in sides]
    updates = [update for event, update in messages if event == "job"]
    assert [(update["framework"], update["share"]) for update in updates] == [
        (side, 1.0) for side in sides
    ]
    assert updates[-1]["lines"][-1]["text"].startswith(label(sides[-1]))
    gone = answered(live, sides[-1], None)
    told = dict(received(gone, {}))["overview"]["runners"]
    assert [runner["connected"] for runner in told] == [*[True] * (count - 1), False]
