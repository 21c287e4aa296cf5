"""Versions of a framework, as --side and --runner name them."""

import pytest

from orchestrator.errors import BadInput
from orchestrator.settings import config, versions
from orchestrator.settings.grid import Grid, check_sides
from orchestrator.settings.sides import explained, kind_by_kind, sides
from orchestrator.trials.sides import Side, as_flag

SPEC = config.job_spec("synthetic-mlp", {})
OLD, NEW = "pytorch-2.13", "pytorch-2.14.1"


def test_a_side_may_name_a_version_and_change_the_job():
    found = sides(["pytorch", OLD, f"{OLD}: threads=1", OLD], SPEC)
    names = ["pytorch", f"{OLD},a", f"{OLD},threads=1", f"{OLD},b"]
    assert [side.name for side in found] == names
    assert sides([as_flag(found[2].name)], SPEC) == (found[2],)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pytorch-2", "'pytorch-2' names no version of pytorch; write numbers with dots"),
        ("pytorch-2.x", "'pytorch-2.x' names no version"),
        ("pytorch-2.13.0; rm", "'pytorch-2.13.0; rm' names no version"),
        ("pytorch-../2.13", "names no version"),
        ("pytorch==2.13.0", "did you mean pytorch-2.13.0?"),
        ("pytorch@2.13", "did you mean pytorch-2.13?"),
        ("jaxx-1.2", "there is no framework 'jaxx-1.2'; did you mean jax-1.2?"),
        ("caffe-1.2", "there is no framework 'caffe-1.2'; choose from pytorch, tensorflow"),
    ],
)
def test_what_is_no_version_is_refused(text, said):
    with pytest.raises(BadInput) as refused:
        sides([text], SPEC)
    assert said in str(refused.value)
    with pytest.raises(BadInput, match="it was given"):
        config.runner(f"{text}=here:1")


def test_addresses_of_versions_are_sides_in_their_order():
    assert config.runner(f"{OLD}=here:1") == (OLD, "here:1")
    both = {NEW: "here:1", OLD: "here:2"}
    assert versions.of_addresses(both) == (
        Side("pytorch", version="2.14.1"),
        Side("pytorch", version="2.13"),
    )
    mixed = {OLD: "here:1", "tensorflow": "here:2"}
    assert [side.name for side in versions.of_addresses(mixed)] == [OLD, "tensorflow"]
    assert versions.of_addresses({"pytorch": "here:1", "tensorflow": "here:2"}) == ()
    assert versions.of_addresses({}) == ()
    with pytest.raises(BadInput, match="is one side of a comparison; give the other's address"):
        versions.of_addresses({OLD: "here:1"})


def test_an_address_of_a_version_that_no_side_has_is_not_ignored():
    pair = sides(["pytorch", OLD], SPEC)
    versions.check_used({"pytorch": "here:1", "tensorflow": None, OLD: "here:2"}, pair)
    with pytest.raises(BadInput, match=f"--runner {NEW}: nothing in this command has that"):
        versions.check_used({OLD: "here:1", NEW: "here:2"}, pair)


def test_names_of_runners_may_have_versions_and_say_all_that_is_wrong_at_once():
    usual = "pytorch,tensorflow"
    assert versions.runners(usual, {}, usual) == ("pytorch", "tensorflow")
    assert versions.runners(f"pytorch, {OLD}", {}, usual) == ("pytorch", OLD)
    assert versions.runners(usual, {OLD: "here:1"}, usual) == (OLD,)
    assert versions.runners(f"{usual},jax", {OLD: "here:1"}, usual)[-1] == "jax"
    with pytest.raises(BadInput) as refused:
        versions.runners(f"caffe,{OLD},pytorch-2.x,{OLD}", {}, usual)
    for said in ("'caffe'", "'pytorch-2.x' names no version", f"names {OLD} twice"):
        assert said in str(refused.value)


def test_frameworks_of_a_command_without_versions_say_where_they_are_taken():
    with pytest.raises(BadInput, match=f"takes no version here, and {OLD} names one. compare, e"):
        config.frameworks(f"pytorch,{OLD}")


@pytest.mark.parametrize("fitting", [explained, kind_by_kind])
def test_sides_of_explain_and_parity_are_several_and_none_twice(fitting):
    for given in (
        ["pytorch", OLD],
        ["pytorch", "pytorch: threads=2"],
        [OLD, f"{OLD}: loop=custom"],
    ):
        assert fitting(sides(given, SPEC)) == sides(given, SPEC)
    for given, said in (
        ([OLD, OLD], f"names {OLD} twice"),
        ([f"{OLD}: threads=2"] * 2, f"names {OLD}: threads=2 twice"),
        ([OLD], "needs 2 sides or more, and --side names 1"),
    ):
        with pytest.raises(BadInput, match=said):
            fitting(sides(given, SPEC))


def test_sides_of_explain_have_no_ways_of_their_own_which_it_introduces_itself():
    changed = sides(["pytorch", "pytorch: batch_size=32, precision=bfloat16"], SPEC)
    assert explained(changed) == changed
    both = ["pytorch: recipe=idiomatic", "tensorflow: own_ways=[adam_epsilon]"]
    with pytest.raises(BadInput) as refused:
        explained(sides(both, SPEC))
    said = str(refused.value)
    assert "'pytorch: recipe=idiomatic': recipe is what this command itself changes" in said
    assert "own_ways is what this command itself changes" in said


def test_sides_of_parity_change_only_how_a_kind_is_computed_and_nothing_that_a_flag_says():
    both = ["pytorch: optimizer.adam.epsilon=1e-7", "pytorch: execution=eager"]
    with pytest.raises(BadInput) as refused:
        kind_by_kind(sides(both, SPEC), ["execution"])
    said = str(refused.value)
    assert "a side may only change how it is computed: device, execution, loop, report" in said
    assert "a changed optimizer.adam.epsilon makes of a whole job" in said
    assert "changes execution, which --execution says for all sides" in said


def test_a_side_of_a_sweep_changes_nothing_in_which_its_cells_differ():
    grid = Grid({"optimizer.learning_rate": [0.1, 0.2], "execution": ["default"]}, {})
    for text in (OLD, f"{OLD}: threads=2", "pytorch: optimizer.adam.epsilon=1e-7"):
        check_sides(grid, sides([text], SPEC))
    over = "pytorch: optimizer={sgd: {}, learning_rate: 0.3}, execution=compiled"
    with pytest.raises(BadInput) as refused:
        check_sides(grid, sides([over], SPEC))
    assert "changes optimizer.learning_rate, in which" in str(refused.value)
    assert "changes execution, in which" in str(refused.value)
