"""Models in the user's own code, from the command to the run: the files of docs/port.md."""

import json
import re
import shlex

import numpy as np
import pytest

from orchestrator.storage import shelf
from tests.builders.ports import FILES, PORTS
from tests.documents import ROOT

DOCUMENT = (ROOT / "docs/port.md").read_text()
MENDED = "layers.BatchNormalization(momentum=0.9, epsilon=1e-5)"


def files(folder):
    """Write the two files of the document; return their texts by name."""
    blocks = re.findall(
        r"^`(\w+\.py)`[^\n]*\n\n```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL
    )
    assert [name for name, _ in blocks] == list(FILES.values())
    for name, text in blocks:
        (folder / name).write_text(text)
    return dict(blocks)


def command(name):
    """Return the words of a command of the document, without the program."""
    line = re.findall(rf"^orchestrator ({name} .*)$", DOCUMENT, re.MULTILINE)[0]
    return shlex.split(line)


def code(folder):
    return [f"--code={framework}={folder / name}" for framework, name in FILES.items()]


@pytest.fixture
def faulty(home):
    return files(home)


@pytest.fixture
def mended(home, faulty):
    assert MENDED in DOCUMENT
    text = faulty["net_keras.py"].replace("layers.BatchNormalization()", MENDED)
    (home / "net_keras.py").write_text(text)


def told(text):
    """Return a text in one line."""
    return " ".join(text.split())


@pytest.mark.usefixtures("faulty")
def test_verify_names_the_layer_of_a_faulty_port_and_the_cause(warmed):
    done = warmed(*command("verify"), "--threads=1", code=6)
    assert "`norm1` and TensorFlow's `batch_normalization` are the first" in told(done.stdout)
    assert "The cause: the epsilon of batch normalization." in told(done.stdout)


def test_of_two_faults_one_is_told_and_isolated_layers_show_both(warmed, home, faulty):
    text = faulty["net_keras.py"].replace('activation="relu"', 'activation="tanh"')
    (home / "net_keras.py").write_text(text)
    told_of_one = told(warmed(*command("pair"), "--threads=1", code=6).stderr)
    assert "`norm1`" in told_of_one
    assert "tanh" not in told_of_one
    done = warmed(*command("pair"), "--threads=1", "--isolate", "--json", code=6)
    found = json.loads(done.stdout)["isolated"]
    assert [(each["layer"], each["causes"][0]) for each in found] == [
        ("norm1", "batch_norm_epsilon"),
        ("relu#1", "other_activation"),
    ]
    done = warmed(*command("verify"), "--threads=1", "--isolate", code=6)
    assert "(2) PyTorch's `fc1 + relu#1` and TensorFlow's `dense`" in told(done.stdout)


@pytest.mark.usefixtures("faulty")
def test_the_first_difference_becomes_programs_that_show_it_by_themselves(orchestrator, home):
    given = command("verify --workload mnist-mlp --train-limit 2000 .* --isolate")
    done = orchestrator(*given, "--threads=1", code=6)
    said = told(done.stdout)
    assert "(1) PyTorch's `norm1` and TensorFlow's `batch_normalization`, as said." in said
    assert "Both programs were run: PyTorch's output and TensorFlow's differ by 5.5e-03" in said
    names = ["case.npz", "pytorch_case.py", "tensorflow_case.py"]
    assert sorted(each.name for each in (home / "case").iterdir()) == names
    done = orchestrator(*given, "--threads=1", code=2)
    assert "--reproduce case: it has files" in told(done.stderr)


@pytest.mark.usefixtures("mended")
def test_of_equal_models_there_is_no_case(warmed, home):
    done = warmed(*command("pair"), "--threads=1", "--reproduce=none")
    assert "because nothing differs on one batch." in told(done.stdout)
    assert not (home / "none").exists()


@pytest.mark.usefixtures("mended")
def test_a_mended_port_is_certified_and_all_its_arrays_are_paired(warmed):
    done = warmed(*command("verify"), "--threads=1", "--json")
    assert json.loads(done.stdout)["same_job"] is True
    done = warmed(*command("pair"), "--threads=1")
    assert "10 arrays are paired, and none is left over." in done.stdout


def test_a_pair_of_models_is_timed_and_its_weights_go_from_one_to_the_other(
    orchestrator, warmed, home
):
    (port,) = [port for port in PORTS if port.name == "mlp"]
    features, targets = port.samples(96)
    np.savez(home / "made.npz", x=features, y=targets)
    compare = (
        *("compare", "--data=made.npz", "--target=y", *code(port.file("pytorch").parent)),
        *("--set", "dataset.normalization={mean: 0, std: 1}"),
        *("--epochs=2", "--batch-size=16", "--threads=1", "--quiet"),
    )
    warmed(*compare, "--recipe=idiomatic", "--no-verify")
    assert all(trial.epochs for trial in shelf.find("latest", home / "runs").trials())
    warmed(*compare)
    run = shelf.find("latest", home / "runs")
    assert json.loads((run.path / "certificate.json").read_text())["same_job"] is True
    shown = orchestrator("show", "latest").stdout
    assert "samples per second" in shown
    assert "The same job: in float64" in shown
    losses = []
    for weights in FILES:
        done = warmed(
            *("evaluate", "latest", "--framework=tensorflow", f"--weights-from={weights}"), "--json"
        )
        losses.append(json.loads(done.stdout)["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_code_is_compared_with_a_workloads_layers(warmed, home):
    (home / "net.py").write_text(
        "import keras\nfrom keras import layers\n\n\n"
        "def build():\n    return keras.Sequential([\n"
        "        keras.Input((28, 28, 1)), layers.Flatten(),\n"
        "        layers.Dense(128, activation='relu'),\n"
        "        layers.Dense(64, activation='relu'), layers.Dense(10)])\n"
    )
    made = (
        *("--workload=mnist-mlp", "--train-limit=640", "--threads=1"),
        f"--code=tensorflow={home / 'net.py'}",
    )
    done = warmed("verify", *made, "--json")
    assert json.loads(done.stdout)["same_job"] is True
    assert "6 arrays are paired, and none is left over." in warmed("pair", *made).stdout


def test_an_error_in_the_users_file_is_told_in_their_own_frame(warmed, home):
    text = files(home)["net_torch.py"].replace("self.fc2(", "self.fc3(")
    (home / "net_torch.py").write_text(text)
    number = next(n for n, line in enumerate(text.splitlines(), 1) if "self.fc3(" in line)
    done = warmed(*command("pair"), "--threads=1", code=4)
    assert f"net_torch.py:{number}" in done.stderr
    assert "no attribute 'fc3'" in done.stderr
