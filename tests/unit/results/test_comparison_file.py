"""What comparison.json holds."""

import json

from orchestrator.results.comparison import compare
from orchestrator.results.comparison_file import as_dict
from orchestrator.trials.spec import spec_from_mapping, spec_mapping
from tests.builders.comparisons import several
from tests.builders.events import JOB, failed_trial, losses, trial


def test_comparison_json_of_several_sides_tells_of_each_pair():
    found = json.loads(json.dumps(as_dict(compare(JOB, several(3)))))
    assert found["schema"] == "twinrun.comparison/2"
    assert found["baseline"] == "side0"
    assert [pair["side"] for pair in found["pairs"]] == ["side1", "side2"]
    assert all(pair["verdict"]["together"] == 2 for pair in found["pairs"])
    assert not {"verdict", "ratios", "timed", "agreements"} & found.keys()
    assert as_dict(compare(JOB, several(2)))["schema"] == "twinrun.comparison/1"


def test_comparison_json_is_as_the_design_says():
    found = as_dict(compare(JOB, [trial("pytorch"), trial("tensorflow")]))
    assert found["schema"] == "twinrun.comparison/1"
    assert found["job"] == spec_mapping(JOB)
    assert spec_from_mapping(found["job"], "a test") == JOB
    framework = found["frameworks"]["tensorflow"]
    assert framework["environment"]["framework_version"] == "2.21.0"
    assert framework["environment"]["accelerators"][0]["memory_bytes"] == 80_000_000_000
    (only,) = framework["trials"]
    assert set(only["phases"]) == {"import", "data", "build", "compile", "train", "evaluate"}
    assert only["peak_memory_bytes"] == 612_000_000
    epoch = only["epochs"][0]
    expected = {"train_seconds", "evaluate_seconds", "train_loss", "test_loss", "test_accuracy"}
    expected |= {
        "epoch",
        "samples_per_second",
        "data_wait_seconds",
        "sync_seconds",
        "running_accuracy",
        "load",
    }
    expected |= {"validation_loss", "validation_accuracy"}
    assert expected == set(epoch)
    assert 0 <= epoch["test_accuracy"] <= 1
    assert found["verdict"]["provisional"] is True


def test_comparison_json_of_a_failed_run_has_no_verdict_and_says_why():
    found = as_dict(compare(JOB, [trial("pytorch"), failed_trial("tensorflow")]))
    assert found["verdict"] is None
    assert "SIGKILL" in found["finding"]
    assert found["frameworks"]["tensorflow"]["trials"][0]["error"]["reason"] == "CHILD_DIED"


def test_comparison_json_holds_no_number_that_json_does_not_know():
    values = [*losses(1)[:20], *30 * [float("nan")]]
    diverged = trial("pytorch", seconds=(1.0,), step_losses=values)
    found = as_dict(compare(JOB, [diverged, trial("tensorflow", seconds=(1.0,))]))
    json.dumps(found, allow_nan=False)
    assert found["frameworks"]["pytorch"]["trials"][0]["epochs"][0]["train_loss"] is None
    assert found["agreements"][0]["largest_loss_difference"] is None
