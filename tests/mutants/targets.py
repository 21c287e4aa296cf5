"""Which code is mutated, and which is not, with the reason."""

import os
from pathlib import Path

from services.frameworks import own

ROOT = Path(__file__).parents[2]
EVERY = tuple(own())
# The two of a certificate; MUTANTS=pytorch,jax tries those of JAX's folder.
FRAMEWORKS = tuple(os.environ.get("MUTANTS", "pytorch,tensorflow").split(","))
_TELLS = "tells of the trial, and decides nothing in it"
_IDIOMATIC = "of the idiomatic recipe, which has no certificate: tests/frameworks/test_idiomatic.py"
_OWN = (
    "a framework's own way is its own code, unlike the other's: tests/frameworks/test_own_ways.py"
)
_PREVIEW = "of a preview alone, held against NumPy in tests/frameworks/test_augmentation.py"
_TIMES = "a time, or nothing at all"
_CAPTURED = "on a GPU alone; with a stand-in for its graphs: tests/frameworks/test_captured.py"
_REFUSES = "refuses, and computes nothing"
_DEVICES = "of jobs on several devices, whose faults tests/frameworks/test_devices.py plants"
_KERAS = "of a user's Keras model, held against Keras itself in tests/frameworks/test_code_keras.py"

# Of layers that hold no others, by family, each with a file of its name in each framework's folder.
FAMILIES = {
    "convolutions": ("conv1d", "conv2d", "conv2d_transpose"),
    "elementwise": ("activation", "dropout", "spatial_dropout2d"),
    "norms": ("batch_norm", "layer_norm", "rms_norm", "group_norm"),
    "pools": (
        *("max_pool2d", "average_pool2d", "global_average_pool2d", "global_max_pool2d"),
        *("global_average_pool1d", "global_max_pool1d"),
    ),
    "products": ("dense", "custom_dense", "embedding"),
    "shaping": ("flatten", "zero_padding2d", "up_sampling2d", "to_sequence"),
    "sequences": (
        *("lstm", "gru", "bidirectional", "last_step", "position_embedding"),
        *("sinusoidal_positions", "multi_head_attention"),
    ),
}
KINDS = {kind: f"{family}/{kind}" for family, kinds in FAMILIES.items() for kind in kinds}
_MADE = {"idiomatic": _IDIOMATIC}
_IN_FLAX = ROOT / "services/jax/idiomatic"
_HELD = {**_MADE, "held": _IDIOMATIC}
# Of optimizers, in the same way.
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad", "adamax")
_WITH_ARRAYS = (
    *("dense", "embedding"),
    *(*FAMILIES["convolutions"], *FAMILIES["norms"], *FAMILIES["sequences"]),
)

_KERAS_MODULES = [
    *("case", "kinds", "layered", "layout", "model", "patches", "record", "trace", "views"),
    "windows",
]

