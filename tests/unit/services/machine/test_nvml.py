"""NVML against a stand-in."""

import importlib.util
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from twinrun.contract.events import Accelerator

from services.machine import host, nvml
from services.machine.several_gpus import Samplers
from tests.waiting import FOREVER_SECONDS, Clock, eventually

H100 = Accelerator("NVIDIA H100", "GPU-aa", 85_520_809_984)
GB10 = Accelerator("NVIDIA GB10", "GPU-bb", 0)
STANDINS = Path(__file__).parents[3] / "standins"


@pytest.fixture
def standin(monkeypatch):
    """In the place of NVML's module, and made anew for each test."""
    spec = importlib.util.spec_from_file_location("pynvml", STANDINS / "pynvml.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "pynvml", module)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return module


@pytest.fixture
def clock(monkeypatch):
    """The sampler's, which the test moves."""
    clock = Clock()
    monkeypatch.setattr(nvml, "time", clock)
    return clock


def by_hand(uuid):
    """A sampler that looks when it is told to, and at the end of each stay."""
    return nvml.Sampler(uuid, FOREVER_SECONDS)


def looked_at(uuid):
    """Once by itself, while it is entered, and at the end."""
    sampler = by_hand(uuid)
    with sampler:
        sampler._look()
    return sampler.used()


# --------------------------------------------------------------------------- what may be seen


@pytest.mark.parametrize(
    ("visible", "gpus"),
    [
        (None, (H100, GB10)),
        ("1", (GB10,)),
        ("1,0", (GB10, H100)),
        ("GPU-a", (H100,)),
        ("0,7,1", (H100,)),
        ("", ()),
        ("-1", ()),
    ],
)
def test_gpus_are_those_that_cuda_would_show(standin, monkeypatch, visible, gpus):
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert nvml.accelerators() == ("580.1", gpus)


@pytest.mark.parametrize(
    ("visible", "uuids"),
    [(None, ["MIG-1", "GPU-bb"]), ("0", ["MIG-1"]), ("MIG-2", ["MIG-2"]), ("GPU-aa", [])],
)
def test_of_a_divided_gpu_cuda_shows_one_part(standin, monkeypatch, visible, uuids):
    monkeypatch.setenv("STANDIN_MIG", "1")
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [gpu.uuid for gpu in nvml.accelerators()[1]] == uuids


def test_a_gpu_that_may_not_be_used_is_passed_over(standin, monkeypatch):
    def forbidden(index):
        if index == 0:
            raise standin.NVMLError("Insufficient Permissions")
        return standin.GPUS[index]

    monkeypatch.setattr(standin, "nvmlDeviceGetHandleByIndex", forbidden)
    assert nvml.accelerators() == ("580.1", (GB10,))


def test_without_a_driver_nothing_is_known(standin, monkeypatch):
    monkeypatch.setenv("STANDIN_NO_DRIVER", "1")
    assert nvml.accelerators() == ("", ())
    with (sampler := by_hand("GPU-aa")):
        pass
    assert sampler.used() is None


def test_without_the_module_nothing_is_known(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert nvml.accelerators() == ("", ())
    with (sampler := by_hand("GPU-aa")):
        pass
    assert sampler.used() is None


# ------------------------------------------------------------------------------ what was used


def test_a_gpu_that_tells_everything_is_told_of(standin):
    used = looked_at("GPU-aa")
    assert used.uuid == "GPU-aa"
    assert used.samples == 2
    assert used.peak_memory_bytes == 1_500_000_000
    assert used.mean_utilization == pytest.approx(0.8)
    assert used.mean_power_watts == pytest.approx(300)
    assert used.energy_joules == pytest.approx(310)


def test_it_looks_again_and_again_by_itself(standin):
    sampler = nvml.Sampler("GPU-aa", 0.001)
    with sampler:
        assert eventually(lambda: standin.looks >= 5)
    assert sampler.used().samples >= 6  # and once more at the end


def test_what_held_a_gpu_back_and_who_else_was_on_it_is_told(standin):
    used = looked_at("GPU-aa")
    assert used.throttled == ("SwThermalSlowdown",)  # that it idled a moment ago is no fault
    assert used.most_processes == 2
    silent = looked_at("GPU-bb")
    assert (silent.throttled, silent.most_processes) == ((), 0)


def test_energy_that_is_not_counted_is_power_over_time_and_what_is_not_told_is_not_known(
    standin, clock
):
    sampler = by_hand("GPU-bb")
    with sampler:
        clock.move(0.25)
    used = sampler.used()
    assert used.mean_utilization is None
    assert used.peak_memory_bytes is None
    assert used.mean_power_watts == pytest.approx(50)
    assert used.energy_joules == pytest.approx(50 * 0.25)


def test_a_part_of_a_gpu_tells_its_memory_alone(standin):
    used = looked_at("MIG-2")
    assert used.peak_memory_bytes == 10**9
    assert used.mean_utilization is used.mean_power_watts is used.energy_joules is None


def test_the_peak_is_the_highest_and_means_are_over_time(standin, clock):
    sampler = by_hand("GPU-aa")
    with sampler:
        for seconds, memory, watts in ((1, 1000, 100), (3, 3000, 200), (0, 2000, 900)):
            clock.move(seconds)
            standin.H100.abilities["memory_v2"] = standin.memory(memory)
            standin.H100.abilities["milliwatts"] = 1000 * watts
            if seconds:
                sampler._look()
    used = sampler.used()
    assert used.samples == 3
    assert used.peak_memory_bytes == 3000
    assert used.mean_power_watts == pytest.approx((1 * 100 + 3 * 200) / 4)


def test_only_the_time_within_counts_and_every_stay_does(standin, clock):
    counting, telling = by_hand("GPU-bb"), by_hand("GPU-aa")
    for _ in range(3):
        with counting, telling:
            clock.move(0.5)
        clock.move(100)
    assert counting.used().energy_joules == pytest.approx(50 * 3 * 0.5)
    assert telling.used().energy_joules == pytest.approx(310 * 3)


def test_a_stay_shorter_than_a_look_is_seen_too(standin):
    with (sampler := by_hand("GPU-aa")):
        pass
    assert sampler.used().samples == 1


def test_a_counter_that_stops_to_answer_gives_way_to_power_over_time(standin, clock):
    with (sampler := by_hand("GPU-aa")):
        clock.move(0.5)
        del standin.H100.abilities["millijoules"]
    assert sampler.used().energy_joules == pytest.approx(300 * 0.5)


@pytest.mark.parametrize("uuid", ["", "GPU-none"])
def test_what_nvml_does_not_know_is_not_looked_at(standin, uuid):
    before = threading.active_count()
    with (sampler := nvml.Sampler(uuid)):
        assert threading.active_count() == before
    assert sampler.used() is None


def test_no_thread_is_left_when_training_fails(standin):
    before = threading.active_count()
    sampler = nvml.Sampler("GPU-aa")
    with pytest.raises(ZeroDivisionError), sampler:
        raise ZeroDivisionError
    assert threading.active_count() == before
    assert sampler.used().samples == 1


def test_a_look_asks_little(standin, monkeypatch):
    """Each function once: what one costs is the driver's."""
    asked = []
    with (sampler := by_hand("GPU-aa")):
        ask = sampler._nvml.ask
        monkeypatch.setattr(
            sampler._nvml, "ask", lambda name, *given: asked.append(name) or ask(name, *given)
        )
        sampler._look()
        assert len(asked) == len(set(asked)) == 5


def test_every_function_that_is_asked_is_one_of_nvmls():
    pynvml = pytest.importorskip("pynvml")
    asked = set(re.findall(r"\bnvml[A-Z]\w+", Path(nvml.__file__).read_text()))
    assert len(asked) > 10
    assert not {name for name in asked if not callable(getattr(pynvml, name, None))}
    assert pynvml.nvmlMemory_v2 == nvml._MEMORY_V2
    assert nvml._MIG_ENABLED == pynvml.NVML_DEVICE_MIG_ENABLE


def test_nvml_is_not_imported_before_it_is_asked():
    code = "import sys; from services.machine import host, nvml; assert 'pynvml' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# -------------------------------------------------------------------------------- the CPU set


@pytest.mark.parametrize(
    ("cpus", "written"),
    [({0}, "0"), ({0, 1, 2, 3, 8}, "0-3,8"), ({9, 1, 3, 4}, "1,3-4,9"), (set(), "")],
)
def test_the_cpu_set_is_written_in_ranges(monkeypatch, cpus, written):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: cpus, raising=False)
    assert host.cpu_set() == written


def test_where_the_system_knows_no_cpu_set_it_is_empty(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert host.cpu_set() == ""


def test_several_gpus_are_looked_at_together(standin):
    samplers = Samplers(["GPU-aa", "GPU-aa"])
    with samplers:
        pass
    first, second = (each.used() for each in samplers._each)
    both = samplers.used()
    assert both.peak_memory_bytes == first.peak_memory_bytes + second.peak_memory_bytes
    assert both.mean_power_watts == first.mean_power_watts + second.mean_power_watts
    assert both.energy_joules == first.energy_joules + second.energy_joules
    assert both.mean_utilization == pytest.approx(0.8)
    assert (both.uuid, both.throttled, both.most_processes) == (
        *("GPU-aa", first.throttled),
        first.most_processes,
    )


def test_what_one_of_several_gpus_does_not_report_is_not_known_of_all(standin):
    with (samplers := Samplers(["GPU-aa", "GPU-bb"])):
        pass
    first, silent = (each.used() for each in samplers._each)
    assert first.peak_memory_bytes is not None
    assert silent.peak_memory_bytes is None
    assert samplers.used().peak_memory_bytes is None
    assert Samplers([]).used() is None


def test_where_one_of_several_gpus_does_not_answer_nothing_is_known_of_all(standin, monkeypatch):
    with (samplers := Samplers(["GPU-aa", "GPU-aa"])):
        pass
    first, second = samplers._each
    monkeypatch.setattr(second, "used", lambda: None)
    assert first.used() is not None
    assert samplers.used() is None
