"""Layers that PyTorch's users cannot train so: sums in two orders of features, a batch of one."""

from dataclasses import replace

import pytest
from twinrun.contract.enums import Precision, Recipe
from twinrun.contract.layers import Dense, Flatten, Residual

from services.errors import Unsupported
from tests.frameworks import jobs
from tests.frameworks.ways import name_of


def made(framework, job):
    return framework.Trainer(job, jobs.data(job.precision), None)


@pytest.mark.usefixtures("has_idiomatic")
def test_a_sum_in_two_orders_of_features_is_refused_where_pytorch_would_have_them(framework):
    # PyTorch flattens [c, h, w]: what a dense layer makes has no such order.
    image = Residual((Flatten(), Dense(24)), (Flatten(),))
    layers = (image, Dense(jobs.CLASSES))
    job = jobs.spec(recipe=Recipe.IDIOMATIC, precision=Precision.FLOAT32, layers=layers)
    if name_of(framework) != "pytorch":
        assert framework.Trainer(job, jobs.data(job.precision), None).weights()
        return
    with pytest.raises(Unsupported, match=r"layers\[0\] adds an image that is flattened"):
        framework.Trainer(job, jobs.data(job.precision), None)


@pytest.mark.usefixtures("has_idiomatic")
def test_a_batch_of_one_that_pytorchs_batch_norm_refuses_is_refused_before_it_trains(framework):
    job = jobs.spec(
        recipe=Recipe.IDIOMATIC,
        precision=Precision.FLOAT32,
        layers=jobs.NORMALISED,
        batch_size=33,
    )  # of 67 samples
    if name_of(framework) != "pytorch":
        assert list(made(framework, job).train_epoch(0))
        return
    with pytest.raises(Unsupported, match="leaves a batch of one of 67 samples") as caught:
        made(framework, job)
    assert caught.value.metadata == {"field": "batch_size"}
    images_alone = (*jobs.NORMALISED[:4], *jobs.SHALLOW[1:])
    list(made(framework, replace(job, layers=images_alone)).train_epoch(0))
