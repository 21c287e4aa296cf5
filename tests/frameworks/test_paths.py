"""Which of several equivalent ways a job takes: no certificate can tell them apart."""

import importlib

import numpy as np
import pytest
from twinrun.contract.enums import Execution, Loop, OwnWay, Precision
from twinrun.contract.layers import BatchNorm
from twinrun.contract.optimizers import Adam, AdamW, Optimizer, Sgd

from tests.each import of
from tests.frameworks import jobs

EAGER = {"execution": Execution.EAGER}
AUGMENTED = {"augmentation": jobs.AUGMENTATION}
PIPELINE = {"own_ways": frozenset({OwnWay.DATA_PIPELINE})}
CHANGES = {
    "default": {},
    "eager": EAGER,
    "compiled": {"execution": Execution.COMPILED},
    "augmented": AUGMENTED,
    "augmented, eager": EAGER | AUGMENTED,
    "pipeline": PIPELINE,
    "pipeline, eager": EAGER | PIPELINE,
}
KERNELS = ("pytorch", "tensorflow")  # which have some for what is usual
KINDS = {"sgd": Sgd(), "momentum": Sgd(0.9), "adam": Adam(), "adamw": AdamW()}


def made(framework, **changes):
    job = jobs.spec(layers=jobs.SHALLOW, **changes)
    return framework.Trainer(job, jobs.data(job.precision), jobs.weights(job))


@pytest.mark.parametrize("case", CHANGES)
def test_a_job_takes_the_steps_that_it_names(framework, name, case):
    steps = made(framework, **CHANGES[case])._steps
    assert type(steps).__name__ == of(name).STEPS[case]


@pytest.mark.parametrize("case", ["default", "eager", "compiled"])
def test_tensorflow_makes_graphs_of_all_but_eager_jobs_and_xla_compiles_what_says_so(
    framework, name, case
):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    trainer = made(framework, **CHANGES[case])
    assert hasattr(trainer._logits, "get_concrete_function") == (case != "eager")
    if case != "eager":
        assert trainer._steps._chunk._jit_compile is (case == "compiled")


@pytest.mark.parametrize("execution", Execution)
def test_tensorflow_compiles_around_convolutions_and_leaves_their_loop_an_ordinary_graph(
    framework, name, execution
):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    from services.tensorflow import device  # noqa: PLC0415 - whichever is there

    job = jobs.spec(layers=jobs.CONVOLUTIONS, execution=execution)
    trainer = framework.Trainer(job, jobs.data(), jobs.weights(job))
    compiled = execution is Execution.COMPILED
    steps = trainer._steps
    assert hasattr(steps._update, "get_concrete_function") is compiled
    assert ("except convolutions" in device.notes(job)) is compiled
    if execution is not Execution.EAGER:
        assert not steps._chunk._jit_compile


@pytest.mark.parametrize("case", ["augmented", "augmented, eager"])
def test_tensorflow_resamples_by_xla_but_in_eager_jobs(name, case):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    import tensorflow as tf  # noqa: PLC0415 - whichever is there

    from services.tensorflow import augmentation  # noqa: PLC0415

    job = jobs.spec(layers=jobs.SHALLOW, **CHANGES[case])
    made = augmentation.resampling(job, tf.constant(jobs.data().train_images))
    assert getattr(made, "_jit_compile", None) is (True if case == "augmented" else None)


@pytest.mark.parametrize("case", ["pipeline", "pipeline, eager"])
def test_tensorflow_takes_a_pipeline_s_steps_by_a_graph_but_in_eager_jobs(framework, name, case):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    steps = made(framework, **CHANGES[case])._steps
    assert hasattr(steps._step_on, "get_concrete_function") == (case == "pipeline")


@pytest.mark.parametrize("loop", Loop)
@pytest.mark.parametrize("kind", KINDS)
def test_a_usual_loop_updates_by_the_framework_s_kernel_and_a_custom_one_by_hand(
    framework, name, kind, loop
):
    if name not in KERNELS:
        pytest.skip("it has no kernel for an update: both loops are by the same operations")
    steps = made(framework, optimizer=Optimizer(KINDS[kind], 0.01), loop=loop)._steps
    if name == "tensorflow":
        by_hand = steps._update.__name__ == "update_plainly"
    else:
        by_hand = type(steps._optimizer).__name__ == "Written"
        assert by_hand or steps._optimizer.defaults["fused"]
    assert by_hand == (loop is Loop.CUSTOM)


