"""Faults of a job on several devices, each in every process of it, as a change of the code."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from importlib import import_module
from types import SimpleNamespace
from unittest import mock

from services.model import dropout
from services.model.shares import Share

DEVICES = 3  # of a job, at most
FILE = "TWINRUN_TEST_FAULT"  # a variable with the file that names the fault of other processes
REPLICA = "tests.frameworks.faulty_replica"

Plant = Callable[[str], AbstractContextManager]  # into a framework, by its name


def _own_mean(_: str) -> AbstractContextManager:
    """Each of three devices counts as much, whatever samples it has, as tutorials have it."""
    return mock.patch.object(Share, "weight", 1 / DEVICES)


def _own_statistics(name: str) -> AbstractContextManager:
    if name == "pytorch":
        collectives = import_module("services.pytorch.devices.collectives")
        return mock.patch.object(collectives, "mean", return_value=lambda own: own)
    kind = import_module("services.tensorflow.layers.norms.batch_norm")
    shared = kind._by_all

    def alone(*given):
        return shared(*given[:-1], lambda own: own)

    return mock.patch.object(kind, "_by_all", alone)


def _own_masks(_: str) -> AbstractContextManager:
    """Each device draws from the first position on."""

    def masks(*given, first, **rest):
        return dropout.masks(*given, first=0, **rest)

    chunks = import_module("services.trial.chunks")
    return mock.patch.object(chunks, "dropout", SimpleNamespace(masks=masks))


def _missed_update(name: str) -> AbstractContextManager:
    """The second device does not update in the last of the two steps."""
    taken = []
    if name == "pytorch":
        steps = import_module("services.pytorch.devices.steps").SharedSteps
        step = steps.step

        def missing(self, *given):
            taken.append(self)
            if self._place == 1 and len(taken) == 2:
                self._optimizer.step = lambda: None
            return step(self, *given)

        return mock.patch.object(steps, "step", missing)
    # In its graph every step is the same: so it is the copy that is moved.
    steps = import_module("services.tensorflow.devices.steps").MirroredSteps
    run = steps.run

    def moved(self, shares):
        found = run(self, shares)
        kernel = self._replicas[1].variables()[0]
        kernel.assign(kernel + 1e-13)
        return found

    return mock.patch.object(steps, "run", moved)


def _raised(name: str) -> AbstractContextManager:
    steps = import_module(f"services.{name}.devices.steps").SharedSteps
    step = steps.step

    def failing(self, *given):
        if self._place == 1:
            raise ValueError("planted")
        return step(self, *given)

    return mock.patch.object(steps, "step", failing)


def _counted_memory(name: str) -> AbstractContextManager:
    """An allocator that counts on a CPU too: 1000 bytes and one more for each further device."""
    counted = 1000
    if name == "pytorch":
        collectives = import_module("services.pytorch.devices.collectives")
        trainer = import_module("services.pytorch.matched").MatchedTrainer

        def peak(_):
            return counted + collectives.place()

        return mock.patch.object(trainer, "peak_device_memory_bytes", peak)
    if name == "tensorflow":
        config = import_module("tensorflow").config.experimental

        def info(device):
            kind, _, number = device.partition(":")
            assert kind == "GPU"
            return {"current": 0, "peak": counted + int(number)}

        return mock.patch.object(config, "get_memory_info", info)
    gpus = [
        SimpleNamespace(memory_stats=lambda peak=counted + number: {"peak_bytes_in_use": peak})
        for number in range(DEVICES + 1)  # one that the job does not take
    ]
    return mock.patch.object(import_module("jax"), "devices", return_value=gpus)


WRONG: dict[str, Plant] = {
    "each device's own mean": _own_mean,
    "batch norm by device": _own_statistics,
    "masks by device": _own_masks,
}
MISSED: Plant = _missed_update
RAISED: Plant = _raised
COUNTED: Plant = _counted_memory
PLANTS = {**WRONG, "a missed update": MISSED, "an error": RAISED, "counted memory": COUNTED}


def planted(fault: str, name: str) -> AbstractContextManager:
    """Return the context in which the framework has the fault; "" is none."""
    return PLANTS[fault](name) if fault else ExitStack()
