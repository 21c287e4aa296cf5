import pytest

from orchestrator.errors import BadInput
from orchestrator.settings.grid import MOST_CELLS, Grid, grid
from orchestrator.settings.job import JobFlags


def flags(**given):
    """As the command line has them: texts."""
    return JobFlags(**{name: str(value) for name, value in given.items()})


def refusal(asked, *assigned):
    with pytest.raises(BadInput) as error:
        grid(asked, assigned).jobs(None)
    return str(error.value)


def test_flags_with_several_values_are_axes_and_the_others_hold_for_all():
    found = grid(
        flags(batch_size="16, 64", execution="default,compiled", epochs=1),
        ["optimizer.learning_rate=0.1,1e-2"],
    )
    assert found.axes == {
        "batch_size": [16, 64],
        "execution": ["default", "compiled"],
        "optimizer.learning_rate": [0.1, 0.01],
    }
    assert found.fixed == {"epochs": 1}
    assert len(found.cells) == 8
    assert found.cells[0].name == "batch_size=16,execution=default,optimizer.learning_rate=0.1"
    assert len({cell.name for cell in found.cells}) == 8


def test_each_cell_has_the_job_of_its_values():
    jobs = grid(flags(batch_size="16,64", epochs=2, threads="1,2"), ()).jobs(None)
    cells = {(job.batch_size, job.threads, job.epochs) for job in jobs.values()}
    assert cells == {(16, 1, 2), (16, 2, 2), (64, 1, 2), (64, 2, 2)}


def test_set_takes_values_that_have_commas_of_their_own():
    found = grid(flags(), ["optimizer={sgd: {}, learning_rate: 0.1},{adam: {}}"])
    first, second = found.jobs(None).values()
    assert (first.optimizer.WhichOneof("kind"), second.optimizer.WhichOneof("kind")) == (
        "sgd",
        "adam",
    )


def test_a_name_that_says_everything_may_be_too_long_for_a_directory():
    found = Grid({"layers": ["x" * 150, "y" * 150]}, {})
    assert [cell.name for cell in found.cells] == ["cell-1", "cell-2"]


def test_no_name_leaves_its_directory():
    found = Grid({"a": ["../x", "/etc"]}, {})
    assert [cell.name for cell in found.cells] == ["a=..%2Fx", "a=%2Fetc"]


def test_every_bad_value_is_named_at_once():
    said = refusal(flags(batch_size="16,x", threads="1,1", execution="fast,default"), "=3")
    assert "--set takes FIELD=VALUE" in said
    said = refusal(flags(batch_size="16,x", threads="1,1", execution="fast,default"), "layers={a")
    for part in ("'16,x'", "threads has the value 1 twice", "'fast'", "--set layers"):
        assert part in said


def test_every_cell_that_is_no_valid_job_is_named_at_once_with_its_reason():
    said = refusal(flags(batch_size="0,16,-3", threads="1,2")).splitlines()
    assert len(said) == 2
    assert said[0].startswith("batch_size=0,threads=1; batch_size=0,threads=2: ")
    assert "batch_size is -3" in said[1]


def test_a_fault_of_every_cell_names_none():
    assert refusal(flags(batch_size="16,64", epochs=0)).startswith("The job was refused: epochs")


@pytest.mark.parametrize("asked", [flags(), flags(batch_size="16")])
def test_one_value_each_is_no_sweep(asked):
    assert "orchestrator compare" in refusal(asked)


def test_a_grid_that_nobody_meant_is_refused():
    many = ",".join(map(str, range(1, 40)))
    assert f"at most {MOST_CELLS}" in refusal(flags(batch_size=many, seed=many))
