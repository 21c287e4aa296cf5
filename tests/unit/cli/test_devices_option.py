"""--devices of verify: each number is a side, compared with the first."""

import pytest

from orchestrator.cli.devices_option import JobOnDevices
from orchestrator.errors import BadInput
from orchestrator.settings import by_devices, config
from orchestrator.trials.sides import Side, change_how, sides

BOTH = sides(["pytorch", "tensorflow"])


def made(devices, compared=BOTH):
    job = JobOnDevices(devices=devices)
    spec = config.job_spec("synthetic-mlp", job.changes())
    return spec, [side.name for side in by_devices.each(job.device_counts, compared, spec)]


def test_each_number_is_a_side_of_each_framework():
    spec, names = made("1,2,4")
    assert spec.devices == 1
    assert names == [
        *("pytorch", "pytorch-devices=2", "pytorch-devices=4"),
        *("tensorflow", "tensorflow-devices=2", "tensorflow-devices=4"),
    ]
    assert change_how(names)  # so that they are certified


def test_one_number_is_the_jobs():
    spec, names = made("2")
    assert spec.devices == 2
    assert names == ["pytorch", "tensorflow"]
    assert not made(None)[0].HasField("devices")


@pytest.mark.parametrize("text", ["", "two", "1,,2", "2,2"])
def test_what_are_no_numbers_is_refused(text):
    with pytest.raises(BadInput, match="--devices takes numbers of devices"):
        made(text)


def test_sides_that_change_the_job_say_it_themselves():
    with pytest.raises(BadInput, match="--side and --devices both"):
        made("1,2", [Side("pytorch", (("devices", "2"),))])
