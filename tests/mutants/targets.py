"""Which code is mutated, and which is not, with the reason: of a framework as `tests.each` says."""

import os
from pathlib import Path

from services.frameworks import own
from tests.each import of
from tests.each.reasons import NO_CODE, REFUSES
from tests.mutants.kinds import FAMILIES, KINDS, OPTIMIZERS

ROOT = Path(__file__).parents[2]
EVERY = tuple(own())
# The two of a certificate; MUTANTS=pytorch,jax tries those of JAX's folder.
FRAMEWORKS = tuple(os.environ.get("MUTANTS", "pytorch,tensorflow").split(","))
# By file, the functions in it that are left as they are, with the reason.
MUTATED: dict[str, dict[str, str]] = {
    f"services/{name}/{file}": left for name in EVERY for file, left in of(name).MUTATED.items()
}
LEFT_OUT: dict[str, str] = {
    **{
        f"services/{name}/layers/{each}/__init__.py": NO_CODE for name in EVERY for each in FAMILIES
    },
    **{f"services/{name}/{file}": why for name in EVERY for file, why in of(name).LEFT_OUT.items()},
}
# What both frameworks share cannot differ: the tests named judge it, those first that know most.
SHARED: dict[str, dict[str, str]] = {
    "services/trial/matched.py": {},
    "services/trial/chunks.py": {},
    "services/trial/run.py": {},
    "services/model/order.py": {},
    "services/model/weights.py": {},
    "services/model/waves.py": {},
    "services/model/dropout.py": {},
    "services/model/augmentation.py": {},
    "services/model/metrics.py": {},
    "services/model/shapes.py": {"violations": REFUSES, "size_violations": REFUSES},
    **{f"services/model/layers/{file}.py": {} for file in KINDS.values()},
    "services/model/layers/parameter.py": {},
    "services/model/layers/plain.py": {},
    "services/model/layers/window.py": {},
    "services/model/optimizers/__init__.py": {},
    "services/model/schedules.py": {},
    **{f"services/model/optimizers/{kind}.py": {} for kind in OPTIMIZERS if kind != "adamw"},
    "services/model/arithmetic.py": {},
    "services/data/synthetic.py": {},
    "services/data/datasets.py": {},
    "services/data/own.py": {},
    "services/data/normalization.py": {},
    "services/data/formats/cifar.py": {},
    "services/model/losses.py": {},
}
REFERENCES = [
    f"tests/unit/services/{name}.py"
    for name in (
        "model/test_references_schedule",
        "model/test_schedules",
        "model/test_references_order",
        "model/test_references_drawn",
        "model/test_references_metrics",
        "model/test_losses",
        "model/test_task_metrics",
        "trial/test_references_trial",
        "trial/test_references_clock",
        "trial/test_matched",
        "model/test_dropout",
        "model/test_waves",
        "model/test_augmentation",
        "model/test_arithmetic",
        "model/test_order",
        "model/test_weights",
        "model/test_shapes",
        "model/test_shapes_convolutions",
        "model/test_metrics",
        "data/test_normalization",
        "data/test_own",
        "data/test_cifar",
        "data/test_datasets",
        "data/test_synthetic",
    )
]


def files(framework: str) -> list[str]:
    return [file for file in MUTATED if file.startswith(f"services/{framework}/")]
