"""Which jobs several devices may share: data parallel, by the same arithmetic as one."""

from collections.abc import Iterator

from twinrun.contract.enums import Execution, Precision, Recipe
from twinrun.contract.ranges import between
from twinrun.contract.spec import JobSpec
from twinrun.contract.violation import Violation

MOST_DEVICES = 64


def device_violations(spec: JobSpec) -> Iterator[Violation]:
    """Yield a number of devices that is out of range, or that another field excludes."""
    if out_of_range := list(between("devices", spec.devices, 1, MOST_DEVICES)):
        yield from out_of_range
    elif spec.devices > 1:
        if spec.devices > spec.batch_size:
            what = f"is {spec.devices}, more than the {spec.batch_size} samples of a batch"
            yield Violation("devices", f"{what}; take fewer devices, or a larger batch_size")
        wrong = {
            "the model is code, whose layers of batches are not known": spec.code is not None,
            f"recipe is {spec.recipe}": spec.recipe is not Recipe.MATCHED,
            f"execution is {spec.execution}": spec.execution is Execution.COMPILED,
            f"precision is {spec.precision}": spec.precision
            not in (Precision.FLOAT32, Precision.FLOAT64),
            f"accumulate_steps is {spec.accumulate_steps}": spec.accumulate_steps != 1,
            f"own_ways has {', '.join(spec.own_ways)}": bool(spec.own_ways),
        }
        if any(wrong.values()):
            found = ", and ".join(name for name, is_so in wrong.items() if is_so)
            yield Violation(
                "devices",
                f"is {spec.devices}, and {found}; several devices share a matched job of layers in "
                "float32 or float64 that is not compiled, accumulates no batches and has no "
                "own_ways: leave devices out, or change that",
            )