# By file, the functions in it that are left as they are, with the reason.
MUTATED: dict[str, dict[str, str]] = {
    "services/pytorch/matched.py": {
        "MatchedTrainer.environment": _TELLS,
        "MatchedTrainer.profiled": _TELLS,
        "MatchedTrainer.peak_device_memory_bytes": _TELLS,
        "MatchedTrainer.augmented": _PREVIEW,
    },
    "services/pytorch/model.py": dict.fromkeys(
        ("sequential", "_module", "_several", "module_of", "held"), _IDIOMATIC
    ),
    "services/pytorch/losses.py": {
        "idiomatic": _IDIOMATIC,
        "_OfPositions": _IDIOMATIC,
        "_index": _IDIOMATIC,
        "_softmax_twice": _OWN,
    },
    "services/pytorch/optimizers/__init__.py": {
        "idiomatic": _IDIOMATIC,
        "title": _TELLS,
        "in_its_ways": _OWN,
        "with_own_epsilon": _OWN,
    },
    "services/pytorch/optimizers/clipping.py": {"clip_as_users_do": _IDIOMATIC},
    "services/pytorch/optimizers/own.py": {},
    "services/pytorch/optimizers/written.py": {},
    **{f"services/pytorch/optimizers/{kind}.py": {} for kind in OPTIMIZERS},
    "services/pytorch/eager_steps.py": {"EagerSteps.waited": _TIMES},
    "services/pytorch/compiled_steps.py": {"CompiledSteps.waited": _TIMES},
    "services/pytorch/graphs/pieces.py": {},
    **{f"services/pytorch/layers/{file}.py": _MADE for file in KINDS.values()},
    **{f"services/pytorch/layers/{KINDS[kind]}.py": _HELD for kind in _WITH_ARRAYS},
    "services/pytorch/layers/convolutions/conv1d.py": {**_HELD, "SequenceConv1d": _IDIOMATIC},
    "services/pytorch/layers/convolutions/conv2d.py": {**_HELD, "PaddedConv2d": _IDIOMATIC},
    "services/pytorch/layers/convolutions/conv2d_transpose.py": {
        **_HELD,
        "CutConvTranspose2d": _IDIOMATIC,
    },
    "services/pytorch/layers/norms/batch_norm.py": {**_HELD, "SequenceBatchNorm": _IDIOMATIC},
    **{
        f"services/pytorch/layers/pools/{kind}.py": {**_MADE, name: _IDIOMATIC}
        for kind, name in (
            ("global_average_pool2d", "GlobalAveragePool2d"),
            ("global_max_pool2d", "GlobalMaxPool2d"),
            ("global_average_pool1d", "Mean"),
            ("global_max_pool1d", "Largest"),
        )
    },
    "services/pytorch/layers/products/custom_dense.py": {**_HELD, "CustomDense": _IDIOMATIC},
    "services/pytorch/layers/sequences/lstm.py": {**_HELD, "Memory": _IDIOMATIC},
    "services/pytorch/layers/sequences/gru.py": {
        **_HELD,
        "Gates": _IDIOMATIC,
        "ResetBefore": _IDIOMATIC,
    },
    "services/pytorch/layers/sequences/bidirectional.py": {**_HELD, "BothWays": _IDIOMATIC},
    "services/pytorch/layers/sequences/padded.py": {"packed": _IDIOMATIC},
    "services/pytorch/layers/sequences/sinusoidal_positions.py": {**_MADE, "Waves": _IDIOMATIC},
    "services/pytorch/layers/shaping/to_sequence.py": {**_MADE, "Pixels": _IDIOMATIC},
    "services/pytorch/layers/sequences/last_step.py": {**_MADE, "Last": _IDIOMATIC},
    "services/pytorch/layers/sequences/position_embedding.py": {**_HELD, "Positions": _IDIOMATIC},
    "services/pytorch/layers/sequences/multi_head_attention.py": {**_HELD, "ToItself": _IDIOMATIC},
    "services/pytorch/layers/given.py": {},
    "services/pytorch/layers/axes.py": {},
    "services/pytorch/augmentation.py": {},
    "services/pytorch/device.py": {"notes": _TELLS, "_require_one_rounding": _REFUSES},
    "services/pytorch/pipeline.py": {"_augmenting": _IDIOMATIC},
    "services/pytorch/pipeline_steps.py": {"PipelineSteps.waited": _TIMES},
    "services/tensorflow/matched.py": {
        "MatchedTrainer.environment": _TELLS,
        "MatchedTrainer.profiled": _TELLS,
        "MatchedTrainer.peak_device_memory_bytes": _TELLS,
        "MatchedTrainer.augmented": _PREVIEW,
    },
    "services/tensorflow/model.py": {},
    "services/tensorflow/losses.py": {"_from_probabilities": _OWN},
    "services/tensorflow/optimizers/__init__.py": {"in_its_ways": _OWN},
    "services/tensorflow/optimizers/clipping.py": {},
    "services/tensorflow/optimizers/kinds.py": {},
    **{f"services/tensorflow/optimizers/{kind}.py": {} for kind in OPTIMIZERS if kind != "adamw"},
    "services/tensorflow/eager_steps.py": {"EagerSteps.waited": _TIMES},
    "services/tensorflow/compiled_steps.py": {},
    **{f"services/tensorflow/layers/{file}.py": {} for file in KINDS.values()},
    "services/tensorflow/layers/sequences/loop.py": {},
    "services/tensorflow/layers/given.py": {},
    "services/tensorflow/augmentation.py": {},
    "services/tensorflow/device.py": {"notes": _TELLS, "_require_one_rounding": _REFUSES},
    "services/tensorflow/pipeline_steps.py": {"PipelineSteps.waited": _TIMES},
    "services/jax/matched.py": {
        "MatchedTrainer.environment": _TELLS,
        "MatchedTrainer.profiled": _TELLS,
        "MatchedTrainer.peak_device_memory_bytes": _TELLS,
        "MatchedTrainer.augmented": _PREVIEW,
    },
    "services/jax/scanned_steps.py": {},
    "services/jax/model.py": {},
    "services/jax/losses.py": {"idiomatic": _IDIOMATIC, "_softmax_twice": _OWN},
    "services/jax/rounding.py": {},
    "services/jax/augmentation.py": {},
    "services/jax/device.py": {"notes": _TELLS, "compiler_options": "of a GPU"},
    "services/jax/optimizers/__init__.py": {"in_its_ways": _OWN},
    "services/jax/optimizers/clipping.py": {},
    **{f"services/jax/optimizers/{kind}.py": {"usual": _IDIOMATIC} for kind in OPTIMIZERS},
    **{f"services/jax/layers/{file}.py": {} for file in KINDS.values()},
    "services/jax/layers/given.py": {},
    "services/jax/layers/pools/windows.py": {},
    "services/jax/layers/sequences/loop.py": {},
}
_FLAX = "a model of users' code is no job of these; tests/frameworks/flax_code has its faults"
_CODE = "a model of users' code is no job of these; tests/frameworks/pytorch_code has its faults"
LEFT_OUT = {
    **{str(path.relative_to(ROOT)): _DEVICES for path in ROOT.glob("services/*/devices/*.py")},
    "services/jax/devices.py": _DEVICES,
    **{
        f"services/{framework}/layers/{family}/__init__.py": "no code"
        for framework in EVERY
        for family in FAMILIES
    },
    **{
        f"services/pytorch/code/{name}.py": _CODE
        for name in (
            *("__init__", "arrays", "built", "case", "functions", "kinds", "layouts", "model"),
            *("patches", "layered", "recording", "returning", "trace", "users", "compiled_steps"),
            "state",
        )
    },
    **{f"services/jax/code/{p.name}": _FLAX for p in (ROOT / "services/jax/code").glob("*.py")},
    "services/pytorch/graphs/__init__.py": "no code",
    **{f"services/pytorch/graphs/captured{end}.py": _CAPTURED for end in ("", "_steps")},
    "services/pytorch/__init__.py": "imports",
    "services/pytorch/defaults.py": _OWN,
    "services/pytorch/environment.py": _TELLS,
    "services/pytorch/idiomatic.py": _IDIOMATIC,
    "services/pytorch/layers/__init__.py": "imports",
    "services/pytorch/optimizers/kinds.py": "imports",
    "services/pytorch/layers/nests.py": _IDIOMATIC,
    "services/pytorch/layers/orders.py": _IDIOMATIC,
    "services/pytorch/measure.py": "measures the machine",
    "services/pytorch/profile.py": _TELLS,
    "services/pytorch/summary.py": _TELLS,
    "services/tensorflow/__init__.py": "imports",
    "services/tensorflow/code/__init__.py": "no code",
    "services/tensorflow/code/fitted.py": _IDIOMATIC,
    **{f"services/tensorflow/code/{name}.py": _KERAS for name in _KERAS_MODULES},
    "services/tensorflow/defaults.py": _OWN,
    "services/tensorflow/environment.py": _TELLS,
    "services/tensorflow/idiomatic.py": _IDIOMATIC,
    "services/tensorflow/layers/__init__.py": "imports",
    "services/tensorflow/measure.py": "measures the machine",
    "services/tensorflow/optimizers/adamw.py": "imports",
    "services/tensorflow/pipeline.py": _IDIOMATIC,
    "services/tensorflow/profile.py": _TELLS,
    "services/tensorflow/summary.py": _TELLS,
    "services/jax/__init__.py": "imports",
    "services/jax/environment.py": _TELLS,
    "services/jax/layers/__init__.py": "imports",
    **{f"services/jax/idiomatic/{path.name}": _IDIOMATIC for path in _IN_FLAX.glob("*.py")},
    "services/jax/defaults.py": _OWN,
    "services/jax/measure.py": "measures the machine",
    "services/jax/optimizers/kinds.py": "imports",
    "services/jax/profile.py": _TELLS,
    "services/jax/summary.py": _TELLS,
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
    "services/model/shapes.py": {"violations": _REFUSES, "size_violations": _REFUSES},
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
