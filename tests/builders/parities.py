"""Makes parity tables, and runs that hold them, without a runner."""

import dataclasses
from pathlib import Path

import numpy as np
import safetensors.numpy

from orchestrator.results.parity import Apart, Parity, Row
from orchestrator.storage.about import Kind
from orchestrator.storage.store import Run
from tests.builders.events import failed_events, trial_events
from tests.builders.stored import add_trial, create

NAMES = ("pytorch", "tensorflow")
PLANNED = {"group": "layers", "case": "dense", "precision": "float32", "execution": "default"}


def row(case="dense", matched=(1e-16, 2e-16), own=(1e-3, 2e-3), **given) -> Row:
    """A row in float64; ``matched`` and ``own``: forward and gradient, or None."""
    parts = [None if each is None else Apart(*each) for each in (matched, own)]
    made = Row("layers", case, "float64", "default", "tensorflow", *parts, 1e-11)
    return dataclasses.replace(made, **given)


def table(*rows: Row) -> Parity:
    return Parity("pytorch", {"pytorch": "2.13", "tensorflow": "2.21"}, rows or [row()])


def stored(output: Path, *, wrong: float = 0.0, failed: bool = False) -> Run:
    """A run of one case, whose second side's step is off by ``wrong`` of its change.

    ``failed``: its trial in its own way failed.
    """
    run = create(output, "parity", kind=Kind.PARITY)
    plan = [{"number": n, "recipe": r, **PLANNED} for n, r in ((1, "matched"), (2, "idiomatic"))]
    run.write_result("plan", {"plan": plan})
    before = {"layers.0.kernel": np.ones((2, 3), np.float32)}
    for number in (1, 2):
        for name in NAMES:
            if failed and (number, name) == (2, "tensorflow"):
                add_trial(run, name, number, events=failed_events(name))
                continue
            add_trial(run, name, number, events=trial_events(name, seconds=(1.0,)))
            moved = np.float32(0.5) * (1 + (wrong if name == "tensorflow" else 0))
            after = {key: array + moved for key, array in before.items()}
            logits = {"logits": np.eye(3, dtype=np.float32), "labels": np.arange(3)}
            run.write_initial_weights(name, number, safetensors.numpy.save(before))
            run.write_weights(name, number, safetensors.numpy.save(after))
            run.write_logits(name, number, safetensors.numpy.save(logits))
    return run
