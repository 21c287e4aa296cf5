"""Where a trainer's arithmetic asks for a dtype, an execution, a device or step details.

What is certified is what is timed only where each branch is on a path that a certificate takes, or
that a test of `tests/frameworks` holds against the reference. A new branch joins this list.
"""

import ast
from pathlib import Path

SERVICES = Path(__file__).parents[3] / "services"
_STEPS = ("compiled_steps", "eager_steps", "pipeline_steps")
STEPS = {"pytorch": _STEPS, "tensorflow": _STEPS, "jax": ("rounding", "scanned_steps")}
# Modules of the matched recipe that compute; what others ask changes no number of a matched job.
COMPUTING = {
    framework: (
        *("augmentation", "device", "losses", "matched", "model"),
        *(("devices",) if framework == "jax" else ()),
        *STEPS[framework],
        *sorted(f"graphs/{path.stem}" for path in (SERVICES / framework / "graphs").glob("*.py")),
        *sorted(
            path.relative_to(SERVICES / framework).with_suffix("").as_posix()
            for folder in ("layers", "optimizers", "code", "devices")
            for path in (SERVICES / framework / folder).rglob("*.py")
        ),
    )
    for framework in STEPS
}
ASKED = {
    *("MIXED", "gradient_scale", "_gradient_scale"),
    *("Device", "Execution", "Precision", "compiled", "dtype", "eager", "is_compiling"),
    *(
        "kernels",
        "on_cpu",
        "on_gpu",
        "products",
        "report_step_details",
        "_details",
        "_warm",
        "type",
    ),
}
BOTH = "each side of it is in the certificate of a job: float64, and the precision that is timed"
TIMED = "the certificate's trials in the precision and execution in which the job is timed"
EXECUTIONS = "tests/frameworks/test_arithmetic: every execution against the reference, in both"
DETAILS = "tests/frameworks/test_details: with and without step details, to the last bit"
GPU = "on a GPU alone: the certificate runs on the device of the job"
ROUNDED = "bfloat16: test_arithmetic against the reference, and the certificate's timed trials"
GRAPHS = "on a GPU alone: tests/frameworks/test_captured, and bench.gpu on one"
MESSAGE = "words, no arithmetic"
OWN_WAY = "an own way, of which there is no certificate: test_own_ways"
BUILT = "before anything is computed: what is made, or refused"
KIND = "the kind of a layer or array, which names what is compared"
DEVICES = "tests/frameworks/test_devices: with and without step details"
SCALED = "float16: tests/frameworks/test_loss_scale, in each execution"
# Each place, and what covers it.
COVERED = {
    "pytorch/code/built.py __init__: matched and spec.precision in MIXED": BUILT,
    "pytorch/code/built.py __init__: spec.precision is Precision.FLOAT64": BUILT,
    "pytorch/code/kinds.py of_call: mask.dtype is torch.bool": KIND,
    "pytorch/code/kinds.py of_call: padding.dtype is torch.bool": KIND,
    "pytorch/code/patches.py _by_batch: x.dtype == torch.float64": BOTH,
    "jax/code/built.py __init__: spec.precision in MIXED": BUILT,
    "jax/code/built.py _prepare: on_cpu and self._matched and isinstance(module, nnx.Conv) and "
    "(module.conv_general_dilated is jax.lax.conv_general_dilated)": BUILT,
    "jax/code/built.py _prepare: own is not None and name == 'dtype' and "
    "(jnp.dtype(own) != dtype)": MESSAGE,
    "jax/code/built.py _prepare: own is not None and self._precise and "
    "(jnp.dtype(own) == jnp.float32)": BUILT,
    "jax/code/built.py _called: "
    "'rngs' in inspect.signature(type(module).__call__).parameters": BUILT,
    "jax/code/built.py _take_apart: _is_real(leaf) and leaf.dtype != dtype": BUILT,
    "jax/code/patches.py _attended: not (_precise and _precise[-1]) or "
    "query.dtype != jnp.float64 or query.ndim != 4": BOTH,
    "jax/code/patches.py call: jnp.issubdtype(inputs.dtype, jnp.floating)": KIND,
    "jax/code/recording.py _layer: not jnp.issubdtype(call.made.dtype, jnp.floating)": KIND,
    "jax/code/recording.py call: not kind[0] and type(module) not in patches.LAYERS": KIND,
    "jax/code/views.py _variables: not isinstance(held, nnx.RngState) and "
    "jnp.issubdtype(held.dtype, jnp.floating)": KIND,
    "tensorflow/code/kinds.py _kind: cls in _KINDS and type(layer).call is cls.call": KIND,
    "tensorflow/code/model.py __init__: spec.precision in MIXED": BUILT,
    "tensorflow/code/patches.py idiomatic: self._precision is Precision.FLOAT64": BUILT,
    "tensorflow/code/patches.py _replacements: self._precision is Precision.FLOAT64": BOTH,
    "tensorflow/code/patches.py cast: "
    "isinstance(x, float) and tf.as_dtype(dtype) == tf.float64": BOTH,
    "tensorflow/code/patches.py call: "
    "not (plain and inputs.dtype in (tf.float32, tf.float64))": BOTH,
    "tensorflow/code/trace.py _notes: np.dtype(dtype) != job": MESSAGE,
    "tensorflow/code/trace.py _of_own_steps: "
    "getattr(type(model), name) is not getattr(keras.Model, name)": MESSAGE,
    "tensorflow/code/views.py _variants: "
    "len(view.shape) == 2 and (not type(layer).__module__.startswith('keras.'))": KIND,
    "jax/device.py compiler_options: spec.device is Device.CPU": GPU,
    "jax/devices.py mesh: spec.device is Device.CPU": BUILT,
    "jax/device.py _start: device is Device.CPU": GPU,
    "jax/device.py notes: spec.device is Device.CPU": MESSAGE,
    "jax/device.py prepare: "
    "_started[0] != spec.threads and spec.device is Device.CPU and (not its_own)": BUILT,
    "jax/device.py prepare: spec.device is Device.CPU": GPU,
    "jax/layers/convolutions/conv2d.py convolved: given.rounding.on_cpu": GPU,
    "jax/matched.py peak_device_memory_bytes: self._spec.device is Device.CPU": MESSAGE,
    "jax/rounding.py _rounded: array.dtype == self.products": ROUNDED,
    "jax/rounding.py _rounded: self.products == jnp.bfloat16": f"{ROUNDED}; test_jax.py",
    "jax/rounding.py factor: self.on_cpu": GPU,
    "jax/rounding.py product: self.on_cpu": GPU,
    "jax/scanned_steps.py _step: self._spec.report_step_details": DETAILS,
    "pytorch/layers/norms/batch_norm.py by_batch: "
    "torch.compiler.is_compiling() or x.dtype == torch.float64": f"{BOTH}; {EXECUTIONS}",
    "pytorch/compiled_steps.py steps: spec.report_step_details": DETAILS,
    "pytorch/compiled_steps.py run: self._warm": "a recompilation is an error: test_recompilation",
    "pytorch/code/compiled_steps.py run: self._warm": "a recompilation is an error: test_compiled",
    "pytorch/compiled_steps.py __init__: on_gpu": GRAPHS,
    "pytorch/device.py prepare: spec.device is Device.CPU": GPU,
    "pytorch/device.py _require_one_rounding: spec.precision not in MIXED "
    "or spec.recipe is not Recipe.MATCHED": BUILT,
    "pytorch/device.py _require_one_rounding: convolves(spec.layers) "
    "or spec.precision is Precision.BFLOAT16": BUILT,
    "pytorch/device.py require_devices: spec.device is Device.CUDA": BUILT,
    "pytorch/devices/collectives.py backend: spec.device is Device.CPU": BUILT,
    "pytorch/devices/steps.py step: self._details": DEVICES,
    "pytorch/device.py synchronize: device.type == 'cuda'": GPU,
    "pytorch/device.py notes: spec.execution is Execution.COMPILED": MESSAGE,
    "pytorch/device.py notes: spec.device is Device.CPU": MESSAGE,
    "pytorch/device.py notes: spec.device is Device.CUDA "
    "and (compiled_on_gpu or OwnWay.CUDA_GRAPH in spec.own_ways)": MESSAGE,
    "pytorch/compiled_steps.py computed: gradient_scale != 1": SCALED,
    "pytorch/eager_steps.py _backward: self._gradient_scale == 1": SCALED,
    "pytorch/eager_steps.py step: self._details": DETAILS,
    "pytorch/eager_steps.py step: self._gradient_scale != 1": SCALED,
    "pytorch/losses.py idiomatic: spec.precision is Precision.FLOAT64": "idiomatic recipe's own",
    "pytorch/matched.py __init__: spec.execution is Execution.COMPILED": EXECUTIONS,
    "pytorch/matched.py peak_device_memory_bytes: self._device.type == 'cuda'": MESSAGE,
    "pytorch/layers/convolutions/conv2d.py computed: given.products is kernel.dtype": ROUNDED,
    "pytorch/layers/sequences/gru.py run: "
    "recurrent_bias is None or given.products is not kernel.dtype": ROUNDED,
    "pytorch/layers/sequences/lstm.py run: given.products is not kernel.dtype": ROUNDED,
    "pytorch/layers/sequences/multi_head_attention.py computed: "
    "mask is not None or given.products is not x.dtype": ROUNDED,
    "pytorch/layers/products/dense.py product: "
    "bias is not None and products is kernel.dtype": ROUNDED,
    "pytorch/pipeline_steps.py run: not self._warm": OWN_WAY,
    "tensorflow/augmentation.py resampling: spec.execution is Execution.EAGER": EXECUTIONS,
    "tensorflow/layers/norms/batch_norm.py by_batch: "
    "x.shape.rank == 4 and x.dtype == tf.float32 and (not compiled)": f"{BOTH}; {EXECUTIONS}",
    "tensorflow/device.py prepare: spec.device is Device.CPU": GPU,
    "tensorflow/devices/steps.py _strategy: on_cpu": "how sums are exchanged, which are the same",
    "tensorflow/matched.py _made_steps: self._spec.execution is Execution.EAGER": EXECUTIONS,
    "tensorflow/device.py names: spec.device is Device.CPU": BUILT,
    "tensorflow/devices/replica.py share: self._spec.report_step_details": DEVICES,
    "tensorflow/devices/steps.py _loop: self._spec.report_step_details": DEVICES,
    "tensorflow/device.py _require_one_rounding: spec.precision not in MIXED "
    "or spec.recipe is not Recipe.MATCHED": BUILT,
    "tensorflow/device.py _require_one_rounding: convolves(spec.layers) "
    "or spec.precision is Precision.BFLOAT16": BUILT,
    "tensorflow/device.py notes: spec.device is Device.CPU": MESSAGE,
    "tensorflow/matched.py __init__: eager": EXECUTIONS,
    "tensorflow/matched.py peak_device_memory_bytes: self._spec.device is Device.CPU": MESSAGE,
    "tensorflow/model.py run: kernels": EXECUTIONS,
    "tensorflow/pipeline_steps.py __init__: spec.execution is not Execution.EAGER": OWN_WAY,
    "tensorflow/pipeline_steps.py normalised: samples.dtype == tf.uint8": OWN_WAY,
    "tensorflow/pipeline_steps.py _run: not self._warm": OWN_WAY,
    "tensorflow/eager_steps.py __init__: kernels": f"{TIMED}; {EXECUTIONS}",
    "tensorflow/eager_steps.py _computed: gradient_scale == 1": SCALED,
    "tensorflow/eager_steps.py dense: gradient_scale == 1": SCALED,
    "tensorflow/eager_steps.py _step_on: self._spec.report_step_details": DETAILS,
}


