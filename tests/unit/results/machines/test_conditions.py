"""What is said of the conditions on machines that Ray gave."""

from orchestrator.results.machines.conditions import conditions, of_conditions
from orchestrator.settings.keeping import Condition
from orchestrator.storage import blocks
from orchestrator.storage.blocks import Ran


def ran(machine, cores=0.03, niceness=0, on=None, block=1):
    return Ran(block, machine, under=Condition(cores, niceness, on or machine))


def said(*given):
    return [(each.code, str(each.sentence)) for each in of_conditions(conditions(given))]


def test_a_quiet_ray_is_no_warning_and_no_ray_neither():
    assert said(ran("a"), ran("b"), Ran(2, "c"), Ran(3, "a", "it burns")) == []


def test_rays_load_is_the_mean_of_a_machines_blocks_and_told_above_a_tenth_of_a_cpu():
    assert said(ran("a", 0.05), ran("a", 0.12)) == []
    ((code, sentence),) = said(ran("a", 0.05), ran("a", 0.25), ran("a", None), ran("b"))
    assert code == "RAY_BUSY"
    assert "On a, Ray's own processes used 15% of a CPU" in sentence


def test_niceness_is_told_by_its_largest_value():
    ((code, sentence),) = said(ran("a"), ran("a", niceness=15))
    assert code == "RUNNER_NICE"
    assert "niceness 15" in sentence


def test_nodes_of_one_machine_are_told():
    ((code, sentence),) = said(ran("a", on="m"), ran("b", on="m"), ran("c"))
    assert code == "MACHINES_SHARED"
    assert sentence.startswith("a and b are names of one machine")
    assert "may have" in sentence, "they may be its names at different times"


def test_conditions_are_stored_with_their_block(tmp_path):
    for each in (ran("a", None, 15, "m"), Ran(2, "b"), Ran(3, "a", "it burns")):
        blocks.add(tmp_path, each)
    found = blocks.blocks(tmp_path)
    assert found == [ran("a", None, 15, "m"), Ran(2, "b"), Ran(3, "a", "it burns")]
