"""The shares of a chunk are the parts of the whole one: each sample keeps its draws."""

import numpy as np
from twinrun.contract.layers import Dense, Dropout, Flatten
from twinrun.contract.optimizers import Adam, Optimizer
from twinrun.contract.spec import Augmentation, Dataset, JobSpec

from services.model import order, sites
from services.trial import chunks, matched

SHAPE = (23, 4, 4, 1)
JOB = JobSpec(
    dataset=Dataset("synthetic"),
    layers=(Flatten(), Dropout(0.4), Dense(3)),
    optimizer=Optimizer(Adam(), 0.01),
    threads=1,
    batch_size=7,
    devices=3,
    report_every_steps=2,
    augmentation=Augmentation(rotation_degrees=20),
)


def test_shares_put_together_are_the_whole():
    found = matched.epoch_chunks(JOB, 0, SHAPE[0], order.permutation)
    given = (JOB, SHAPE, 1, found, sites.of_layers(JOB.layers, SHAPE[1:]))
    whole = list(chunks.carried(*given))
    parts = [list(chunks.carried(*given, device=device)) for device in range(JOB.devices)]
    assert [len(chunk.indices[0]) for chunk in whole] == [7, 7, 2]  # of two steps, one, and a short
    for chunk, *shares in zip(whole, *parts, strict=True):
        counting = [share for share in shares if share.share.samples]
        indices = np.concatenate([share.indices for share in counting], 1)
        np.testing.assert_array_equal(indices, chunk.indices)
        assert len(chunk.drawn) == 2
        for name, array in chunk.drawn.items():
            drawn = np.concatenate([share.drawn[name] for share in counting], 1)
            np.testing.assert_array_equal(drawn, array)