def conditions(tree):
    """Each condition, with the name of the innermost function around it."""

    def walk(node, function):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
            yield function, node.test
        if isinstance(node, ast.comprehension):
            yield from ((function, each) for each in node.ifs)
        if isinstance(node, ast.Match):
            yield function, node.subject
        for child in ast.iter_child_nodes(node):
            yield from walk(child, function)

    yield from walk(tree, "")


def asks(condition):
    found = {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(condition)
        if isinstance(node, ast.Name | ast.Attribute)
    }
    return bool(found & ASKED)


def places(source, module):
    return [
        f"{module} {function}: {ast.unparse(condition)}"
        for function, condition in conditions(ast.parse(source))
        if asks(condition)
    ]


def test_every_branch_by_dtype_execution_device_or_details_is_listed_with_what_covers_it():
    found = [
        place
        for framework, modules in COMPUTING.items()
        for name in modules
        for place in places(
            (SERVICES / framework / f"{name}.py").read_text(), f"{framework}/{name}.py"
        )
    ]
    assert sorted(set(found)) == sorted(COVERED)


def test_a_branch_that_is_planted_is_found():
    planted = "def _dense(x):\n    return 1.0001 * x if x.dtype == torch.float32 else x\n"
    assert places(planted, "model.py") == ["model.py _dense: x.dtype == torch.float32"]


def test_no_computing_module_is_left_out():
    """What of a framework's folder is not listed computes nothing of a matched job."""
    others = {
        *("__init__", "defaults", "environment", "idiomatic", "measure", "pipeline", "profile"),
        "summary",
    }
    for framework, modules in COMPUTING.items():
        folder = SERVICES / framework
        there = {
            path.relative_to(folder).with_suffix("").as_posix()
            for path in folder.rglob("*.py")
            if path.parent.name != "idiomatic"  # of the other recipe
        }
        assert there - set(modules) <= others, framework


def asks_for_loop(code: str) -> bool:
    nodes = ast.walk(ast.parse(code))
    return any(isinstance(node, ast.Attribute) and node.attr == "loop" for node in nodes)


def test_jax_has_one_program_for_both_loops():
    """So tests/frameworks tries one of them."""
    assert asks_for_loop("own = self._spec.loop is Loop.CUSTOM")
    for folder in ("jax", "trial", "model"):
        for path in (SERVICES / folder).rglob("*.py"):
            assert not asks_for_loop(path.read_text()), path
