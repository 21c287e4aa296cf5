"""The machine's peak: the same for every framework, whatever it costs to ask for a result."""

from types import SimpleNamespace

import pytest
from twinrun.contract.enums import Device

from services.trial import best_rate as rates


class Machine:
    """Its clock moves only as it works: ``enqueued`` work is done when somebody waits for it."""

    def __init__(self, work, latency, slow=()):
        self.work, self.latency, self.slow = work, latency, list(slow)
        self.now, self.queue, self.waits = 0.0, 0.0, 0

    def enqueue(self):
        self.queue += self.work

    def wait(self):
        disturbed = self.slow.pop(0) if self.slow else 1.0
        self.now += self.queue * disturbed + self.latency
        self.queue, self.waits = 0.0, self.waits + 1


@pytest.fixture
def rate(monkeypatch):
    def found(machine, device):
        clock = SimpleNamespace(perf_counter=lambda: machine.now)
        monkeypatch.setattr(rates, "time", clock)
        return rates.best_rate(machine.enqueue, machine.wait, 6.0, device)

    return found


@pytest.mark.parametrize("latency", [0.0, 20e-6, 200e-6])
@pytest.mark.parametrize("work", [135e-6, 600e-6, 22e-3])
def test_waiting_for_a_gpu_is_no_part_of_its_rate(rate, work, latency):
    machine = Machine(work, latency)
    assert rate(machine, Device.CUDA) * work / 6.0 == pytest.approx(1.0, abs=0.005)


def test_on_a_cpu_each_run_is_timed_alone(rate):
    machine = Machine(0.01, 0.0)
    assert rate(machine, Device.CPU) == pytest.approx(600.0)
    assert machine.waits - 1 == pytest.approx(150, abs=1)


def test_the_best_timing_counts_and_there_are_several_however_long_one_takes(rate):
    machine = Machine(2.0, 0.0, slow=[1.0, 1.5, 1.2, 1.0, 1.3])
    assert rate(machine, Device.CPU) == pytest.approx(3.0)
    assert machine.waits == 1 + 5
