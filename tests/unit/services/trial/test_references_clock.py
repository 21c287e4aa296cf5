"""What a trial tells of time, memory and the machine, by a clock that moves when work is done."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import pytest
from twinrun.contract.enums import Device, Phase, Precision
from twinrun.contract.events import (
    Accelerator,
    AcceleratorUsed,
    Environment,
    EpochFinished,
    EvaluationFinished,
    PhaseFinished,
    PhaseStarted,
    Profiled,
    ResourcesUsed,
)

from services.model import optimizers, weights
from services.pipe import ProcessUse, Task
from services.trial import run as trial
from tests.builders import told
from tests.builders.told import EPOCHS, LAYERS, SAMPLES, SHAPE, Run, job

WARM, EVALUATED = 5.0, 0.5  # seconds; each has as much CPU time twice over
CHUNKS = 3  # of an epoch
GPUS = tuple(Accelerator("a card", f"GPU-{number}", 1) for number in range(2))
USED = AcceleratorUsed("GPU-0", 1, 99)


@dataclass
class Clock:
    wall: float = 100.0

    def move(self, seconds: float) -> None:
        self.wall += seconds

    def perf_counter(self) -> float:
        return self.wall

    def process_time(self) -> float:
        return 2 * self.wall


@dataclass
class Trainer(told.Trainer):
    clock: Clock = field(default_factory=Clock)

    def environment(self) -> Environment:
        return Environment("fake", "1", accelerators=GPUS)

    def warm_up(self) -> None:
        super().warm_up()
        self.clock.move(WARM)

    def train_epoch(self, epoch):
        for chunk in super().train_epoch(epoch):
            self.clock.move(2.0 + epoch)
            yield chunk

    def evaluate(self):
        self.clock.move(EVALUATED)
        return super().evaluate()

    def profiled(self, take_steps):
        return Profiled((), 1.0, take_steps())


class Samplers:
    """Notes which GPUs are looked at."""

    asked: list[list[str]]

    def __init__(self, uuids: list[str]) -> None:
        self.asked.append(uuids)
        self._inside: AbstractContextManager[None] = nullcontext()

    def __enter__(self) -> None:
        self._inside.__enter__()

    def __exit__(self, *error: object) -> None:
        self._inside.__exit__(*error)

    def used(self) -> AcceleratorUsed:
        return USED


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """Runs a trial: of a spec, with what else its task has."""
    monkeypatch.setattr(Samplers, "asked", [], raising=False)
    monkeypatch.setattr("services.trial.run.Samplers", Samplers)
    monkeypatch.setattr("services.trial.run.load.swapped_bytes", lambda: 55)
    monkeypatch.setattr("services.trial.phases.Phases.peak_memory_bytes", lambda _: 33)
    children = iter([None, 4, 6])  # after the first steps, and after each epoch
    monkeypatch.setattr("services.trial.phases.memory.children_bytes", lambda: next(children, 5))
    readings = iter(range(100))
    monkeypatch.setattr("services.trial.run.load.read", lambda: next(readings))
    monkeypatch.setattr("services.trial.run.load.between", lambda before, after: (before, after))

    def run(spec, weights=None, **given) -> Run:
        clock, events, made = Clock(), [], []
        monkeypatch.setattr("services.trial.phases.time", clock)

        def make(*arguments):
            made.append(Trainer(*arguments, clock=clock))
            return made[0]

        task = Task(spec, tmp_path, tmp_path, weights=told.given(tmp_path, weights), **given)
        trial.run(task, make, events.append)
        return Run(events, made[0], tmp_path)

    return run


def content() -> bytes:
    return weights.to_safetensors(weights.initial(LAYERS, SHAPE, 9, Precision.FLOAT64))


def test_an_epoch_s_times_are_its_own(ran):
    found = ran(job()).of(EpochFinished)
    assert [epoch.train_seconds for epoch in found] == [6.0, 9.0, 12.0]
    assert [epoch.evaluate_seconds for epoch in found] == [EVALUATED] * EPOCHS
    assert [epoch.samples_per_second for epoch in found] == [SAMPLES / 6, SAMPLES / 9, SAMPLES / 12]


def test_each_phase_begins_once_and_ends_with_all_that_it_took(ran):
    made = ran(job())
    assert [event.phase for event in made.of(PhaseStarted)] == list(Phase)[1:]
    ended = {event.phase: event for event in made.of(PhaseFinished)}
    assert list(ended) == list(Phase)[1:]
    wanted = {Phase.COMPILE: WARM, Phase.TRAIN: 27.0, Phase.EVALUATE: EPOCHS * EVALUATED}
    for phase, event in ended.items():
        seconds = wanted.get(phase, 0.0)
        assert (event.seconds, event.cpu_seconds) == (seconds, 2 * seconds)


def test_the_load_is_read_before_and_after_the_steps_of_an_epoch(ran):
    assert [epoch.load for epoch in ran(job()).of(EpochFinished)] == [(0, 1), (2, 3), (4, 5)]


def test_memory_and_gpu_are_told_at_the_end(ran):
    made = ran(job())
    (used,) = made.of(ResourcesUsed)
    assert replace(used, memory=None) == ResourcesUsed(33, 77, accelerator=USED, swapped_bytes=55)
    assert made.events[-1] == used


def test_the_memory_is_told_by_phase_with_the_sizes_of_what_is_held(ran):
    """Children are looked at once, while the first steps are taken."""
    (used,) = ran(job()).of(ResourcesUsed)
    found = used.memory
    held = weights.initial(LAYERS, SHAPE, 0, Precision.FLOAT64)
    assert found.parameter_bytes == sum(array.nbytes for array in held.values())
    kept = len(optimizers.starts(job().optimizer))
    assert kept
    assert found.optimizer_bytes == kept * found.parameter_bytes
    assert found.data_bytes > 0
    assert found.children_bytes == 6


@pytest.mark.parametrize(
    ("device", "devices", "wanted"),
    [
        (Device.CUDA, 1, ["GPU-0"]),
        (Device.CUDA, 2, ["GPU-0", "GPU-1"]),
        (Device.CPU, 1, []),
    ],
)
def test_the_first_gpus_are_looked_at_where_the_job_is_on_them(ran, device, devices, wanted):
    made = ran(replace(job(), device=device, devices=devices))
    assert Samplers.asked == [wanted]
    assert made.of(Environment) == [Environment("fake", "1", accelerators=GPUS)]


def test_without_a_gpu_none_is_looked_at(ran, monkeypatch):
    monkeypatch.setattr(Trainer, "environment", lambda _: Environment("fake", "1"))
    ran(replace(job(), device=Device.CUDA))
    assert Samplers.asked == [[]]


def test_a_profile_is_of_a_chunk_of_another_epoch_after_all_that_is_timed(ran):
    made = ran(job(profile=True))
    assert made.events[-1] == Profiled((), 1.0, 3)
    assert made.trainer.calls[-1] == f"train {EPOCHS}"
    assert not ran(job(profile=True), weights=content()).of(Profiled)
    assert not ran(job()).of(Profiled)


@pytest.mark.parametrize("process", ProcessUse)
def test_an_evaluation_in_a_shared_process_is_neither_warmed_up_nor_timed(ran, process):
    made = ran(job(), weights=content(), process=process)
    (found,) = made.of(EvaluationFinished)
    own = process is ProcessUse.OWN
    assert (made.trainer.calls == ["warm", "evaluate"]) is own
    assert bool(found.latencies) is own


@pytest.mark.parametrize("process", ProcessUse)
def test_training_in_a_shared_process_is_warmed_up_on_a_gpu_alone(ran, process):
    """Nobody reads the times of a shared process; a GPU's graphs are captured in the warm-up."""
    own = process is ProcessUse.OWN
    assert (ran(job(), process=process).trainer.calls[0] == "warm") is own
    assert ran(job(device=Device.CUDA), process=process).trainer.calls[0] == "warm"
