"""Where the time went, in rows."""

from dataclasses import replace

import pytest
from twinrun.contract.enums import Device
from twinrun.contract.events import AcceleratorUsed, Load, MachineMeasured

from orchestrator.reports.time_breakdown import causes, why, why_sentence
from orchestrator.results.comparison import compare
from orchestrator.storage import machine
from tests.builders.events import JOB, trial

RATE = MachineMeasured(100e9, 10e9)
KNOWN = machine.Known(rates={machine.rates_of(JOB): {"pytorch": RATE}})


def ran(framework, **epoch):
    found = trial(framework, seconds=(2.0, 2.0, 2.0))
    return replace(
        found,
        inputs=replace(found.inputs, epoch_operations=40e9, epoch_bytes=8e9),
        epochs=tuple(replace(each, **epoch) for each in found.epochs),
    )


def rows(*trials, known=None):
    return {row.name: row.values for row in why(compare(JOB, trials, known=known)).rows}


def test_phases_have_cpu_seconds_beside_wall_seconds():
    found = rows(ran("pytorch"), ran("tensorflow"))
    assert found["import"] == ["4.20 s, CPU 8.40 s"] * 2
    assert found["train"] == ["6.00 s, CPU 12.0 s"] * 2
    assert list(found)[:4] == ["import", "data", "build", "compile (warm-up)"]


def test_what_waits_and_who_else_computes_stands_under_training():
    load = Load(3.0, 0.5, 0.5, 0.0, 0.0)
    found = rows(ran("pytorch", data_wait_seconds=0.25, load=load), ran("tensorflow"))
    assert found["waiting for data"] == ["0.750 s", "-"]
    assert found["CPUs in use"] == ["1.50", "-"]
    assert found["CPUs taken by others"] == ["0.50", "-"]


def test_rows_that_none_can_fill_are_left_out():
    assert "waiting for data" not in rows(ran("pytorch"), ran("tensorflow"))


@pytest.mark.parametrize(
    ("known", "products", "traffic"),
    [
        (None, "20.0 GFLOP/s", "4.00 GB/s"),
        (KNOWN, "20.0 of 100 GFLOP/s: 20.00 %", "4.00 of 10.0 GB/s: 40.00 %"),
    ],
)
def test_rates_are_held_against_what_the_machine_can_do(known, products, traffic):
    found = rows(ran("pytorch"), ran("tensorflow"), known=known)
    assert found["Products"] == [products] * 2
    assert found["Memory traffic"] == [traffic] * 2


def test_each_side_is_held_against_the_rate_of_its_own_precision():
    tf32 = replace(JOB, device=Device.CUDA, allow_tf32=True)
    plain = replace(tf32, allow_tf32=False)
    fast = MachineMeasured(400e9, 10e9)
    known = {machine.rates_of(plain): {"pytorch": RATE}, machine.rates_of(tf32): {"pytorch": fast}}
    one, other = "pytorch", "pytorch-allow_tf32=true"
    trials = [
        replace(ran("pytorch"), framework=one, spec=plain),
        replace(ran("pytorch"), framework=other, spec=tf32),
    ]
    found = compare(plain, trials, sides=(one, other), known=machine.Known(rates=known))
    products = next(row.values for row in why(found).rows if row.name == "Products")
    assert products == ["20.0 of 100 GFLOP/s: 20.00 %", "20.0 of 400 GFLOP/s: 5.00 %"]
    assert why_sentence(found) is None


def test_where_the_machine_is_not_known_it_is_said_how_to_measure_it():
    trials = [ran("pytorch"), ran("tensorflow")]
    assert "orchestrator env --measure" in why_sentence(compare(JOB, trials))
    assert why_sentence(compare(JOB, trials, known=KNOWN)) is None
    assert why_sentence(compare(JOB, [])) is None


def test_of_several_devices_nothing_is_measured_and_nobody_is_told_to():
    trials = [
        replace(ran(each), spec=replace(JOB, devices=2)) for each in ("pytorch", "tensorflow")
    ]
    assert why_sentence(compare(replace(JOB, devices=2), trials, known=KNOWN)) is None


def differing(slower, faster, count=6, device=Device.CPU, gpu=(None, None)):
    """PyTorch takes 4 s an epoch, TensorFlow 2 s, ``count`` times; each as its changes say."""
    return compare(
        JOB,
        [
            changed(trial(side, number, seconds=(seconds, seconds)), given, device, busy)
            for number in range(1, count + 1)
            for side, seconds, given, busy in (
                ("pytorch", 4.0, slower, gpu[0]),
                ("tensorflow", 2.0, faster, gpu[1]),
            )
        ],
    )


def changed(found, given, device, busy):
    used = AcceleratorUsed(uuid="GPU-1", samples=9, mean_utilization=busy, most_processes=1)
    return replace(
        found,
        spec=replace(found.spec, device=device),
        epochs=tuple(replace(each, **given) for each in found.epochs),
        resources=replace(found.resources, accelerator=used if busy else None),
    )


def cpus(seconds):
    return {"load": Load(seconds, 0.0, 0.0, 0.0, 0.0)}


@pytest.mark.parametrize(
    ("slower", "faster", "short", "sentence"),
    [
        (
            {"data_wait_seconds": 2.0, **cpus(4.0)},
            {"data_wait_seconds": 0.2, **cpus(1.0)},
            "Waiting for data",
            "In an epoch PyTorch waited for data 2.00 s and TensorFlow 0.200 s: 90 %",
        ),
        (
            cpus(4.0),
            cpus(2.0),
            "More CPU work",
            "For an epoch PyTorch took 4.00 CPU seconds and TensorFlow 2.00.",
        ),
        (
            cpus(4.0),
            cpus(3.8),
            "Fewer CPUs in use",
            "PyTorch kept 1.00 CPUs in use and TensorFlow 1.90.",
        ),
    ],
)
def test_the_largest_measured_cause_is_named(slower, faster, short, sentence):
    (found,) = causes(differing(slower, faster))
    assert found.short == short
    assert found.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("busy", "short", "sentence"),
    [
        (
            (0.4, 0.8),
            "The GPU waited",
            "PyTorch kept the GPU busy for 40 % of its training and TensorFlow for 80 %.",
        ),
        (
            (0.8, 0.8),
            "Longer work on the GPU",
            "In an epoch PyTorch kept the GPU busy for 3.20 s and TensorFlow for 1.60 s.",
        ),
    ],
)
def test_on_a_gpu_the_cause_is_what_the_gpu_did(busy, short, sentence):
    (found,) = causes(differing({}, {}, device=Device.CUDA, gpu=busy))
    assert (found.short, found.sentence) == (short, sentence)


def test_what_is_not_measured_or_not_shown_has_no_cause():
    assert not list(causes(differing({}, {})))
    assert not list(causes(differing(cpus(4.0), cpus(2.0), count=3)))
