"""What Keras's runners do not do, and what they alone do: refused with the spec."""

from collections.abc import Iterator

from twinrun.contract.enums import Execution, Loop, Recipe
from twinrun.contract.spec import Augmentation, JobSpec
from twinrun.contract.violation import Violation

from services.errors import InvalidRequest
from services.frameworks import FRAMEWORKS


def require_supported(spec: JobSpec, framework: str) -> None:
    """Check a job for the runner of a framework. Raises InvalidRequest with all that is wrong."""
    known = FRAMEWORKS.get(framework)  # a test may run a framework of its own
    found = _keras(spec, framework) if known and known.keras else _others(spec)
    if violations := list(found):
        raise InvalidRequest(violations)


def _keras(spec: JobSpec, framework: str) -> Iterator[Violation]:
    if spec.recipe is not Recipe.IDIOMATIC:
        what = f"is {spec.recipe}, and {framework} is Keras as its users write it"
        yield Violation("recipe", f"{what}; take recipe idiomatic, or the framework's own runner")
    if spec.execution is Execution.EAGER:
        what = (
            "is eager, which Keras has for debugging: it calls Python for each layer of each step"
        )
        yield Violation("execution", f"{what}; take execution default")
    if spec.loop is Loop.CUSTOM:
        what = "is custom, and a step by hand is no longer the same script on each backend"
        yield Violation("loop", f"{what}; take loop fit")
    if spec.code is not None:
        what = "is the user's own model, which Keras's runners do not run yet"
        yield Violation("code", f"{what}; give the job layers, or take the runner of tensorflow")
    if spec.augmentation != Augmentation():
        what = "is not done by Keras's runners, which give arrays to fit; leave it out"
        yield Violation("augmentation", what)
    if spec.dataset.arrays is not None and spec.dataset.arrays.files:
        what = "is set: Keras's runners read no images' own files; leave it out"
        yield Violation("dataset.arrays.files", what)
    if spec.profile:
        what = "is for a framework's own runner, which has the framework's own profiler"
        yield Violation("profile", f"{what}; leave it out")


def _others(spec: JobSpec) -> Iterator[Violation]:
    if spec.matched_batch_order:
        names = ", ".join(name for name, each in FRAMEWORKS.items() if each.keras)
        what = f"is of Keras's runners alone: {names}; in every other the order is its own"
        yield Violation("matched_batch_order", f"{what}, so leave it out")
