"""A short certificate sees every phase of a schedule, and says which of its steps."""

import dataclasses

from google.protobuf import json_format
from twinrun.contract.optimizers import Optimizer, Sgd
from twinrun.contract.schedules import Cosine, Schedule
from twinrun.v1 import job_pb2

from orchestrator.certificate.takes import SHORT_STEPS, TIMED, takes
from tests.builders.proofs import evidence, made
from tests.builders.specs import proto

SCHEDULE = {"cosine": {"steps": 1000}, "warmup_steps": 100}
MARKS = (0, 50, 99, 100, 101, 600, 1099, 1100, 1101)


def completed(**optimizer) -> job_pb2.JobSpec:
    spec = proto(threads=1, precision="PRECISION_FLOAT32", optimizer={"sgd": {}, **optimizer})
    return json_format.ParseDict(json_format.MessageToDict(spec), job_pb2.JobSpec())


def test_a_short_job_has_the_rates_of_every_phase_and_the_timed_one_its_own():
    planned = takes(completed(schedule=SCHEDULE))
    assert tuple(planned[1].optimizer.schedule.shown_steps) == MARKS
    assert len(MARKS) <= SHORT_STEPS
    assert not planned[TIMED].optimizer.schedule.shown_steps


def test_without_a_schedule_there_is_nothing_to_show():
    assert not takes(completed())[1].optimizer.HasField("schedule")


def sentence(schedule, **job):
    def scheduled(framework):
        found = evidence(framework)
        spec = dataclasses.replace(
            found.trial.spec, optimizer=Optimizer(Sgd(), schedule=schedule), **job
        )
        trial = dataclasses.replace(found.trial, spec=spec)
        return dataclasses.replace(found, trial=trial)

    return str(made(scheduled("pytorch"), scheduled("tensorflow")).sentence)


def test_the_sentence_says_which_steps_of_the_schedule_it_covered():
    shown = Schedule(Cosine(1000), 100, shown_steps=MARKS)
    told = "The learning rates were those of the schedule's steps 0, 50, 99, 100, 101, 600, 1,099, "
    assert f"{told}1,100, 1,101, in turn." in sentence(shown)
    assert "Of the schedule of the learning rate, steps 0 to 99 were covered." in sentence(
        Schedule(Cosine(1000), 100)
    )
    assert "schedule" not in sentence(None)


def test_steps_that_were_not_reached_are_not_said():
    many = Schedule(Cosine(1000), shown_steps=tuple(range(70)))
    told = sentence(many, late_epoch=7)  # one of two epochs of 50 steps
    assert "48, 49, in turn" in told
    assert "50" not in told.partition("steps 0, 1,")[2]
