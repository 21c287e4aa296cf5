"""What the tests must know of PyTorch."""

from contextlib import nullcontext
from pathlib import Path

from twinrun.contract.enums import Execution

from tests.each.reasons import (
    BESIDE,
    BOTH,
    BUILT,
    DETAILS,
    DEVICES,
    EXECUTIONS,
    GPU,
    GRAPHS,
    IDIOMATIC,
    IMPORTS,
    KIND,
    MATCHED,
    MESSAGE,
    NO_CODE,
    OWN,
    OWN_WAY,
    REFUSES,
    ROUNDED,
    SCALED,
    SEVERAL,
    TELLS,
    TIMES,
)
from tests.mutants.kinds import FAMILIES, KINDS, OPTIMIZERS

_HOME = Path(__file__).parents[2] / "services/pytorch"
_CAPTURED = "on a GPU alone; with a stand-in for its graphs: tests/frameworks/test_captured.py"
_CODE = "a model of users' code is no job of these; tests/frameworks/pytorch_code has its faults"
_MADE = {"idiomatic": IDIOMATIC}
_HELD = {**_MADE, "held": IDIOMATIC}
_WITH_ARRAYS = (
    *("dense", "embedding"),
    *(*FAMILIES["convolutions"], *FAMILIES["norms"], *FAMILIES["sequences"]),
)
# Layers with a class of their own for the idiomatic recipe.
_CLASSES = {
    "convolutions/conv1d": {**_HELD, "SequenceConv1d": IDIOMATIC},
    "convolutions/conv2d": {**_HELD, "PaddedConv2d": IDIOMATIC},
    "convolutions/conv2d_transpose": {**_HELD, "CutConvTranspose2d": IDIOMATIC},
    "norms/batch_norm": {**_HELD, "SequenceBatchNorm": IDIOMATIC},
    "pools/global_average_pool2d": {**_MADE, "GlobalAveragePool2d": IDIOMATIC},
    "pools/global_max_pool2d": {**_MADE, "GlobalMaxPool2d": IDIOMATIC},
    "pools/global_average_pool1d": {**_MADE, "Mean": IDIOMATIC},
    "pools/global_max_pool1d": {**_MADE, "Largest": IDIOMATIC},
    "products/custom_dense": {**_HELD, "CustomDense": IDIOMATIC},
    "sequences/lstm": {**_HELD, "Memory": IDIOMATIC},
    "sequences/gru": {**_HELD, "Gates": IDIOMATIC, "ResetBefore": IDIOMATIC},
    "sequences/bidirectional": {**_HELD, "BothWays": IDIOMATIC},
    "sequences/padded": {"packed": IDIOMATIC},
    "sequences/sinusoidal_positions": {**_MADE, "Waves": IDIOMATIC},
    "sequences/last_step": {**_MADE, "Last": IDIOMATIC},
    "sequences/position_embedding": {**_HELD, "Positions": IDIOMATIC},
    "sequences/multi_head_attention": {**_HELD, "ToItself": IDIOMATIC},
    "shaping/to_sequence": {**_MADE, "Pixels": IDIOMATIC},
}

