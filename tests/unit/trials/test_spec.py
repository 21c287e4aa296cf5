"""The spec of what is stored: read once, with the contract's defaults, and written in one way."""

from dataclasses import replace

import pytest
from google.protobuf import json_format
from twinrun.contract.enums import OwnWay, Recipe
from twinrun.contract.layers import Dense
from twinrun.v1 import job_pb2

from orchestrator.errors import RunUnreadable
from orchestrator.trials.mappings.stored import as_json
from orchestrator.trials.spec import (
    differing_fields,
    in_own_way,
    optimizer_name,
    spec_from_mapping,
    spec_mapping,
    spec_of,
)
from tests.builders.events import JOB, SPEC


def test_a_spec_comes_back_from_its_mapping_as_it_was():
    assert spec_from_mapping(spec_mapping(JOB), "a test") == JOB
    assert as_json({"job": JOB}) == {"job": spec_mapping(JOB)}
    assert spec_mapping(JOB)["optimizer"]["adam"]["epsilon"] == 1e-8  # by default


def test_what_an_older_version_did_not_write_has_its_default_and_unknown_threads_are_none():
    older = {name: SPEC[name] for name in ("dataset", "layers", "optimizer")}
    found = spec_from_mapping(older, "a test")
    assert (found.epochs, found.recipe, found.threads) == (5, Recipe.MATCHED, 0)
    message = json_format.ParseDict(older, job_pb2.JobSpec())
    assert spec_of(message, "a test") == found
    assert not message.HasField("threads")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"later": 1}, "later is not known"),
        (
            {"layers": [{"flatten": {}}, {"dense": {"units": 1, "later": 2}}]},
            "layers[1].dense.later",
        ),
        ({"layers": [{"later": {}}]}, "layers[0].later is not known"),
        ({"precision": "PRECISION_LATER"}, "precision is PRECISION_LATER, which is not known"),
        ({"own_ways": ["OWN_WAY_LOSS", "LATER"]}, "own_ways[1] is LATER, which is not known"),
        ({"device": 9}, "device is 9, which is not known"),
        ({"later": 1, "recipe": "LATER"}, "recipe is LATER, which is not known"),
    ],
)
def test_what_a_later_version_added_is_refused_by_its_name(change, named):
    with pytest.raises(RunUnreadable) as refused:
        spec_from_mapping({**SPEC, **change}, "job.json")
    assert named in str(refused.value)
    assert "Available" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"layers": [{"of_a_later_version": {}}]},
        {"layers": [{"activation": {"function": "ACTIVATION_FUNCTION_OF_A_LATER_VERSION"}}]},
        {"optimizer": {"lion": {}}},
        {"dataset": 5},
        {"epochs": "many"},
    ],
)
def test_a_spec_that_cannot_be_read_whole_is_one_sentence_that_names_the_file(change):
    with pytest.raises(RunUnreadable, match=r"^job\.json has a job spec that .*\.$") as refused:
        spec_from_mapping({**SPEC, **change}, "job.json")
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"mixup": 0.2}, "mixup is not known"),
        ({"optimizer": {"adam": {"lookahead": True}}}, "optimizer.adam.lookahead is not known"),
        ({"precision": "PRECISION_FLOAT8"}, "precision is PRECISION_FLOAT8, which is not known"),
        ({"precision": 99}, "precision is 99, which is not known"),
        ({"own_ways": ["OWN_WAY_LOSS", "OWN_WAY_LATER"]}, r"own_ways\[1\] is OWN_WAY_LATER, which"),
    ],
)
def test_what_a_later_version_wrote_is_named_and_neither_ignored_nor_defaulted(change, named):
    with pytest.raises(RunUnreadable, match=named):
        spec_from_mapping({**SPEC, **change}, "job.json")


@pytest.mark.parametrize("mapping", [None, 3, [], "layers"])
def test_what_is_no_mapping_is_unreadable_too(mapping):
    with pytest.raises(RunUnreadable):
        spec_from_mapping(mapping, "job.json")


def test_fields_that_differ_are_told_by_their_paths():
    other = replace(JOB, seed=1, layers=(JOB.layers[0], Dense(5)))
    assert differing_fields([JOB, JOB]) == differing_fields([]) == []
    assert differing_fields([JOB, other]) == ["layers[1].dense.units", "seed"]


def test_an_own_way_is_one_in_whatever_recipe():
    assert not in_own_way(JOB)
    assert in_own_way(replace(JOB, recipe=Recipe.IDIOMATIC))
    assert in_own_way(replace(JOB, own_ways=(OwnWay.LOSS,)))
    assert optimizer_name(JOB) == "adam"
