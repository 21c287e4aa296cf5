"""Keras's runners have a dash in their names, and the environment of the framework below."""

import pytest

from orchestrator.actions import variants
from orchestrator.errors import BadInput
from orchestrator.frameworks import FRAMEWORKS, environment_of, parted, usual
from orchestrator.language.palette import looks
from orchestrator.language.words import label
from orchestrator.settings import config, versions
from orchestrator.settings.config import Places
from orchestrator.trials.sides import Side, sides, twice

KERAS = {"keras-tensorflow": "tensorflow", "keras-jax": "jax", "keras-torch": "pytorch"}


def test_keras_is_taken_only_where_it_is_named():
    assert {name: each.on for name, each in FRAMEWORKS.items() if each.on} == KERAS
    assert not {*usual()} & {*KERAS}


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("rest", ["", "2.13.0", "a", "execution=compiled", "2.13,a,seed=-3"])
def test_a_sides_name_is_parted_at_its_frameworks_end(framework, rest):
    name = "-".join(filter(None, [framework, rest]))
    assert parted(name) == (framework, rest)
    assert Side.named(name).framework == framework
    assert Side.named(name).name == name


def test_what_no_framework_is_called_ends_at_its_first_dash():
    assert parted("keras-theano-a") == ("keras", "theano-a")
    assert parted("other") == ("other", "")
    assert parted("keras-jaxed") == ("keras", "jaxed")


@pytest.mark.parametrize("framework", KERAS)
def test_it_is_started_from_the_environment_of_its_framework(framework):
    assert environment_of(framework) == f".venv-{KERAS[framework]}"
    assert Places().python(framework).parts[-3] == f".venv-{KERAS[framework]}"
    assert environment_of("pytorch-2.13.0") == ".venv-pytorch-2.13.0"


def test_a_version_of_it_is_refused_with_what_to_write():
    assert versions.split("keras-torch") == ("keras-torch", "")
    assert "; write keras-torch" in str(versions.split("keras-torch-3.14.0"))
    assert "did you mean keras-torch" in str(versions.split("Keras-Torch"))


def test_labels_and_looks_tell_them_apart():
    assert label("keras-torch") == "Keras/PyTorch"
    assert label("keras-jax-a") == "Keras/JAX A"
    assert label("keras-jax-execution=compiled") == "Keras/JAX (execution=compiled)"
    names = [*KERAS, *KERAS.values(), *(side.name for side in twice("keras-torch"))]
    found = looks(names[:6])
    assert len({look.colour for look in found.values()}) == 6
    more = looks([*KERAS, *(f"pytorch-seed={seed}" for seed in range(5))])
    assert len({look.colour for look in more.values()}) == 8


def test_its_address_is_given_by_its_name():
    assert config.runner("keras-torch=host:50056") == ("keras-torch", "host:50056")
    assert [side.runner for side in sides(KERAS)] == [*KERAS]


SHARED = {"matched_batch_order": True, "matched_initial_values": True}


def test_a_user_asks_for_matched_values_and_order_beside_the_recipe():
    spec = config.job_spec(None, {**SHARED, **variants.of_recipe("idiomatic")})
    assert spec.matched_batch_order
    assert spec.matched_initial_values
    assert variants.of_recipe("both") == variants.of_recipe("unknown") == {}


@pytest.mark.parametrize("recipe", ["matched", "both"])
def test_in_the_matched_recipe_both_are_refused(recipe):
    with pytest.raises(BadInput, match="matched_batch_order is of the idiomatic recipe only"):
        config.check(config.job_spec(None, {**SHARED, **variants.of_recipe(recipe)}))
