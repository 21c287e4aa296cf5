"""The smallest and oddest sizes: each job is refused in a sentence, or runs to its end."""

import itertools

import numpy as np
import pytest
from twinrun.contract.converters.specs import spec_to_proto
from twinrun.contract.enums import Execution, Loop, OwnWay, Recipe
from twinrun.contract.events import EpochFinished, LogitsSaved, StepsFinished
from twinrun.contract.layers import BatchNorm, Dense, Dropout, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Dataset, JobSpec, Synthetic

from services.errors import InvalidRequest, Unsupported
from services.frameworks import FRAMEWORKS
from services.pipe import Task
from services.runner.validation import valid_spec
from services.trial.run import run
from tests.frameworks import jobs

PIXEL = {"height": 1, "width": 1, "channels": 1, "classes": 2}
IMAGE = {"height": 4, "width": 3, "channels": 2, "classes": 5}
SIZES = {  # training samples, test samples, batch size, a sample's shape and classes
    "one sample": (1, 1, 1, IMAGE),
    "one step": (4, 1, 4, IMAGE),
    "a batch larger than the data": (3, 2, 8, IMAGE),
    "a last batch of one sample": (5, 1, 2, IMAGE),
    "one pixel and two classes": (4, 2, 2, PIXEL),
    "one sample of one pixel": (1, 1, 3, PIXEL),
}
# To build a Keras model or to compile takes seconds: the smallest sizes of all, the oddest batches.
FEW = ["one sample of one pixel", "a last batch of one sample", "a batch larger than the data"]
# As users write it, each loop and execution at least once, and each of the few sizes.
WRITTEN = [
    (Loop.FIT, Execution.DEFAULT, FEW[0]),
    (Loop.FIT, Execution.EAGER, FEW[1]),
    (Loop.CUSTOM, Execution.DEFAULT, FEW[1]),
    (Loop.CUSTOM, Execution.EAGER, FEW[2]),
]
TRIED = [
    pytest.param({"recipe": recipe, "loop": loop, "execution": execution}, size)
    for recipe, loop, execution, size in [
        *itertools.product([Recipe.MATCHED], Loop, jobs.UNCOMPILED, SIZES),
        *((Recipe.IDIOMATIC, *each) for each in WRITTEN),
    ]
]
# Every way at the sizes that are odd in two ways; at the others those that count samples.
WAYS = [
    (way, size)
    for way in OwnWay
    for size in (SIZES if way in (OwnWay.LAST_BATCH, OwnWay.DATA_PIPELINE) else FEW[:2])
]


def spec(size: str, *, normalised: bool = False, **changes) -> JobSpec:
    train, test, batch, shape = SIZES[size]
    hidden = (Dense(3), BatchNorm(), Dropout(0.5)) if normalised else ()
    return JobSpec(
        dataset=Dataset("synthetic", synthetic=Synthetic(train, test, **shape)),
        layers=(Flatten(), *hidden, Dense(shape["classes"])),
        optimizer=Optimizer(Adam(), 0.01),
        threads=jobs.THREADS,
        epochs=2,
        batch_size=batch,
        **changes,
    )


def judge(framework, folder, job: JobSpec) -> list:
    """Run the job as a runner does; return what it reported, nothing if it was refused."""
    events = []
    try:
        job = valid_spec(spec_to_proto(job), jobs.THREADS)
        run(Task(job, folder, folder), framework.Trainer, events.append)
    except InvalidRequest:
        return []
    except Unsupported as refused:
        if refused.metadata.get("field") in FRAMEWORKS[framework.environment().framework].lacks:
            raise  # of any such job
        return []
    losses = [loss for each in events if isinstance(each, StepsFinished) for loss in each.losses]
    whole, rest = divmod(job.dataset.synthetic.train_samples, job.batch_size)
    kept = bool(rest) and len(losses) > job.epochs * whole
    assert len(losses) == job.epochs * (whole + kept)
    assert losses
    assert np.isfinite(losses).all()
    assert len([each for each in events if isinstance(each, EpochFinished)]) == job.epochs
    assert any(isinstance(each, LogitsSaved) for each in events)
    return events


@pytest.mark.parametrize(("way", "size"), WAYS)
def test_every_own_way_is_refused_or_runs(framework, tmp_path, way, size):
    job = spec(size, own_ways=(way,))
    made = judge(framework, tmp_path, job)
    samples, batch = SIZES[size][0], SIZES[size][2]
    on_gpus = {OwnWay.CUDA_GRAPH, OwnWay.TF32, OwnWay.CUDNN_BENCHMARK}
    never = way in on_gpus or way is OwnWay.TARGET_SHAPE  # which is of numbers
    never = never or (way is OwnWay.LAST_BATCH and batch > samples)
    assert bool(made) is not never


@pytest.mark.parametrize(("way", "size"), TRIED)
def test_every_recipe_loop_and_execution_runs(framework, tmp_path, way, size):
    assert judge(framework, tmp_path, spec(size, **way))


@pytest.mark.parametrize(("way", "size"), TRIED)
def test_a_batch_norm_of_one_value_is_refused_or_runs(framework, tmp_path, way, size):
    made = judge(framework, tmp_path, spec(size, normalised=True, **way))
    assert made or way["recipe"] is Recipe.IDIOMATIC


@pytest.mark.parametrize("size", FEW[:2])
@pytest.mark.parametrize("recipe", Recipe)
def test_compiled_steps_run(framework, tmp_path, recipe, size):
    assert judge(framework, tmp_path, spec(size, recipe=recipe, execution=Execution.COMPILED))


def test_a_limit_of_one_step_that_leaves_out_the_last_batch_is_refused(framework, tmp_path):
    size = "a last batch of one sample"
    limited = {"steps_per_epoch_limit": 1, "own_ways": (OwnWay.LAST_BATCH,)}
    assert not judge(framework, tmp_path, spec(size, **limited))
