"""A trial as in comparison.json: seconds, bytes, fractions of 1."""

from collections.abc import Mapping, Sequence

from google.protobuf import json_format
from twinrun.contract.events import EpochFinished, Failure, Metrics

from orchestrator.trials.mappings.stored import fields_of
from orchestrator.trials.trial import Trial

_EVALUATIONS = ("test", "validation")  # of an epoch


def trial_mapping(trial: Trial) -> dict[str, object]:
    """Return what is known about a trial except its losses, which stay in its events."""
    used = trial.resources
    return {
        "number": trial.number,
        "state": trial.state.value,
        "error": _error(trial.error) if trial.error else None,
        "inputs": trial.inputs,
        "phases": dict(trial.phases),
        "cpu_seconds": dict(trial.cpu_seconds),
        "epochs": [_epoch(epoch) for epoch in trial.epochs],
        "peak_memory_bytes": used.peak_memory_bytes if used else None,
        "peak_device_memory_bytes": used.peak_device_memory_bytes if used else None,
        "memory": used.memory if used else None,
        "accelerator": trial.accelerator,
    }


def _error(failure: Failure) -> dict[str, str]:
    """Return the error without what is for the runner's log."""
    return {"reason": failure.reason, "message": failure.message}


def _epoch(epoch: EpochFinished) -> dict[str, object]:
    """Return every number of an epoch, including those of its two evaluations."""
    mapping = fields_of(epoch)
    for name in _EVALUATIONS:
        del mapping[name]
        metrics = getattr(epoch, name)
        mapping |= {f"{name}_{of}": getattr(metrics, of, None) for of in ("loss", "accuracy")}
        mapping |= {f"{name}_{of}": value for of, value in _others(metrics).items()}
    return mapping


def _others(metrics: Metrics | None) -> Mapping[str, float]:
    """Return the task's further metrics, by name."""
    return metrics.others if metrics else {}


def environment_mapping(trials: Sequence[Trial]) -> dict[str, object] | None:
    """Return the environment of the first trial that reported one; None: none did."""
    environment = next((trial.environment for trial in trials if trial.environment), None)
    if environment is None:
        return None
    mapping = json_format.MessageToDict(environment, preserving_proto_field_name=True)
    for accelerator in mapping.get("accelerators", []):  # the mapping writes int64 as text
        accelerator["memory_bytes"] = int(accelerator.get("memory_bytes", 0))
    return mapping
