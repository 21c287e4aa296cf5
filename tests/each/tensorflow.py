"""What the tests must know of TensorFlow."""

from pathlib import Path

import numpy as np
from twinrun.contract.enums import Loop

from tests.each.reasons import (
    BESIDE,
    BOTH,
    BUILT,
    DETAILS,
    DEVICES,
    EXECUTIONS,
    GPU,
    IDIOMATIC,
    IMPORTS,
    KIND,
    MATCHED,
    MESSAGE,
    NO_CODE,
    OWN,
    OWN_WAY,
    REFUSES,
    SCALED,
    SEVERAL,
    TELLS,
    TIMED,
    TIMES,
)
from tests.mutants.kinds import KINDS, OPTIMIZERS

_HOME = Path(__file__).parents[2] / "services/tensorflow"
_KERAS = "of a user's Keras model, held against Keras itself in tests/frameworks/test_code_keras.py"
_AUGMENTED = 8  # images at once, so that a chunk's few are more than one group

MUTATED = {
    "matched.py": MATCHED,
    "model.py": {},
    "losses.py": {"_from_probabilities": OWN},
    "optimizers/__init__.py": {"in_its_ways": OWN},
    "optimizers/clipping.py": {},
    "optimizers/kinds.py": {},
    **{f"optimizers/{kind}.py": {} for kind in OPTIMIZERS if kind != "adamw"},
    "eager_steps.py": {"EagerSteps.waited": TIMES},
    "compiled_steps.py": {},
    **{f"layers/{file}.py": {} for file in KINDS.values()},
    "layers/sequences/loop.py": {},
    "layers/given.py": {},
    "augmentation.py": {},
    "device.py": {"notes": TELLS, "_require_one_rounding": REFUSES},
    "pipeline_steps.py": {"PipelineSteps.waited": TIMES},
}
LEFT_OUT = {
    **BESIDE,
    **{f"code/{path.name}": _KERAS for path in (_HOME / "code").glob("*.py")},
    **{f"devices/{path.name}": SEVERAL for path in (_HOME / "devices").glob("*.py")},
    "code/__init__.py": NO_CODE,
    "code/fitted.py": IDIOMATIC,
    "defaults.py": OWN,
    "idiomatic.py": IDIOMATIC,
    "optimizers/adamw.py": IMPORTS,
    "pipeline.py": IDIOMATIC,
    "profile.py": TELLS,
}
COVERED = {
    "code/kinds.py _kind: cls in _KINDS and type(layer).call is cls.call": KIND,
    "code/model.py __init__: spec.precision in MIXED": BUILT,
    "code/patches.py idiomatic: self._precision is Precision.FLOAT64": BUILT,
    "code/patches.py _replacements: self._precision is Precision.FLOAT64": BOTH,
    "code/patches.py cast: isinstance(x, float) and tf.as_dtype(dtype) == tf.float64": BOTH,
    "code/patches.py cast: widens and tf.as_dtype(dtype) == tf.float32": BOTH,
    "code/patches.py call: not (plain and inputs.dtype in (tf.float32, tf.float64))": BOTH,
    "code/trace.py _notes: np.dtype(dtype) != job": MESSAGE,
    "code/trace.py _of_own_steps: getattr(type(model), name) is not getattr(keras.Model, "
    "name)": MESSAGE,
    "code/views.py _variants: len(view.shape) == 2 and (not "
    "type(layer).__module__.startswith('keras.'))": KIND,
    "augmentation.py resampling: spec.execution is Execution.EAGER": EXECUTIONS,
    "layers/norms/batch_norm.py by_batch: x.shape.rank == 4 and x.dtype == tf.float32 and "
    "(not compiled)": f"{BOTH}; {EXECUTIONS}",
    "device.py prepare: spec.device is Device.CPU": GPU,
    "devices/steps.py _strategy: on_cpu": "how sums are exchanged, which are the same",
    "matched.py _made_steps: self._spec.execution is Execution.EAGER": EXECUTIONS,
    "device.py names: spec.device is Device.CPU": BUILT,
    "devices/replica.py share: self._spec.report_step_details": DEVICES,
    "devices/steps.py _loop: self._spec.report_step_details": DEVICES,
    "device.py _require_one_rounding: spec.precision not in MIXED or spec.recipe is not "
    "Recipe.MATCHED": BUILT,
    "device.py _require_one_rounding: convolves(spec.layers) or spec.precision is "
    "Precision.BFLOAT16": BUILT,
    "device.py notes: spec.device is Device.CPU": MESSAGE,
    "matched.py __init__: eager": EXECUTIONS,
    "matched.py peak_device_memory_bytes: self._spec.device is Device.CPU": MESSAGE,
    "model.py run: kernels": EXECUTIONS,
    "pipeline_steps.py __init__: spec.execution is not Execution.EAGER": OWN_WAY,
    "pipeline_steps.py normalised: samples.dtype == tf.uint8": OWN_WAY,
    "pipeline_steps.py _run: not self._warm": OWN_WAY,
    "eager_steps.py __init__: kernels": f"{TIMED}; {EXECUTIONS}",
    "eager_steps.py _computed: gradient_scale == 1": SCALED,
    "eager_steps.py dense: gradient_scale == 1": SCALED,
    "eager_steps.py _step_on: self._spec.report_step_details": DETAILS,
}


