"""What each row of `explain` does to each side's trials, and whether a pair of trials shows it.

Each check takes a side's matched trial and its trial with the row's own way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from twinrun.contract.enums import OwnWay, Precision
from twinrun.v1 import job_pb2

from orchestrator.results.habits.pitfalls import PITFALLS
from orchestrator.trials.trial import Trial

Check: TypeAlias = Callable[[Trial, Trial], bool]
SIDES = ("pytorch", "tensorflow")
_ROUNDING = {Precision.FLOAT64: 1e-10, Precision.FLOAT32: 1e-5}  # relative, over tens of steps
_BEYOND = 100  # times that: what no rounding makes of such a job
# A second softmax of ten classes cannot tell one from another by more than this.
_LEAST, _MOST = np.log(np.e + 9) - 1, np.log(np.e + 9)


def own_way(name: str) -> OwnWay:
    """Return the way that the row of that name asks for."""
    (way,) = (pitfall.way for pitfall in PITFALLS if pitfall.name == name)
    return OwnWay[job_pb2.OwnWay.Name(way).removeprefix("OWN_WAY_")]


def same(matched: Trial, own: Trial) -> bool:
    """Whether it trains and evaluates alike, but for rounding."""
    return _trains_alike(matched, own) and _evaluates_alike(matched, own)


def other(since: int) -> Check:
    """Return a check of whether the losses are others from that step on, and not before."""

    def check(matched: Trial, own: Trial) -> bool:
        if len(matched.losses) != len(own.losses):
            return False
        found, rounding = _apart(matched.losses, own.losses), _rounding(matched)
        return bool((found[:since] <= rounding).all() and found[since] > _BEYOND * rounding)

    return check


FROM_THE_START, AFTER_A_STEP = other(0), other(1)


def squeezed(matched: Trial, own: Trial) -> bool:
    """Whether the losses are others, and within what softmax of probabilities can give."""
    within = ((own.losses > _LEAST) & (own.losses < _MOST)).all()
    return bool(FROM_THE_START(matched, own) and within)


def a_step_less(matched: Trial, own: Trial) -> bool:
    """Whether each epoch lacks its last step, and the first one is otherwise the same."""
    steps, epochs = matched.epoch_starts[1], len(matched.epochs)
    if len(own.losses) != len(matched.losses) - epochs or own.epoch_starts[1] != steps - 1:
        return False
    first = slice(0, steps - 1)
    return bool((_apart(matched.losses[first], own.losses[first]) <= _rounding(matched)).all())


def evaluates_otherwise(matched: Trial, own: Trial) -> bool:
    """Whether it trains alike, and the trained model's loss on the test data is another."""
    found = _apart(_tested(matched), _tested(own))
    return _trains_alike(matched, own) and bool(found[-1] > _BEYOND * _rounding(matched))


def counts_as_it_trains(matched: Trial, own: Trial) -> bool:
    """Whether it also has the accuracy that steps saw, which the matched trial has not."""
    seen, none = ([e.running_accuracy for e in each.epochs] for each in (own, matched))
    return same(matched, own) and None not in seen and set(none) == {None}


def waits_for_workers(matched: Trial, own: Trial) -> bool:
    """Whether its batches come from a pipeline that has processes of its own."""
    return _waits(matched, own) and bool(_children(own)) and not _children(matched)


def waits_for_itself(matched: Trial, own: Trial) -> bool:
    """Whether its batches come from a pipeline that has none."""
    return _waits(matched, own) and _children(own) == 0


# Of PyTorch and of TensorFlow, by row. The matched job has PyTorch's numbers and places.
EFFECTS: Mapping[str, tuple[Check, Check]] = {
    "initial-values": (FROM_THE_START, FROM_THE_START),
    "batch-order": (FROM_THE_START, FROM_THE_START),
    "adam-epsilon": (same, AFTER_A_STEP),
    "rmsprop-epsilon": (same, AFTER_A_STEP),
    "weight-decay": (same, AFTER_A_STEP),
    "norm-epsilon": (same, FROM_THE_START),
    "softmax-in-model": (squeezed, same),
    "last-batch": (a_step_less, same),
    "target-shape": (FROM_THE_START, same),
    "running-accuracy": (same, counts_as_it_trains),
    "data-pipeline": (waits_for_workers, waits_for_itself),
    "jit-compile": (same, same),
    "denormals": (same, same),
    "norm-momentum": (same, evaluates_otherwise),
    "epsilon-place": (same, AFTER_A_STEP),
    "same-padding": (FROM_THE_START, same),
    "initialisers": (FROM_THE_START, same),
    "loss-read": (same, same),
    "threads": (same, same),
    "pipeline-workers": (waits_for_itself, waits_for_itself),
    "memory-layout": (same, same),
}
# These leave no trace in what a trial reports but its seconds. That the switches of the trainers do
# something is in tests/frameworks/test_own_ways.py, test_further_ways.py and test_machine_ways.py.
ONLY_TIME = {"jit-compile", "denormals", "loss-read", "threads", "memory-layout"}


def complaints(name: str, matched: Sequence[Trial], own: Sequence[Trial]) -> list[str]:
    """Return what a row's trials, one of each side, do not show; empty: all that they should."""
    return [
        f"{name}: {side}: not {check.__qualname__.partition('.')[0]}, or not asked for"
        for side, check, before, after in zip(SIDES, EFFECTS[name], matched, own, strict=True)
        if not (_is_asked(name, before, after) and check(before, after))
    ]


def _is_asked(name: str, matched: Trial, own: Trial) -> bool:
    """Whether its job is the matched one with that way alone."""
    assert matched.spec
    return own.spec == replace(matched.spec, own_ways=(own_way(name),))


def _waits(matched: Trial, own: Trial) -> bool:
    waited, none = (each.seconds("data_wait") for each in (own, matched))
    return same(matched, own) and bool(waited) and not none


def _rounding(trial: Trial) -> float:
    assert trial.spec
    return _ROUNDING[trial.spec.precision]


def _apart(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(one - two) / np.maximum(np.abs(one), np.abs(two))


def _trains_alike(matched: Trial, own: Trial) -> bool:
    if len(matched.losses) != len(own.losses):
        return False
    return bool((_apart(matched.losses, own.losses) <= _rounding(matched)).all())


def _evaluates_alike(matched: Trial, own: Trial) -> bool:
    return bool((_apart(_tested(matched), _tested(own)) <= _rounding(matched)).all())


def _tested(trial: Trial) -> NDArray[np.float64]:
    return np.array([epoch.test_loss for epoch in trial.epochs])


def _children(trial: Trial) -> int | None:
    return (
        trial.resources.memory.children_bytes
        if trial.resources and trial.resources.memory
        else None
    )
