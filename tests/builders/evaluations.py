"""Makes the evaluation of a model on six samples."""

import numpy as np
from twinrun.v1 import job_pb2

from orchestrator.results.evaluation import evaluation
from tests.builders.events import duration

# Of four samples of class 0 one is said to be 1, of two of class 1 none is right; none is of 2.
LABELS = np.array([0, 0, 0, 0, 1, 1])
SAID = np.array([0, 0, 0, 1, 0, 2])
LOGITS = np.eye(3, dtype=np.float32)[SAID]


def finished():
    made = job_pb2.EvaluationFinished(
        test=job_pb2.Metrics(loss=0.5, accuracy=0.5, samples=len(LABELS))
    )
    made.latencies.add(
        batch_size=8,
        calls=100,
        p50_duration=duration(0.001),
        p90_duration=duration(0.002),
        p99_duration=duration(0.004),
        samples_per_second=8000,
    )
    return made


def made(framework="pytorch", trained="pytorch", of_trained=None):
    return evaluation(framework, trained, finished(), (LOGITS, LABELS), of_trained)


# Of six flags, scores with a tie across them; another side ranks otherwise.
FLAGS = np.array([[1.0], [0.0], [1.0], [1.0], [0.0], [0.0]])
SCORES = np.array([[2.0], [1.0], [1.0], [-0.5], [-1.0], [0.25]])


def binary(framework="pytorch", trained="pytorch", of_trained=None, scores=SCORES, others=None):
    made = job_pb2.EvaluationFinished()
    made.test.loss, made.test.accuracy, made.test.samples = 0.5, 0.5, len(scores)
    made.test.others.update(roc_auc=0.72, average_precision=0.8, f1=0.6)
    return evaluation(framework, trained, made, (scores, FLAGS), of_trained, others=others)
