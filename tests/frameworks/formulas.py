"""Checks a trained job against NumPy."""

import numpy as np

from tests.frameworks import jobs, reference


def assert_same(framework, job):
    run = jobs.train(framework, job)
    data = jobs.data(loss=job.loss, of_codes=jobs.of_codes(job))
    losses, weights = reference.train(job, data, jobs.weights(job))
    np.testing.assert_allclose(run.losses, losses, rtol=1e-12, atol=0)
    assert run.weights.keys() == weights.keys()
    for name, array in weights.items():
        # A bias of keys has no gradient but rounding, which Adam enlarges.
        near = 1e-9 if name.endswith("key_bias") else 1e-12
        np.testing.assert_allclose(run.weights[name], array, rtol=0, atol=near, err_msg=name)
    logits = reference.forward(job, weights, data.test_images)
    np.testing.assert_allclose(run.logits, logits, rtol=1e-11, atol=1e-11)
