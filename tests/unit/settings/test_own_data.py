"""A user's file in a workload, short forms, and the workload that is written for it."""

import numpy as np
import pytest
import yaml
from PIL import Image
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput
from orchestrator.settings import config, workloads
from orchestrator.settings.job import JobFlags
from orchestrator.settings.workloads import new

REST = "layers:\n- dense: {units: 1}\noptimizer: {adam: {}}\n"


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRUN_DATA_DIR", str(tmp_path / "data"))


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return str(path)


def table(tmp_path, target, rows=60):
    path = tmp_path / "table.csv"
    values = np.random.default_rng(0).normal(size=(rows, 2))
    lines = [f"{a},{b},{target(i)}" for i, (a, b) in enumerate(values)]
    path.write_text("\n".join(["a,b,y", *lines]) + "\n")
    return path


def test_several_numbers_of_a_window_have_fields_of_their_own(tmp_path):
    text = (
        "layers:\n- conv2d: {filters: 2, size: [3, 5], stride: [2, 1], padding: same}\n"
        "- conv2d: {filters: 2, size: 3, padding: [0, 1]}\n- flatten: {}\n"
    )
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    first, second, _ = workloads.load(str(path))["layers"]
    sizes = {"size_2d": [3, 5], "stride_2d": [2, 1]}
    assert first == {"conv2d": {"filters": 2, "same": True, **sizes}}
    assert second == {"conv2d": {"filters": 2, "size": 3, "padding_2d": [0, 1]}}


@pytest.mark.parametrize(
    ("name", "scale", "mode"), [("glorot", 1, "AVERAGE"), ("he", 2, "IN"), ("lecun", 1, "IN")]
)
@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_an_initializers_name_stands_for_its_scaling(tmp_path, name, scale, mode, distribution):
    path = tmp_path / "mine.yaml"
    path.write_text(f"layers:\n- dense: {{units: 2, kernel_initializer: {name}_{distribution}}}\n")
    (layer,) = workloads.load(str(path))["layers"]
    assert layer["dense"]["kernel_initializer"]["variance_scaling"] == {
        "scale": scale,
        "mode": f"FAN_MODE_{mode}",
        "distribution": f"DISTRIBUTION_{distribution.upper()}",
    }


def test_short_forms_are_the_fields_of_the_proto(tmp_path):
    text = (
        "dataset:\n  file: {path: sub/d.csv, target: y, features: a, test: 0.3}\n"
        f"loss: mean_squared_error\n{REST}"
    )
    spec = workloads.load(written(tmp_path, text))
    assert spec["dataset"] == {
        "name": "file",
        "file": {
            "path": str(tmp_path / "sub/d.csv"),
            "target": ["y"],
            "features": ["a"],
            "test_fraction": 0.3,
        },
    }
    assert spec["loss"] == {"mean_squared_error": {}}


