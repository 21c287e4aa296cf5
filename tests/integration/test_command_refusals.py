"""Commands that are refused: before anything runs, with what is wrong."""

import pytest

from tests.builders.commands import SMALL
from tests.integration import fake_runner


def test_a_preview_of_what_cannot_be_is_refused_with_the_field(orchestrator, two):
    _, flags = two()
    done = orchestrator.run("preview", "--set=augmentation.zoom=1", *flags, code=2)
    assert "augmentation.zoom is 1.0; it must be from 0 to below 1" in " ".join(done.stderr.split())


def test_every_bad_flag_of_a_job_is_named_at_once_and_nothing_is_left(orchestrator, two):
    _, flags = two()
    done = orchestrator.run(
        *("compare", *flags, "--workload=synthetic-mlp", "--epochs=0", "--learning-rate=nan"),
        *("--train-limit=-5", "--batch-size=1000000000"),
        code=2,
    )
    for field in ("epochs", "optimizer.learning_rate", "dataset.train_limit", "batch_size"):
        assert field in done.stderr
    assert not orchestrator.output.exists()


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--workload=nope"], "mnist-mlp"),
        (["--frameworks=pytorch,mxnet"], "mxnet"),
        (["--precision=float8"], "float16"),
        (["--epochs=99999999999999999999"], "epochs"),
        (["--workload=../../etc/passwd"], "mnist-mlp"),
    ],
)
def test_what_no_runner_needs_to_see_is_refused_at_once(orchestrator, flags, named):
    done = orchestrator.run("compare", *flags, code=2)
    assert named in done.stderr


def test_a_device_that_a_runner_lacks_is_one_sentence_and_no_certificate_is_said_to_have_failed(
    orchestrator, two
):
    _, flags = two("no_device")
    done = orchestrator.run("compare", *SMALL, *flags, "--device=cuda", code=4)
    assert done.stderr.count("no device is visible") == 1
    assert "CERTIFICATE_FAILED" not in done.stderr + done.stdout
    assert "No verdict" not in done.stderr + done.stdout


def test_data_that_cannot_be_had_are_refused_before_anything_starts(
    orchestrator, start, monkeypatch
):
    monkeypatch.setenv(fake_runner.LOOKS, "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    runner = start(name="p")
    done = orchestrator.run(
        *("train", "--workload=fashion-mlp", "--framework=pytorch", f"--pytorch={runner.address}"),
        code=3,
    )
    assert done.stderr.count("The dataset fashion-mnist lacks") == 1
    assert not list((runner.state_dir / "jobs").iterdir())
    assert not orchestrator.output.exists()


def test_an_address_where_nothing_answers_is_named_with_the_remedy(orchestrator):
    done = orchestrator.run("compare", "--pytorch=127.0.0.1:1", code=3)
    assert "127.0.0.1:1" in done.stderr
    assert "make serve-pytorch" in done.stderr


def test_a_runner_of_the_wrong_framework_is_refused(orchestrator, start):
    runner = start(framework="tensorflow")
    done = orchestrator.run("compare", f"--pytorch={runner.address}", code=3)
    assert "runs tensorflow, not pytorch" in done.stderr


def test_an_output_that_cannot_be_made_is_named_before_anything_runs(orchestrator, two):
    runners, flags = two()
    (orchestrator.home / "file").write_text("in the way")
    done = orchestrator.run("compare", *SMALL, *flags, "--output=file/runs", code=5)
    assert "file/runs" in done.stderr
    assert "--output" in done.stderr
    assert not list((runners["pytorch"].state_dir / "jobs").iterdir())


def test_weights_that_a_run_lacks_are_named_with_those_that_it_has(orchestrator, start):
    runner = start()
    where = f"--pytorch={runner.address}"
    orchestrator.run("train", "--framework=pytorch", *SMALL, where)
    done = orchestrator.run("evaluate", "latest", "--framework=tensorflow", code=2)
    assert "no weights of tensorflow-1" in done.stderr
    assert "It has pytorch-1" in done.stderr


def test_a_file_with_what_is_no_flag_is_refused_before_anything_runs(orchestrator):
    (orchestrator.home / "twinrun.toml").write_text("[compare]\nephocs = 3\n")
    done = orchestrator.run("compare", code=2)
    assert "compare.ephocs" in done.stderr
