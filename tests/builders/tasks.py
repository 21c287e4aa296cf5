"""Jobs and trials of every task: classes, flags, numbers."""

from collections.abc import Mapping
from typing import Any

from twinrun.contract.spec import JobSpec

from orchestrator.trials.fold import fold
from orchestrator.trials.trial import Trial
from tests.builders.events import JOB, job, numbered, trial_events

BINARY = job(layers=[{"flatten": {}}, {"dense": {"units": 1}}], loss={"sigmoid_cross_entropy": {}})
REGRESSION = job(layers=[{"flatten": {}}, {"dense": {"units": 1}}], loss={"mean_squared_error": {}})
JOBS = (JOB, BINARY, REGRESSION)
# What an evaluation of each reports: accuracy, and others by name.
VALUES: Mapping[JobSpec, tuple[float | None, Mapping[str, float]]] = {
    JOB: (0.98, {"macro_f1": 0.97}),
    BINARY: (0.91, {"roc_auc": 0.937, "average_precision": 0.88, "f1": 0.79}),
    REGRESSION: (None, {"r2": 0.437, "rmse": 53.2, "mae": 43.1}),
}


def trial(
    framework: str = "pytorch",
    spec: JobSpec = REGRESSION,
    number: int = 1,
    *,
    changed: Mapping[str, float] | None = None,
    without: str = "",
    **given: Any,
) -> Trial:
    """A trial that succeeded; ``changed``: other values, ``without``: a metric that it lacks."""
    events = trial_events(framework, **given)
    accuracy, others = VALUES[spec]
    values = {name: v for name, v in {**others, **(changed or {})}.items() if name != without}
    for event in events:
        if event.HasField("epoch_finished"):
            test = event.epoch_finished.test
            test.ClearField("accuracy")
            if accuracy is not None and without != "accuracy":
                test.accuracy = accuracy
            test.others.update(values)
    return fold(framework, number, numbered(events), spec)
