"""What a certificate says of a schedule and of clipping: which steps it covered."""

import dataclasses
import math

import numpy as np
import pytest
from google.protobuf import json_format
from twinrun.contract.events import Metrics
from twinrun.contract.optimizers import Optimizer, Sgd
from twinrun.contract.regularization import Clip, ClipByGlobalNorm, ClipByNorm, ClipByValue
from twinrun.contract.schedules import Cosine, Schedule
from twinrun.contract.stopping import EarlyStopping
from twinrun.v1 import job_pb2

from orchestrator.certificate.takes import SHORT_STEPS, TIMED, takes
from tests.builders.proofs import evidence, made, with_details
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


@pytest.mark.parametrize(
    ("samples", "batches", "said"),
    [  # two epochs of 50 steps, of batches of 64
        (3200, 1, None),
        (6400, 2, "In 100 of these steps the gradients of 2 batches were averaged for one update."),
        (6330, 2, "In 98 of these steps the gradients of 2 batches"),
        (6390, 2, "In 100 of these steps"),
        (100, 3, "No step had all of its 3 batches, which is not covered."),
    ],
)
def test_the_sentence_says_how_many_steps_accumulated_all_of_their_batches(samples, batches, said):
    def accumulating(framework):
        found = evidence(framework)
        spec = dataclasses.replace(found.trial.spec, batch_size=64, accumulate_steps=batches)
        steps = math.ceil(samples / spec.step_samples)
        inputs = dataclasses.replace(
            found.trial.inputs, train_samples=samples, steps_per_epoch=steps
        )
        if steps == 1:
            found = evidence(framework, step_losses=[1.0, 0.9])
        trial = dataclasses.replace(found.trial, spec=spec, inputs=inputs)
        return dataclasses.replace(found, trial=trial)

    told = str(made(accumulating("pytorch"), accumulating("tensorflow")).sentence)
    assert said in told if said else "averaged" not in told


def stopping(framework, test_losses, **given):
    """Evidence of a trial that ended by early stopping on its validation losses, or did not."""
    found = evidence(framework)
    epochs = [
        dataclasses.replace(epoch, validation=Metrics(loss, 0.5, 10))
        for epoch, loss in zip(found.trial.epochs, test_losses, strict=False)
    ]
    spec = dataclasses.replace(found.trial.spec, epochs=9, early_stopping=EarlyStopping(1, **given))
    trial = dataclasses.replace(
        found.trial, spec=spec, epochs=tuple(epochs), losses=found.trial.losses[: 50 * len(epochs)]
    )
    return dataclasses.replace(found, trial=trial)


def test_what_early_stopping_ended_at_once_on_both_sides_is_certified_for_its_epochs():
    found = made(*(stopping(framework, [1.0, 1.5]) for framework in ("pytorch", "tensorflow")))
    assert found.same_job
    assert "Training ended early, after 2 of at most 9 epochs." in str(found.sentence)


def test_what_did_not_end_by_the_rule_has_too_few_epochs():
    found = made(*(stopping(framework, [1.0, 0.5]) for framework in ("pytorch", "tensorflow")))
    assert not found.same_job
    assert "pytorch-1 took 100 of 450 steps" in str(found.sentence)


def test_what_ended_elsewhere_is_named_and_not_certified():
    short = stopping("tensorflow", [math.nan])  # which is no better than nothing
    found = made(stopping("pytorch", [1.0, 1.5]), short)
    assert not found.same_job
    assert "training ended after 2 epochs of PyTorch and after 1 of TensorFlow" in str(
        found.sentence
    )


# 92 of the steps have one above 2, and in 16 both together are above 3.5.
NORMS = {"layers.1.kernel": np.linspace(0.3, 3.0, 100), "layers.1.bias": np.linspace(4.0, 0.4, 100)}


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        (ClipByNorm(2.0), "clipped in 92 of these steps"),
        (ClipByGlobalNorm(3.5), "clipped in 16 of these steps"),
        (ClipByGlobalNorm(9.0), "No step's gradients reached the limit of clipping"),
        (ClipByValue(1.0), None),
        (None, None),
    ],
)
def test_the_sentence_says_how_often_gradients_were_clipped(clip, said):
    def clipped(framework):
        found = with_details(evidence(framework), gradient_norms=NORMS)
        optimizer = Optimizer(Sgd(), clip=clip and Clip(clip))
        spec = dataclasses.replace(found.trial.spec, optimizer=optimizer)
        return dataclasses.replace(found, trial=dataclasses.replace(found.trial, spec=spec))

    told = str(made(clipped("pytorch"), clipped("tensorflow")).sentence)
    assert said in told if said else "clip" not in told