MUTATED = {
    "matched.py": MATCHED,
    "model.py": dict.fromkeys(
        ("sequential", "_module", "_several", "module_of", "held"), IDIOMATIC
    ),
    "losses.py": {
        "idiomatic": IDIOMATIC,
        "_OfPositions": IDIOMATIC,
        "_index": IDIOMATIC,
        "_softmax_twice": OWN,
    },
    "optimizers/__init__.py": {
        "idiomatic": IDIOMATIC,
        "title": TELLS,
        "in_its_ways": OWN,
        "with_own_epsilon": OWN,
    },
    "optimizers/clipping.py": {"clip_as_users_do": IDIOMATIC},
    "optimizers/own.py": {},
    "optimizers/written.py": {},
    **{f"optimizers/{kind}.py": {} for kind in OPTIMIZERS},
    "eager_steps.py": {"EagerSteps.waited": TIMES},
    "compiled_steps.py": {"CompiledSteps.waited": TIMES},
    "graphs/pieces.py": {},
    **{f"layers/{file}.py": _MADE for file in KINDS.values()},
    **{f"layers/{KINDS[kind]}.py": _HELD for kind in _WITH_ARRAYS},
    **{f"layers/{file}.py": left for file, left in _CLASSES.items()},
    "layers/given.py": {},
    "layers/axes.py": {},
    "augmentation.py": {},
    "device.py": {"notes": TELLS, "_require_one_rounding": REFUSES},
    "pipeline.py": {"_augmenting": IDIOMATIC},
    "pipeline_steps.py": {"PipelineSteps.waited": TIMES},
}
LEFT_OUT = {
    **BESIDE,
    **{f"code/{path.name}": _CODE for path in (_HOME / "code").glob("*.py")},
    **{f"devices/{path.name}": SEVERAL for path in (_HOME / "devices").glob("*.py")},
    "graphs/__init__.py": NO_CODE,
    "graphs/captured.py": _CAPTURED,
    "graphs/captured_steps.py": _CAPTURED,
    "defaults.py": OWN,
    "idiomatic.py": IDIOMATIC,
    "optimizers/kinds.py": IMPORTS,
    "layers/nests.py": IDIOMATIC,
    "layers/orders.py": IDIOMATIC,
    "profile.py": TELLS,
}
COVERED = {
    "code/built.py __init__: matched and spec.precision in MIXED": BUILT,
    "code/built.py __init__: spec.precision is Precision.FLOAT64": BUILT,
    "code/kinds.py of_call: mask.dtype is torch.bool": KIND,
    "code/kinds.py of_call: padding.dtype is torch.bool": KIND,
    "code/patches.py _by_batch: x.dtype == torch.float64": BOTH,
    "code/widening.py __torch_function__: asks and (torch.compiler.is_compiling() or not "
    "within_checkpoint())": "pytorch_code/test_widening: compiled, and within a checkpoint",
    "layers/norms/batch_norm.py by_batch: torch.compiler.is_compiling() or x.dtype == "
    "torch.float64": f"{BOTH}; {EXECUTIONS}",
    "compiled_steps.py steps: spec.report_step_details": DETAILS,
    "compiled_steps.py run: self._warm": "a recompilation is an error: test_recompilation",
    "code/compiled_steps.py run: self._warm": "a recompilation is an error: test_compiled",
    "compiled_steps.py __init__: on_gpu": GRAPHS,
    "device.py prepare: spec.device is Device.CPU": GPU,
    "device.py _require_one_rounding: spec.precision not in MIXED or spec.recipe is not "
    "Recipe.MATCHED": BUILT,
    "device.py _require_one_rounding: convolves(spec.layers) or spec.precision is "
    "Precision.BFLOAT16": BUILT,
    "device.py require_devices: spec.device is Device.CUDA": BUILT,
    "devices/collectives.py backend: spec.device is Device.CPU": BUILT,
    "devices/steps.py step: self._details": DEVICES,
    "device.py synchronize: device.type == 'cuda'": GPU,
    "device.py notes: spec.execution is Execution.COMPILED": MESSAGE,
    "device.py notes: spec.device is Device.CPU": MESSAGE,
    "device.py notes: spec.device is Device.CUDA and (compiled_on_gpu or OwnWay.CUDA_GRAPH "
    "in spec.own_ways)": MESSAGE,
    "compiled_steps.py computed: gradient_scale != 1": SCALED,
    "eager_steps.py _backward: self._gradient_scale == 1": SCALED,
    "eager_steps.py step: self._details": DETAILS,
    "eager_steps.py step: self._gradient_scale != 1": SCALED,
    "losses.py idiomatic: spec.precision is Precision.FLOAT64": "idiomatic recipe's own",
    "matched.py __init__: spec.execution is Execution.COMPILED": EXECUTIONS,
    "matched.py peak_device_memory_bytes: self._device.type == 'cuda'": MESSAGE,
    "layers/convolutions/conv2d.py computed: given.products is kernel.dtype": ROUNDED,
    "layers/sequences/gru.py run: recurrent_bias is None or given.products is not "
    "kernel.dtype": ROUNDED,
    "layers/sequences/lstm.py run: given.products is not kernel.dtype": ROUNDED,
    "layers/sequences/multi_head_attention.py computed: mask is not None or given.products "
    "is not x.dtype": ROUNDED,
    "layers/products/dense.py product: bias is not None and products is kernel.dtype": ROUNDED,
    "pipeline_steps.py run: not self._warm": OWN_WAY,
}


UNREAD = set()
LOSSES = {
    "eager_steps": {"mean", "each", "accuracy"},
    "compiled_steps": {"mean", "each", "accuracy"},
    "idiomatic": {"idiomatic"},
}
STEPS = {
    "default": "EagerSteps",
    "eager": "EagerSteps",
    "compiled": "CompiledSteps",
    "augmented": "EagerSteps",
    "augmented, eager": "EagerSteps",
    "pipeline": "PipelineSteps",
    "pipeline, eager": "PipelineSteps",
}
DTYPES = "torch"
ALWAYS_COMPILED = False


def begin(_):
    """Its threads may be set again at any time."""


def compile_shortly(_):
    """Have the C++ of compiled graphs built without optimisations, and without SIMD.

    As plain loops, a graph takes a third less to compile than by -O1 and with vectors: it is
    written once, not for vectors and for the rest.
    """
    from torch._inductor import config, cpp_builder  # noqa: PLC0415 - where it is

    config.cpp.simdlen = 1
    config.aot_inductor.compile_wrapper_opt_level = "O0"
    flags = cpp_builder._get_optimization_cflags
    cpp_builder._get_optimization_cflags = lambda compiler, _least=False: flags(compiler, True)


def compile_for_mutants():
    """Run what would be compiled: this is what a mutant changes, and a compilation takes long."""
    import torch  # noqa: PLC0415 - where it is

    torch.compile = lambda function, **_: function
    torch.compiler.set_stance = lambda *_: nullcontext()
    is_compiling = torch.compiler.is_compiling

    def before(job):
        compiled = job.get("execution") == f"EXECUTION_{Execution.COMPILED.name}"
        torch.compiler.is_compiling = (lambda: True) if compiled else is_compiling

    return before


def load_all():
    from services.pytorch import pipeline_steps  # noqa: F401, PLC0415 - where it is


def count_traces(monkeypatch):
    from torch._dynamo import convert_frame  # noqa: PLC0415 - where it is

    traces, original = [], convert_frame.compile_frame

    def counted(*args, **kwargs):
        traces.append(None)
        return original(*args, **kwargs)

    monkeypatch.setattr(convert_frame, "compile_frame", counted)
    return traces


def array(numbers):
    import torch  # noqa: PLC0415 - where it is

    return torch.from_numpy(numbers)


def augmenting(job, images):
    from services.pytorch import augmentation  # noqa: PLC0415 - where it is

    return augmentation.augment(job, images)


def updated(spec, starts, gradients, loop):
    import torch  # noqa: PLC0415 - where it is

    from services.pytorch import optimizers  # noqa: PLC0415

    held = [torch.tensor(start, requires_grad=True) for start in starts]
    made = optimizers.optimizer(spec, held, loop)
    for found in gradients:
        for parameter, gradient in zip(held, found, strict=True):
            parameter.grad = torch.tensor(gradient)
        made.step()
    return [parameter.detach().numpy() for parameter in held]
