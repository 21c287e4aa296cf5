"""Two machines that train one job do the arithmetic of one device: here they are two processes."""

import pickle
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from twinrun.contract.layers import Dense, Dropout, Flatten

from tests.frameworks import jobs, reference
from tests.frameworks.models import CLIPPED, SHARED
from tests.frameworks.part import BEGUN, HELD, LET_GO, MISSED, OWN_MEAN, TASK, UNJOINED, Part
from tests.waiting import HANG_SECONDS, eventually

MACHINES = 2
# Of four devices two have a sample less, and of the last step of three samples one has none.
JOB = jobs.spec(
    layers=SHARED,
    optimizer=CLIPPED,
    batch_size=32,
    epochs=2,
    seed=11,
    devices=2 * MACHINES,
    augmentation=jobs.AUGMENTATION,
)
# Of the last step of a single sample the second machine has none.
SMALL = replace(
    JOB,
    layers=(Flatten(), Dropout(0.3), Dense(jobs.CLASSES)),
    batch_size=22,
    devices=MACHINES,
    steps_per_epoch_limit=2,
    epochs=1,
)


@pytest.fixture
def begin(name, tmp_path):
    """Start a job's parts, a process each, and end them at last."""
    started = []

    def begin(job, fault=""):
        ports = [free_port() for _ in range(MACHINES)]
        part = Part(name, job, tuple(f"127.0.0.1:{port}" for port in ports), fault)
        (tmp_path / TASK).write_bytes(pickle.dumps(part))
        for place in range(MACHINES):
            command = [sys.executable, "-m", "tests.frameworks.part", str(tmp_path), str(place)]
            started.append(subprocess.Popen(command, start_new_session=True))
        return started

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def trained(begin, tmp_path):
    """Return what each machine's part made of a job."""

    def trained(job, fault=""):
        assert [process.wait(HANG_SECONDS) for process in begin(job, fault)] == [0] * MACHINES
        return [np.load(tmp_path / f"{place}.npz") for place in range(MACHINES)]

    return trained


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_their_steps_are_those_of_one_device(name, trained):
    losses, weights = reference.train(JOB, jobs.data(), jobs.weights(JOB))
    logits = reference.forward(JOB, weights, jobs.data().test_images)
    first, second = trained(JOB)
    for each in (first, second):
        assert "on 2 machines x 2 devices" in str(each["notes"])
        np.testing.assert_allclose(each["losses"], losses, rtol=1e-12, atol=0)
        np.testing.assert_allclose(each["logits"], logits, rtol=1e-11, atol=1e-11)
        for key, array in weights.items():
            np.testing.assert_allclose(each[f"weights {key}"], array, rtol=0, atol=1e-12)
    for key in weights:  # to the last bit
        assert first[f"weights {key}"].tobytes() == second[f"weights {key}"].tobytes(), key


def test_the_mean_of_each_machines_own_mean_shows(name, trained):
    if name == "jax":
        pytest.skip("the program is that of one device")
    job = replace(SMALL, batch_size=21)
    losses, _ = reference.train(job, jobs.data(), jobs.weights(job))
    first, _ = trained(job, OWN_MEAN)
    assert (abs(first["losses"] / losses - 1) > 1e-6).any()


def test_a_machine_that_misses_the_last_update_ends_with_other_weights(name, trained):
    if name != "pytorch":
        pytest.skip("in one graph a chunk no update can be left out")
    first, second = trained(SMALL, MISSED)
    assert any(not np.array_equal(first[k], second[k]) for k in first if k.startswith("weights"))


@pytest.mark.parametrize("held", ["", UNJOINED, HELD], ids=["in an exchange", "before", "between"])
def test_one_that_is_killed_is_lost_to_the_other(begin, tmp_path, held):
    first, second = begin(replace(SMALL, batch_size=22, epochs=10**6), held)
    begun = [tmp_path / f"{place}.{BEGUN}" for place in range(MACHINES)]
    parts = [first, second]
    assert eventually(lambda: all(map(Path.exists, begun)) or any(each.poll() for each in parts))
    second.send_signal(signal.SIGKILL)
    second.wait(HANG_SECONDS)
    (tmp_path / LET_GO).touch()
    assert first.wait(HANG_SECONDS) != 0
    assert (tmp_path / "0.reason").read_text() == "PART_LOST"
