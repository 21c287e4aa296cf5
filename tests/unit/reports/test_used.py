"""What each side really used of a job stands beside the others', marked where they differ."""

from twinrun.v1 import job_pb2

from orchestrator.reports import environments


def made(own, **used):
    fields = {name.replace("__", "."): value for name, value in used.items()}
    return job_pb2.Environment(used=fields, own=own)


def test_each_sides_values_and_which_are_its_own():
    grid = environments.used(
        {
            "pytorch": made(["adam.epsilon", "seed"], adam__epsilon="1e-08", seed=""),
            "tensorflow": made(["seed"], adam__epsilon="0.01", norm__momentum="0.5", seed=""),
        }
    )
    found = {line.name: (line.values, line.differs) for line in grid.rows}
    assert found == {
        "adam.epsilon": (["1e-08 (its own)", "0.01"], True),
        "norm.momentum": (["-", "0.5"], False),
        "seed": (["its own", "its own"], False),
    }


def test_a_matched_job_has_no_such_table_and_an_unknown_side_no_values():
    assert not environments.used({"pytorch": job_pb2.Environment(), "tensorflow": None}).rows
    grid = environments.used({"pytorch": made([], a="1"), "tensorflow": None})
    assert grid.rows[0].values == ["1", "-"]
