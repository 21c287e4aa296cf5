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


@pytest.mark.parametrize(
    ("name", "outputs", "metric"), [("iris", 3, "accuracy"), ("diabetes", 1, "r2")]
)
def test_a_linear_model_is_as_good_as_scikit_learns_on_the_same_split(  # noqa: PLR0917 - fixtures
    orchestrator, home, monkeypatch, tmp_path, name, outputs, metric
):
    layers = f"[{{dense: {{units: {outputs}}}}}]"
    orchestrator(
        *("compare", f"--workload={name}", "--threads=1", "--no-verify", "--quiet"),
        *("--set", f"layers={layers}", "--epochs=150", "--learning-rate=0.5"),
    )
    run = shelf.find("latest", home / "runs")
    monkeypatch.setenv("TWINRUN_DATA_DIR", str(tmp_path))
    spec = config.job_spec(name, {})
    data = mapped(blob_directory() / spec.dataset.arrays.sha256)
    normalization = spec.dataset.normalization
    means, stds = np.array(normalization.means), np.array(normalization.stds)
    train, test = ((data[f"{s}_features"] - means) / stds for s in ("train", "test"))
    model = LogisticRegression(max_iter=1000) if metric == "accuracy" else Ridge(alpha=1e-3)
    model.fit(train, data["train_targets"])
    theirs = model.score(test, data["test_targets"])
    for trial in run.trials():
        last = trial.epochs[-1]
        ours = last.test_accuracy if metric == "accuracy" else last.test.others["r2"]
        assert abs(ours - theirs) < 0.05, (ours, theirs)
