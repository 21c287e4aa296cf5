"""A user's data through both frameworks; linear models are held against scikit-learn's own."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from orchestrator.data.place import blob_directory
from orchestrator.settings import config
from orchestrator.storage import shelf
from services.data.tensors import mapped


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_a_data_set_of_scikit_learn_is_the_same_job_in_both(orchestrator, name):
    done = orchestrator("verify", f"--workload={name}", "--json", "--threads=1")
    found = json.loads(done.stdout)
    assert found["same_job"] is True


@pytest.mark.parametrize(("name", "outputs"), [("iris", 3), ("diabetes", 1)])
def test_a_linear_model_is_as_good_as_scikit_learns_on_the_same_split(
    orchestrator, home, monkeypatch, name, outputs
):
    layers = f"[{{dense: {{units: {outputs}}}}}]"
    orchestrator(
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


def test_prices_are_learnt_by_the_workload_that_is_written_for_them(orchestrator, home, tmp_path):
    draw = np.random.default_rng(0)
    area, age = draw.normal(120, 40, 600), draw.uniform(0, 90, 600)
    price = 50_000 + 1500 * area - 500 * age + draw.normal(0, 15_000, 600)
    rows = "".join(f"{a:.2f},{b:.2f},{c:.2f}\n" for a, b, c in zip(area, age, price, strict=True))
    path = tmp_path / "houses.csv"
    path.write_text("area,age,price\n" + rows)
    orchestrator(
        *("compare", f"--data={path}", "--target=price", "--epochs=10"),
        *("--threads=1", "--no-verify", "--quiet"),
    )
    for trial in shelf.find("latest", home / "runs").trials():
        assert trial.epochs[-1].test.others["r2"] > 0.8
