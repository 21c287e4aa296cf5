"""Which code is mutated, and which is not, with the reason why."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
FRAMEWORKS = ("pytorch", "tensorflow")
_TELLS = "tells of the trial, and decides nothing in it"
_IDIOMATIC = "of the idiomatic recipe, which has no certificate: tests/frameworks/test_idiomatic.py"
_OWN = (
    "a framework's own way is its own code, unlike the other's: tests/frameworks/test_own_ways.py"
)
_PREVIEW = "of a preview alone, held against NumPy in tests/frameworks/test_augmentation.py"
_TIMES = "a time, or nothing at all"
_REFUSES = "refuses, and computes nothing"

# By file, the functions in it that are left as they are, with the reason.
MUTATED: dict[str, dict[str, str]] = {
    "services/pytorch/matched.py": {
        "MatchedTrainer.environment": _TELLS,
        "MatchedTrainer.profiled": _TELLS,
        "MatchedTrainer.peak_device_memory_bytes": _TELLS,
        "MatchedTrainer.augmented": _PREVIEW,
    },
    "services/pytorch/model.py": {"_softmax_twice": _OWN},
    "services/pytorch/batch_norm.py": {},
    "services/pytorch/optimizers.py": {},
    "services/pytorch/eager.py": {"EagerSteps.waited": _TIMES},
    "services/pytorch/compiled.py": {
        "require_compiler": _REFUSES,
        "CompiledSteps.waited": _TIMES,
    },
    "services/pytorch/custom.py": {"CustomDense": _IDIOMATIC},
    "services/pytorch/axes.py": {},
    "services/pytorch/augmentation.py": {},
    "services/pytorch/device.py": {"notes": _TELLS},
    "services/pytorch/pipeline.py": {"_augmenting": _IDIOMATIC},
    "services/pytorch/pipeline_steps.py": {"PipelineSteps.waited": _TIMES},
    "services/tensorflow/matched.py": {
        "MatchedTrainer.environment": _TELLS,
        "MatchedTrainer.profiled": _TELLS,
        "MatchedTrainer.peak_device_memory_bytes": _TELLS,
        "MatchedTrainer.augmented": _PREVIEW,
    },
    "services/tensorflow/model.py": {"_from_probabilities": _OWN},
    "services/tensorflow/batch_norm.py": {},
    "services/tensorflow/optimizers.py": {},
    "services/tensorflow/steps.py": {"EagerSteps.waited": _TIMES},
    "services/tensorflow/augmentation.py": {},
    "services/tensorflow/augmented_steps.py": {},
    "services/tensorflow/device.py": {"notes": _TELLS},
    "services/tensorflow/pipeline.py": {"PipelineSteps.waited": _TIMES},
}
LEFT_OUT = {
    "services/pytorch/__init__.py": "imports",
    "services/pytorch/environment.py": _TELLS,
    "services/pytorch/idiomatic.py": _IDIOMATIC,
    "services/pytorch/measure.py": "measures the machine",
    "services/pytorch/modules.py": _IDIOMATIC,
    "services/pytorch/own.py": _OWN,
    "services/pytorch/profile.py": _TELLS,
    "services/pytorch/summary.py": _TELLS,
    "services/tensorflow/__init__.py": "imports",
    "services/tensorflow/custom.py": _IDIOMATIC,
    "services/tensorflow/custom_loop.py": _IDIOMATIC,
    "services/tensorflow/environment.py": _TELLS,
    "services/tensorflow/idiomatic.py": _IDIOMATIC,
    "services/tensorflow/layers.py": _IDIOMATIC,
    "services/tensorflow/measure.py": "measures the machine",
    "services/tensorflow/own.py": _OWN,
    "services/tensorflow/preprocessing.py": _IDIOMATIC,
    "services/tensorflow/profile.py": _TELLS,
    "services/tensorflow/summary.py": _TELLS,
}
# What both frameworks share cannot differ: the tests named judge it, those first that know most.
SHARED: dict[str, dict[str, str]] = {
    "services/trial/matched.py": {"require_supported": _REFUSES},
    "services/trial/chunks.py": {},
    "services/trial/run.py": {"_Phases": _TIMES, "_peak_memory_bytes": _TELLS},
    "services/model/order.py": {},
    "services/model/weights.py": {},
    "services/model/dropout.py": {},
    "services/model/augmentation.py": {},
    "services/model/metrics.py": {},
    "services/model/layers.py": {"violations": _REFUSES, "size_violations": _REFUSES},
    "services/model/arithmetic.py": {},
    "services/data/synthetic.py": {},
    "services/data/datasets.py": {},
}
REFERENCES = [
    f"tests/unit/{name}.py"
    for name in (
        "test_references_schedule",
        "test_references_order",
        "test_references_drawn",
        "test_references_metrics",
        "test_references_trial",
        "test_references_clock",
        "test_matched",
        "test_dropout",
        "test_augmentation",
        "test_arithmetic",
        "test_workload",
        "test_datasets",
    )
]


def files(framework: str) -> list[str]:
    return [file for file in MUTATED if file.startswith(f"services/{framework}/")]
