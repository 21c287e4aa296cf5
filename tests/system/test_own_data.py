"""A user's data through both frameworks; linear models are held against scikit-learn's own."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression, Ridge

from orchestrator.data.place import blob_directory
from orchestrator.settings import config
from orchestrator.storage import shelf
from services.data.tensors import mapped


@pytest.mark.parametrize(("name", "runners"), [("iris", "orchestrator"), ("diabetes", "warmed")])
def test_a_data_set_of_scikit_learn_is_the_same_job_in_both(request, name, runners):
    verify = request.getfixturevalue(runners)
    done = verify("verify", f"--workload={name}", "--json", "--threads=1")
    found = json.loads(done.stdout)
    assert found["same_job"] is True


@pytest.mark.parametrize(("name", "outputs"), [("iris", 3), ("diabetes", 1)])
def test_a_linear_model_is_as_good_as_scikit_learns_on_the_same_split(
    warmed, home, monkeypatch, name, outputs
):
    layers = f"[{{dense: {{units: {outputs}}}}}]"
    warmed(
        *("compare", f"--workload={name}", "--threads=1", "--no-verify", "--quiet"),
        *("--set", f"layers={layers}", "--epochs=150", "--learning-rate=0.5"),
    )
    run = shelf.find("latest", home / "runs")
    monkeypatch.setenv("TWINRUN_DATA_DIR", str(home / "data"))
    spec = config.job_spec(name, {})
    data = mapped(blob_directory() / spec.dataset.arrays.sha256)
    normalization = spec.dataset.normalization
    means, stds = np.array(normalization.means), np.array(normalization.stds)
    train, test = ((data[f"{s}_features"] - means) / stds for s in ("train", "test"))
    model = LogisticRegression(C=1000, max_iter=10_000) if name == "iris" else Ridge(alpha=1e-3)
    model.fit(train, data["train_targets"])
    theirs = model.score(test, data["test_targets"])
    for trial in run.trials():
        last = trial.epochs[-1]
        ours = last.test_accuracy if name == "iris" else last.test.others["r2"]
        assert abs(ours - theirs) < 0.05, (trial.framework, ours, theirs)


def test_prices_are_learnt_by_the_workload_that_is_written_for_them(warmed, home, tmp_path):
    draw = np.random.default_rng(0)
    area, age = draw.normal(120, 40, 600), draw.uniform(0, 90, 600)
    price = 50_000 + 1500 * area - 500 * age + draw.normal(0, 15_000, 600)
    rows = "".join(f"{a:.2f},{b:.2f},{c:.2f}\n" for a, b, c in zip(area, age, price, strict=True))
    path = tmp_path / "houses.csv"
    path.write_text("area,age,price\n" + rows)
    warmed(
        *("compare", f"--data={path}", "--target=price", "--epochs=10"),
        *("--threads=1", "--no-verify", "--quiet"),
    )
    for trial in shelf.find("latest", home / "runs").trials():
        assert trial.epochs[-1].test.others["r2"] > 0.8


def pictures(folder, kind, size=(20, 18)):
    """Write 30 images of three classes, whose colour tells the class."""
    random = np.random.default_rng(0)
    for index in range(30):
        code = index % 3
        coarse = random.integers(0, 90, (9, 8, 3))
        coarse[..., code] += 150
        path = folder / ("cat", "dog", "fox")[code] / f"{index}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(coarse.astype(np.uint8)).resize(size[::-1], 2).save(path)
    return folder


WORKLOAD = """
dataset: {{name: file, file: {{path: "{path}"{more}}}}}
layers: [flatten: {{}}, dense: {{units: 3}}]
optimizer: {{adam: {{}}, learning_rate: 0.02}}
epochs: 10
batch_size: 8
"""


@pytest.mark.parametrize(
    ("kind", "more", "cause"),
    [
        ("png", "", None),
        ("png", ", size: [9, 7]", "antialias"),
        ("jpg", "", "decoder"),
    ],
)
def test_preview_names_where_readers_of_the_same_images_part(warmed, tmp_path, kind, more, cause):
    path = pictures(tmp_path / "pets", kind)
    workload = tmp_path / "pets.yaml"
    workload.write_text(WORKLOAD.format(path=path, more=more))
    done = warmed(
        *("preview", f"--workload={workload}", "--count=6", "--json", "--set=threads=1"),
        "--recipe=idiomatic",
    )
    found = json.loads(done.stdout)
    if cause is None:
        assert found["sentence"].endswith("make the same samples of the files.")
        assert found["differences"] == {}
    else:
        told = found["differences"]["tensorflow"]
        assert (told["cause"], told["first_sample"]) == (cause, 1)
        assert len(told["by_sample"]) == 6


def test_the_idiomatic_recipe_learns_from_the_files_of_images(warmed, home, tmp_path):
    workload = tmp_path / "pets.yaml"
    path = pictures(tmp_path / "pets", "png")
    workload.write_text(WORKLOAD.format(path=path, more=""))
    warmed(
        *("compare", f"--workload={workload}", "--recipe=idiomatic", "--threads=1"),
        *("--no-verify", "--quiet"),
    )
    for trial in shelf.find("latest", home / "runs").trials():
        assert trial.epochs[-1].test_accuracy == 1
