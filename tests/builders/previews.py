"""Makes what frameworks show of images."""

import numpy as np
from google.protobuf import json_format
from twinrun.v1 import job_pb2

SHAPE = (3, 4, 5, 1)
PIXELS = np.random.default_rng(1).random(SHAPE)
SPEC = {
    "dataset": {"name": "mnist", "normalization": {"mean": 0.25, "std": 0.5}, "train_limit": 3},
    "layers": [{"flatten": {}}, {"dense": {"units": 10}}],
    "optimizer": {"sgd": {}},
    "recipe": "RECIPE_MATCHED",
    "precision": "PRECISION_FLOAT32",
}
FLIP = {"augmentation": {"flip": 0.5}}


def spec(**changes) -> job_pb2.JobSpec:
    return json_format.ParseDict({**SPEC, **changes}, job_pb2.JobSpec())


def shown(off=0.0, shape=SHAPE):
    normalised = (np.resize(PIXELS, shape) - 0.25) / 0.5
    made = normalised.copy()
    made.flat[7] += off
    return job_pb2.ImagesPreviewed(
        shape=shape,
        originals=normalised.ravel(),
        augmented=made.ravel(),
        labels=range(shape[0]),
    )
