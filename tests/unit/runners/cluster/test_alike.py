"""Whether machines are alike."""

from twinrun.v1 import job_pb2

from orchestrator.runners.cluster.alike import differences, facts


def environment(**changes):
    found = job_pb2.Environment(
        framework_version="2.0",
        cpu_model="Xeon",
        available_cpus=8,
        cpu_set="0-7",
        memory_bytes=10**10,
        packages={"numpy": "2.4"},
        accelerators=[job_pb2.Accelerator(name="H100", uuid="one", memory_bytes=80)],
    )
    found.MergeFrom(job_pb2.Environment(**changes))
    return found


def told(**changes):
    return differences({"a": facts(environment()), "b": facts(environment(**changes))})


def test_what_each_machine_has_of_its_own_makes_none_unlike():
    other = environment(cpu_set="8-15", memory_bytes=10**10 + 1, git_commit="x", image="y")
    other.accelerators[0].uuid = "two"
    assert not differences({"a": facts(environment()), "b": facts(other)})


def test_versions_processors_and_drivers_do():
    assert told(driver_version="580") == ["driver_version: '' on a; '580' on b"]
    assert told(cpu_model="EPYC") == ["cpu_model: 'Xeon' on a; 'EPYC' on b"]
    assert told(packages={"numpy": "2.5"}) == ["packages.numpy: '2.4' on a; '2.5' on b"]
    assert told(packages={"oneDNN": "3"}) == ["packages.oneDNN: '-' on a; '3' on b"]
    assert told(variables={"NVIDIA_TF32_OVERRIDE": "0"})
    assert told(accelerators=[job_pb2.Accelerator(name="H100", uuid="two", memory_bytes=80)])


def test_many_machines_and_long_values_are_shortened():
    found = {f"m{number}": {"x": "y" * 500} for number in range(20)} | {"other": {"x": "z"}}
    (said,) = differences(found)
    assert "m5 and 14 more; 'z' on other" in said
    assert len(said) < 200