def test_test_may_name_another_file(tmp_path):
    text = "dataset:\n  file: {path: /d.csv, target: [y, z], test: other.csv}\n" + REST
    file = workloads.load(written(tmp_path, text))["dataset"]["file"]
    assert file["test_path"] == str(tmp_path / "other.csv")
    assert (file["path"], file["target"]) == ("/d.csv", ["y", "z"])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("    targte: y", r"mine.yaml:4: dataset.file.targte is not a field; did you mean"),
        ("    test: 1.5", r"mine.yaml:4: dataset.file.test_fraction is 1.5"),
        ("    size: [8]", r"mine.yaml:4: dataset.file.size has 1 numbers"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(tmp_path, line, why):
    text = f"dataset:\n  file:\n    path: d.csv\n{line}\n{REST}"
    path = written(tmp_path, text)
    with pytest.raises(BadInput, match=why), workloads.lines_in_refusals(path):
        config.job_spec(path, {})


@pytest.mark.parametrize(
    ("target", "loss", "units"),
    [
        (lambda i: "abc"[i % 3], "softmax_cross_entropy", 3),
        (lambda i: ("no", "yes")[i % 2], "sigmoid_cross_entropy", 1),
        (lambda i: i % 2, "sigmoid_cross_entropy", 1),
        (lambda i: i * 0.05, "mean_squared_error", 1),
    ],
)
def test_the_task_is_inferred_from_the_target(tmp_path, target, loss, units):
    text = new.text(str(table(tmp_path, target)), ["y"])
    spec = yaml.safe_load(text)
    assert (spec["loss"], spec["layers"][-1]) == (loss, {"dense": {"units": units}})
    made = config.job_spec(written(tmp_path, text), {})
    assert made.loss.WhichOneof("kind") == loss
    assert made.dataset.arrays.outputs == units


@pytest.mark.parametrize(
    ("target", "stddev", "said"),
    [
        (lambda i: 1e4 + 1e4 * i, 62_000, ["Initial"]),  # prices
        (lambda i: 1e-5 * i, 6.05e-5, ["Initial"]),
        (lambda i: 3000 + i / 60, 531, ["far from 0", "Initial"]),
        (lambda i: f"{i / 60},{600 + 20 * i}", 110, ["differ much", "Initial"]),
        (lambda i: i * 0.05, None, []),
    ],
)
def test_large_and_small_targets_get_initial_values_of_their_size(tmp_path, target, stddev, said):
    path = table(tmp_path, target)
    names = ["y", "z"] if "," in str(target(1)) else ["y"]
    path.write_text(path.read_text().replace("a,b,y", ",".join(["a", "b", *names]), 1))
    text = new.text(str(path), names)
    last = config.job_spec(written(tmp_path, text), {}).layers[-1].dense
    made = last.kernel_initializer.normal.stddev if last.HasField("kernel_initializer") else None
    assert made == (stddev and pytest.approx(stddev, rel=0.01))
    assert [each for each in ("far from 0", "differ much", "Initial") if each in text] == said


def test_data_without_a_workload_gets_the_one_that_is_written_for_it(tmp_path):
    path = table(tmp_path, lambda i: i % 3)
    job = JobFlags(data=str(path), target="y", epochs=2)
    made = config.job_spec(job.workload, job.changes())
    same = config.job_spec(written(tmp_path, new.text(str(path), ["y"])), {"epochs": 2})
    assert (made, job.title) == (same, "table")


def test_data_takes_the_place_of_a_workloads_own(tmp_path):
    path = table(tmp_path, lambda i: i % 3)
    job = JobFlags(workload="iris", data=str(path), target="y")
    made = config.job_spec(job.workload, job.changes())
    assert (made.dataset.name, made.epochs, job.title) == ("file", 50, "iris")


def test_images_get_convolutions_and_sequences_are_flattened(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for index in range(4):
            image = Image.new("RGB", (32, 32), (index, 0, 0))
            image.save(tmp_path / "pets" / name / f"{index}.png")
    kinds = [
        next(iter(each)) for each in yaml.safe_load(new.text(str(tmp_path / "pets"), []))["layers"]
    ]
    assert kinds.count("conv2d") == kinds.count("max_pool2d") == 2
    np.savez(tmp_path / "seq.npz", x=np.random.rand(30, 5, 2), y=np.arange(30) % 3)
    first = yaml.safe_load(new.text(str(tmp_path / "seq.npz"), ["y"]))["layers"][0]
    assert first == {"flatten": {}}


def test_a_class_at_each_pixel_gets_a_model_that_keeps_the_images_size(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 3), np.uint8)
    np.savez(tmp_path / "masks.npz", x=images, y=images[..., 0] // 86)
    text = new.text(str(tmp_path / "masks.npz"), ["y"])
    assert text.startswith("# A class at each pixel, of 3.")
    (tmp_path / "masks.yaml").write_text(text)
    spec = config.job_spec(str(tmp_path / "masks.yaml"), {})
    assert spec.loss.WhichOneof("kind") == "pixel_cross_entropy"
    held = spec.dataset.arrays
    assert (held.targets, held.outputs) == (job_pb2.TARGET_KIND_TOKENS, 3)
    assert list(held.classes) == ["0", "1", "2"]
    assert (held.train_samples, held.test_samples) == (32, 8)


def test_a_name_with_anything_in_it_is_read_back(tmp_path):
    path = tmp_path / 'a "b": #c.csv'
    path.write_text('"x: 1","#y"\n' + "".join(f"{i},{i * 1.5}\n" for i in range(20)))
    made = config.job_spec(written(tmp_path, new.text(str(path), ["#y"])), {})
    assert list(made.dataset.arrays.names) == ["x: 1"]


def test_a_target_without_data_asks_for_the_data():
    job = JobFlags(target="y")
    with pytest.raises(BadInput, match="give --data PATH too"):
        config.job_spec(job.workload, job.changes())
