"""What the tests must know of JAX."""

import tempfile
from pathlib import Path

import numpy as np

from tests.each.reasons import (
    BESIDE,
    BOTH,
    BUILT,
    DETAILS,
    GPU,
    IDIOMATIC,
    IMPORTS,
    KIND,
    MATCHED,
    MESSAGE,
    OWN,
    ROUNDED,
    SEVERAL,
    TELLS,
)
from tests.mutants.kinds import KINDS, OPTIMIZERS

_HOME = Path(__file__).parents[2] / "services/jax"
_CODE = "a model of users' code is no job of these; tests/frameworks/flax_code has its faults"

MUTATED = {
    "matched.py": MATCHED,
    "scanned_steps.py": {},
    "model.py": {},
    "losses.py": {"idiomatic": IDIOMATIC, "_softmax_twice": OWN},
    "rounding.py": {},
    "augmentation.py": {},
    "device.py": {"notes": TELLS, "compiler_options": "of a GPU"},
    "optimizers/__init__.py": {"in_its_ways": OWN},
    "optimizers/clipping.py": {},
    **{f"optimizers/{kind}.py": {"usual": IDIOMATIC} for kind in OPTIMIZERS},
    **{f"layers/{file}.py": {} for file in KINDS.values()},
    "layers/given.py": {},
    "layers/pools/windows.py": {},
    "layers/sequences/loop.py": {},
}
LEFT_OUT = {
    **BESIDE,
    **{f"code/{path.name}": _CODE for path in (_HOME / "code").glob("*.py")},
    **{f"idiomatic/{path.name}": IDIOMATIC for path in (_HOME / "idiomatic").glob("*.py")},
    "defaults.py": OWN,
    "devices.py": SEVERAL,
    "together.py": SEVERAL,
    "optimizers/kinds.py": IMPORTS,
    "profile.py": TELLS,
}
COVERED = {
    "code/built.py __init__: spec.precision in MIXED": BUILT,
    "code/built.py _prepare: on_cpu and self._matched and isinstance(module, nnx.Conv) and "
    "(module.conv_general_dilated is jax.lax.conv_general_dilated)": BUILT,
    "code/built.py _prepare: own is not None and name == 'dtype' and (jnp.dtype(own) != "
    "dtype)": MESSAGE,
    "code/built.py _prepare: own is not None and self._precise and (jnp.dtype(own) == "
    "jnp.float32)": BUILT,
    "code/built.py _called: 'rngs' in inspect.signature(type(module).__call__).parameters": BUILT,
    "code/built.py _take_apart: _is_real(leaf) and leaf.dtype != dtype": BUILT,
    "code/patches.py _attended: not (_precise and _precise[-1]) or query.dtype != "
    "jnp.float64 or query.ndim != 4": BOTH,
    "code/patches.py call: jnp.issubdtype(inputs.dtype, jnp.floating)": KIND,
    "code/recording.py _layer: not jnp.issubdtype(call.made.dtype, jnp.floating)": KIND,
    "code/recording.py call: not kind[0] and type(module) not in patches.LAYERS": KIND,
    "code/views.py _variables: not isinstance(held, nnx.RngState) and "
    "jnp.issubdtype(held.dtype, jnp.floating)": KIND,
    "device.py compiler_options: spec.device is Device.CPU": GPU,
    "devices.py mesh: spec.device is Device.CPU": BUILT,
    "device.py _start: spec.device is Device.CPU": GPU,
    "device.py notes: spec.device is Device.CPU": MESSAGE,
    "device.py prepare: _started[0] != spec.threads and spec.device is Device.CPU and (not "
    "its_own)": BUILT,
    "device.py prepare: spec.device is Device.CPU": GPU,
    "layers/convolutions/conv2d.py convolved: given.rounding.on_cpu": GPU,
    "matched.py peak_device_memory_bytes: self._spec.device is Device.CPU": MESSAGE,
    "rounding.py _rounded: array.dtype == self.products": ROUNDED,
    "rounding.py _rounded: self.products == jnp.bfloat16": f"{ROUNDED}; test_jax.py",
    "rounding.py factor: self.on_cpu": GPU,
    "rounding.py product: self.on_cpu": GPU,
    "scanned_steps.py _step: self._spec.report_step_details": DETAILS,
}


# There is one loop: of its own ones there is none that calls a step for its users.
UNREAD = {"loop"}
LOSSES = {"scanned_steps": {"mean", "each", "accuracy"}}
STEPS = dict.fromkeys(("default", "compiled", "augmented"), "ScannedSteps")
DTYPES = "jax.numpy"
ALWAYS_COMPILED = True


def begin(spec):
    from services.jax import device  # noqa: PLC0415 - where it is

    device.prepare(spec)


def compile_shortly(folder):
    """Compile each program once."""
    import jax  # noqa: PLC0415 - where it is

    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def compile_for_mutants():
    """Compile each program once: of trials only here the process is the same."""
    import jax  # noqa: PLC0415 - where it is

    compiled = tempfile.TemporaryDirectory(prefix="compiled-")
    compile_shortly(compiled.name)
    jax.config.update("jax_disable_most_optimizations", True)
    return lambda _, kept=compiled: None


def load_all():
    """Nothing that a matched job takes is imported late."""


def count_traces(_):
    from jax import monitoring  # noqa: PLC0415 - where it is

    traces = []

    def heard(event, *_, **__):
        if event == "/jax/core/compile/backend_compile_duration":
            traces.append(None)

    monitoring.register_event_duration_secs_listener(heard)
    return traces


def array(numbers):
    import jax  # noqa: PLC0415 - where it is

    return jax.numpy.asarray(numbers)


def augmenting(job, _):
    from services.jax import augmentation  # noqa: PLC0415 - where it is

    return augmentation.augment(job)


def updated(spec, starts, gradients, _):
    import jax  # noqa: PLC0415 - where it is

    from services.jax import optimizers  # noqa: PLC0415
    from services.model.optimizers import schedule  # noqa: PLC0415

    held = list(map(jax.numpy.array, starts))
    slots = optimizers.slots(spec, held)
    plans = np.stack(schedule(spec, 0, len(gradients)), 1)

    def step(state, given):
        return optimizers.updated(spec, *state, *given), None

    found = [jax.numpy.stack(each) for each in zip(*gradients, strict=True)]
    return list(jax.jit(lambda *a: jax.lax.scan(step, *a))((held, slots), (found, plans))[0][0])