UNREAD = set()
LOSSES = {"eager_steps": {"mean", "each", "accuracy"}, "idiomatic": {"idiomatic"}}
STEPS = {
    "default": "GraphSteps",
    "eager": "EagerSteps",
    "compiled": "GraphSteps",
    "augmented": "AugmentedSteps",
    "augmented, eager": "EagerSteps",
    "pipeline": "PipelineSteps",
    "pipeline, eager": "PipelineSteps",
}
DTYPES = "tensorflow"
ALWAYS_COMPILED = False


def begin(spec):
    """Make its pools of threads, once."""
    from services.tensorflow import device  # noqa: PLC0415 - where it is

    device.prepare(spec)


def compile_shortly(_):
    """XLA's flags do so, which every framework gets."""


def compile_for_mutants():
    return lambda _: None


def load_all():
    from services.tensorflow import compiled_steps  # noqa: PLC0415 - where it is

    compiled_steps._IMAGES = _AUGMENTED


def count_traces(monkeypatch):
    from tensorflow.python.eager.polymorphic_function import (  # noqa: PLC0415 - where it is
        tracing_compilation,
    )

    traces, original = [], tracing_compilation._create_concrete_function

    def counted(*args, **kwargs):
        traces.append(None)
        return original(*args, **kwargs)

    monkeypatch.setattr(tracing_compilation, "_create_concrete_function", counted)
    return traces


def array(numbers):
    import tensorflow as tf  # noqa: PLC0415 - where it is

    return tf.constant(numbers)


def augmenting(job, images):
    from services.tensorflow import augmentation  # noqa: PLC0415 - where it is

    return augmentation.augment(job, images)


def updated(spec, starts, gradients, loop):
    import tensorflow as tf  # noqa: PLC0415 - where it is

    from services.model.optimizers import schedule  # noqa: PLC0415
    from services.tensorflow import optimizers  # noqa: PLC0415

    held = [tf.Variable(start) for start in starts]
    slots = optimizers.slots(spec, held)
    plan = schedule(spec, 0, len(gradients))
    update = optimizers.update_plainly
    if loop is Loop.FIT and optimizers.has_kernel(spec, np.float64):
        plan, update = optimizers.kernel_plan(spec, plan, np.float64), optimizers.update
    for found, *numbers in zip(gradients, *plan, strict=True):
        update(spec, held, slots, list(map(tf.constant, found)), list(map(tf.constant, numbers)))
    return [variable.numpy() for variable in held]
