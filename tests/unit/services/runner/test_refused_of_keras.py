"""What Keras's runners refuse with the spec, and what all others do."""

from dataclasses import replace

import pytest
from twinrun.contract.code import Code
from twinrun.contract.enums import Execution, Loop, Recipe
from twinrun.contract.spec import Augmentation

from services.errors import InvalidRequest
from services.frameworks import FRAMEWORKS
from services.refusals.keras import require_supported
from tests.frameworks import jobs

KERAS = [name for name, each in FRAMEWORKS.items() if each.keras]
OTHERS = [name for name in FRAMEWORKS if name not in KERAS]
JOB = jobs.spec(recipe=Recipe.IDIOMATIC)
REFUSED = {
    "recipe": {"recipe": Recipe.MATCHED},
    "execution": {"execution": Execution.EAGER},
    "loop": {"loop": Loop.CUSTOM},
    "code": {"code": Code()},
    "augmentation": {"augmentation": Augmentation(flip=0.5)},
    "profile": {"profile": True},
}


def violations(job, framework):
    with pytest.raises(InvalidRequest) as refused:
        require_supported(job, framework)
    return {each.field: each.message for each in refused.value.violations}


@pytest.mark.parametrize("framework", KERAS)
@pytest.mark.parametrize("field", REFUSED)
def test_what_a_runner_of_keras_lacks_is_refused_with_what_to_do(framework, field):
    found = violations(replace(JOB, **REFUSED[field]), framework)
    assert found.keys() == {field}
    assert any(f"; {word} " in found[field] for word in ("take", "leave", "give"))


def test_all_that_is_wrong_is_named_at_once():
    changes = {name: value for each in REFUSED.values() for name, value in each.items()}
    assert violations(replace(JOB, **changes), KERAS[0]).keys() == REFUSED.keys()


@pytest.mark.parametrize("framework", KERAS)
@pytest.mark.parametrize("execution", [Execution.DEFAULT, Execution.COMPILED])
def test_an_idiomatic_job_is_taken_with_matched_values_and_order_too(framework, execution):
    require_supported(replace(JOB, execution=execution), framework)
    require_supported(replace(JOB, matched_batch_order=True, matched_initial_values=True), framework)


@pytest.mark.parametrize("framework", OTHERS)
def test_every_other_runner_refuses_the_shared_order_in_its_own_recipe(framework):
    require_supported(JOB, framework)
    found = violations(replace(JOB, matched_batch_order=True), framework)
    assert ", ".join(KERAS) in found["matched_batch_order"]


def test_a_framework_of_a_tests_own_is_asked_for_nothing_of_kerass():
    require_supported(replace(JOB, **REFUSED["recipe"]), "fake")