@pytest.mark.parametrize("kind", ["adam", "adamw"])
@pytest.mark.parametrize("case", ["one thread", "small", "op by op", "large"])
def test_tensorflow_s_kernel_of_adam_is_not_for_arrays_that_it_shares_badly(
    name, kind, case, monkeypatch
):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    import tensorflow as tf  # noqa: PLC0415 - as above

    from services.tensorflow import optimizers  # noqa: PLC0415 - as above

    called = []
    original = tf.raw_ops.ResourceApplyAdam
    monkeypatch.setattr(
        tf.raw_ops, "ResourceApplyAdam", lambda **given: called.append(1) or original(**given)
    )
    threads = 1 if case == "one thread" else 2
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: threads)
    job, w = Optimizer(KINDS[kind], 0.1), tf.Variable(tf.ones([40_000 if case == "large" else 10]))
    update = optimizers.update if case == "op by op" else tf.function(optimizers.update)
    decayed = 1 - 0.1 * getattr(KINDS[kind], "weight_decay", 0)
    plan = tf.constant(0.1), tf.constant(1e-7), tf.constant(decayed, tf.float32)
    update(job, [w], optimizers.slots(job, [w]), [tf.ones_like(w)], plan)
    assert bool(called) == (case != "small")
    of_m, of_v = (np.float32(1) - np.float32(beta) for beta in (0.9, 0.999))
    np.testing.assert_allclose(w, decayed - 0.1 * of_m / (np.sqrt(of_v) + 1e-7), rtol=1e-6)


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
@pytest.mark.parametrize("shape", [(5, 4, 3, 2), (5, 2)])
def test_batch_norm_is_by_the_kernel_where_that_is_fast_and_plain_where_it_is_to_be_precise(
    framework, name, precision, shape, monkeypatch
):
    if name not in KERNELS:
        pytest.skip("it has no kernel for a batch norm")
    called = []
    single = precision is Precision.FLOAT32
    layer = BatchNorm()
    if name == "pytorch":
        import torch  # noqa: PLC0415 - whichever is there

        from services.pytorch.layers.norms import batch_norm  # noqa: PLC0415

        original = torch.batch_norm
        monkeypatch.setattr(torch, "batch_norm", lambda *a: called.append(a) or original(*a))
        x = torch.rand(shape, dtype=torch.float32 if single else torch.float64)
        batch_norm.by_batch(layer, x, x.new_ones(2), x.new_zeros(2))
        assert bool(called) == single
        return
    import tensorflow as tf  # noqa: PLC0415

    from services.tensorflow.layers.norms import batch_norm  # noqa: PLC0415

    original = tf.raw_ops.FusedBatchNormV3
    monkeypatch.setattr(
        tf.raw_ops, "FusedBatchNormV3", lambda **a: called.append(a) or original(**a)
    )
    x = tf.random.uniform(shape, dtype=tf.float32 if single else tf.float64)
    scale, offset = tf.Variable(tf.ones(2, x.dtype)), tf.Variable(tf.zeros(2, x.dtype))
    for compiled in (False, True):
        called.clear()
        batch_norm.by_batch(layer, x, scale, offset, compiled=compiled)
        assert bool(called) == (single and len(shape) == 4 and not compiled)


@pytest.mark.parametrize("case", ["default", "compiled"])
def test_tensorflow_s_kernel_of_batch_norm_is_not_in_what_xla_compiles(
    framework, name, case, monkeypatch
):
    if name != "tensorflow":
        pytest.skip("TensorFlow's")
    import tensorflow as tf  # noqa: PLC0415 - whichever is there

    called = []
    original = tf.raw_ops.FusedBatchNormV3
    monkeypatch.setattr(
        tf.raw_ops, "FusedBatchNormV3", lambda **a: called.append(a) or original(**a)
    )
    job = jobs.spec(layers=jobs.NORMALISED, precision=Precision.FLOAT32, **CHANGES[case])
    trainer = framework.Trainer(job, jobs.data(job.precision), jobs.weights(job))
    trainer._steps._chunk.get_concrete_function()  # traced, and not compiled
    assert bool(called) == (case == "default")


def test_products_are_made_in_the_precision_that_the_job_names(name):
    device = importlib.import_module(f"services.{name}.device")
    framework = importlib.import_module(of(name).DTYPES)
    assert {precision: getattr(framework, precision) for precision in Precision} == device.PRODUCTS
