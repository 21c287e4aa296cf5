"""``compare --concurrent``: real runners on a fake framework, with the GPUs of a stand-in."""

import json
import signal

import pytest
from twinrun.contract.enums import JobState

from orchestrator.storage import shelf
from tests.builders.commands import SMALL, Orchestrator
from tests.integration import gates
from tests.waiting import HANG_SECONDS, eventually

COMPARE = ("compare", *SMALL, "--no-verify", "--concurrent")


@pytest.fixture
def orchestrator(tmp_path):
    return Orchestrator(tmp_path)


@pytest.fixture
def two(gpus, start):
    """Flags with the addresses of two runners, each of which sees the one GPU that is given."""

    def two(pytorch: str, tensorflow: str, fake="on_gpu"):
        flags = []
        for name, gpu in {"pytorch": pytorch, "tensorflow": tensorflow}.items():
            gpus.setenv("CUDA_VISIBLE_DEVICES", gpu)
            flags.append(f"--{name}={start(fake, framework=name, name=name).address}")
        return flags

    return two


def ran_at_once(run) -> bool:
    jobs = [run.job(name, 1) for name in ("pytorch", "tensorflow")]
    last_start = max(job.start_time.ToNanoseconds() for job in jobs)
    return last_start < min(job.end_time.ToNanoseconds() for job in jobs)


def test_trials_on_gpus_of_their_own_run_at_the_same_time_and_the_comparison_says_so(
    orchestrator, two, gpus, tmp_path
):
    (tmp_path / "meeting").mkdir()
    gpus.setenv(gates.MEETING, str(tmp_path / "meeting"))
    done = orchestrator.run(*COMPARE, "--device=cuda", *two("0", "1", "meets"))
    run = orchestrator.latest()
    assert ran_at_once(run)
    assert "The trials ran at the same time, each on a GPU of its own." in " ".join(
        done.stdout.split()
    )
    comparison = json.loads((run.path / "comparison.json").read_text())
    assert comparison["concurrent"] is True
    used = {
        name: found["trials"][0]["accelerator"] for name, found in comparison["frameworks"].items()
    }
    assert {name: each["uuid"] for name, each in used.items()} == {
        "pytorch": "GPU-aa",
        "tensorflow": "GPU-bb",
    }
    assert used["tensorflow"]["peak_memory_bytes"] is None  # that GPU does not tell
    assert "GPU memory, by NVML" in done.stdout


@pytest.mark.parametrize(
    ("seen", "device", "said"),
    [
        (("0", "0"), "cuda", "PyTorch and TensorFlow runners both use the GPU GPU-aa"),
        (("0", ""), "cuda", "the TensorFlow runner does not report which GPU it uses"),
        (("0", "1"), "cpu", "trials on a CPU would take time from each other"),
    ],
)
def test_otherwise_it_is_one_at_a_time_and_it_is_said_why(orchestrator, two, seen, device, said):
    done = orchestrator.run(*COMPARE, f"--device={device}", *two(*seen))
    assert "--concurrent: " in done.stderr
    assert f"{said}; one trial at a time" in done.stderr
    run = orchestrator.latest()
    assert not ran_at_once(run)
    assert json.loads((run.path / "comparison.json").read_text())["concurrent"] is False


def test_without_the_flag_it_is_one_at_a_time(orchestrator, two):
    orchestrator.run("compare", *SMALL, "--no-verify", "--device=cuda", *two("0", "1"))
    assert not ran_at_once(orchestrator.latest())


def test_an_interrupt_cancels_both_and_keeps_what_they_had_finished(orchestrator, two):
    process = orchestrator.start(*COMPARE, "--device=cuda", "--epochs=10000", *two("0", "1"))

    def both_have_an_epoch():
        found = [trial.epochs for run in shelf.runs(orchestrator.output) for trial in run.trials()]
        return len(found) == 2 and all(found)

    assert eventually(both_have_an_epoch), process.poll()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    trials = orchestrator.latest().trials()
    assert [trial.state for trial in trials] == 2 * [JobState.CANCELLED]
    assert all(trial.epochs for trial in trials)
