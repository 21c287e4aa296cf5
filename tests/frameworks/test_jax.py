"""What is JAX's alone: threads that hold, what it refuses, and what it compiles."""

import itertools
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from twinrun.contract.enums import (
    ActivationFunction,
    Device,
    Execution,
    Loop,
    OwnWay,
    Precision,
    Recipe,
    TargetKind,
)
from twinrun.contract.layers import Activation, GlobalMaxPool2d, MaxPool2d
from twinrun.contract.spec import Arrays, Dataset

from services.errors import DeviceUnavailable, OutOfMemory, Unsupported
from services.frameworks import FRAMEWORKS
from services.trial import child
from tests.frameworks import jobs


@pytest.fixture(autouse=True)
def _only_in_jax(name):
    if name != "jax":
        pytest.skip("JAX's")


# In a process of its own: XLA makes its pool once. Products of 512 by 512 are shared among threads.
THREADS = """
import sys
from pathlib import Path
import services.jax
from tests.frameworks import jobs
from twinrun.contract.layers import Dense, Flatten

layers = (Flatten(), Dense(512), Dense(512), Dense(jobs.CLASSES))
job = jobs.spec(threads=int(sys.argv[1]), layers=layers)
trainer = services.jax.Trainer(job, jobs.data(), jobs.weights(job))
for epoch in range(5):
    list(trainer.train_epoch(epoch))
used = 0
for task in Path("/proc/self/task").iterdir():
    took = int((task / "schedstat").read_text().split()[0])  # nanoseconds on a CPU
    used += (task / "comm").read_text().startswith("tf_XLAEigen") and took > 0
print(used)
"""


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_threads_than_the_jobs_compute(threads):
    done = subprocess.run(
        [sys.executable, "-c", THREADS, str(threads)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 1 <= int(done.stdout) <= threads


IMAGES = Dataset(
    "file", arrays=Arrays("0" * 64, 1, 1, 1, (2, 2, 1), TargetKind.CLASS, 5, files=True)
)
REFUSED = {
    "execution": {"execution": Execution.EAGER},
    "own_ways": {"own_ways": (OwnWay.LOSS_READ, OwnWay.ACCURACY)},
    "dataset.arrays.files": {"recipe": Recipe.IDIOMATIC, "dataset": IMAGES},
    "devices": {"devices": 3, "batch_size": 16},
}


@pytest.mark.parametrize("field", REFUSED)
def test_what_it_lacks_is_refused_in_a_sentence_that_says_what_to_do(framework, field):
    job, data = jobs.spec(**REFUSED[field]), jobs.data()
    with pytest.raises(Unsupported, match=r"; (take|leave|give) ") as refused:
        framework.Trainer(job, data, jobs.weights(jobs.spec()))
    assert refused.value.metadata == {"field": field}


def test_what_it_lacks_is_what_its_entry_says(name):
    assert FRAMEWORKS[name].lacks == REFUSED.keys()


def test_only_the_own_ways_that_it_lacks_are_named(framework):
    job = jobs.spec(**REFUSED["own_ways"])
    with pytest.raises(Unsupported, match=r"has accuracy \(JAX's users"):
        framework.Trainer(job, jobs.data(), jobs.weights(job))


WAYS = (OwnWay.THREADS, OwnWay.SAME_PADDING, OwnWay.DENORMALS, OwnWay.MEMORY_LAYOUT)


@pytest.mark.parametrize("way", [OwnWay.LOSS_READ, OwnWay.JIT_COMPILE, *WAYS[1:]])
def test_own_ways_that_it_has_change_no_number(framework, way):
    found, plain = (
        jobs.train(framework, jobs.spec(layers=jobs.SHALLOW, own_ways=ways, epochs=2))
        for ways in ((way,), ())
    )
    np.testing.assert_allclose(found.losses, plain.losses, rtol=1e-13)


@pytest.mark.parametrize("precision", [Precision.BFLOAT16, Precision.FLOAT16])
def test_a_product_is_rounded_where_xla_makes_one_kernel_of_it_and_of_what_takes_it(precision):
    import jax  # noqa: PLC0415

    from services.jax import device  # noqa: PLC0415

    rounding = device.rounding(jobs.spec(precision=precision))
    x = jax.numpy.asarray(np.random.default_rng(0).normal(size=(4, 36, 8)), "float32")

    def shares(x):
        taken = rounding.factor(x)
        scores = rounding.product(jax.numpy.einsum("btc,bsc->bts", taken, taken), x.dtype)
        return jax.nn.softmax(0.5 * scores)

    # Op by op there is a kernel for each, so that nothing can be left out.
    np.testing.assert_allclose(jax.jit(shares)(x), shares(x), rtol=1e-5)


def test_a_matched_job_imports_nothing_of_flax():
    program = "import sys, services.jax; print({'flax', 'optax', 'grain'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"set()\n"


def test_each_epoch_of_grains_has_an_order_of_its_own_and_the_seeds():
    from services.jax.idiomatic import pipeline  # noqa: PLC0415 - Grain is in one environment

    def orders(seed):
        taken = itertools.islice(pipeline.seeds(seed), 3)
        return [[each.record_key for each in pipeline.sampler(9, of)] for of in taken]

    first = orders(1)
    assert all(sorted(order) == list(range(9)) for order in first)
    assert len({tuple(order) for order in first}) == 3
    assert first == orders(1)
    assert first != orders(2)


def test_both_loops_of_the_idiomatic_recipe_are_one_and_in_32_bits(framework):
    import jax  # noqa: PLC0415 - whichever is there

    found = []
    for loop in Loop:
        job = jobs.spec(recipe=Recipe.IDIOMATIC, precision=Precision.FLOAT32, loop=loop)
        job = replace(job, layers=jobs.SHALLOW, batch_size=jobs.SAMPLES)
        made = framework.Trainer(job, jobs.data(job.precision), None)
        found.append([steps.losses for epoch in range(3) for steps in made.train_epoch(epoch)])
        state = jax.tree.leaves(made._optimizer)
        assert not {array.dtype.name for array in state} & {"float64", "int64"}
    np.testing.assert_array_equal(*found)
    assert jax.numpy.zeros(1).dtype == np.float64  # as the process was before


def test_default_and_compiled_are_one_program(framework):
    runs = [
        jobs.train(framework, jobs.spec(layers=jobs.SHALLOW, execution=execution, epochs=2))
        for execution in (Execution.DEFAULT, Execution.COMPILED)
    ]
    np.testing.assert_array_equal(runs[0].losses, runs[1].losses)


def test_float32_stays_float32_where_float64_is_on(framework):
    import jax  # noqa: PLC0415 - whichever is there

    job = jobs.spec(precision=Precision.FLOAT32, layers=jobs.CONVOLUTIONS)
    steps = framework.Trainer(job, jobs.data(job.precision), jobs.weights(job))._steps
    kinds = {array.dtype for array in jax.tree.leaves(steps._state)}
    assert kinds == {np.dtype(np.float32)}
    list(framework.Trainer(job, jobs.data(job.precision), jobs.weights(job)).train_epoch(0))


@pytest.mark.parametrize(
    ("layer", "first"),
    [
        (Activation(ActivationFunction.RELU), None),
        (MaxPool2d(2), [1, 0, 0, 0]),
        (GlobalMaxPool2d(), [1, 0, 0, 0]),
    ],
    ids=["relu", "max_pool2d", "global_max_pool2d"],
)
def test_of_equal_values_the_first_has_the_whole_gradient_and_at_0_a_relu_has_none(layer, first):
    import jax  # noqa: PLC0415 - whichever is there

    from services.jax import device  # noqa: PLC0415
    from services.jax.layers import KINDS  # noqa: PLC0415
    from services.jax.layers.given import Evaluating  # noqa: PLC0415

    device.prepare(jobs.spec())
    given = Evaluating(device.rounding(jobs.spec()), iter(()), iter(()))
    computed = KINDS[type(layer)].computed
    slope = jax.grad(lambda x: computed(layer, x, given).sum())(np.zeros((1, 2, 2, 1)))
    np.testing.assert_array_equal(slope.ravel(), first or [0] * 4)


def test_memory_that_runs_out_is_told_as_such():
    import jax.numpy as jnp  # noqa: PLC0415 - whichever is there

    with pytest.raises(RuntimeError) as found:
        jnp.zeros(10**13).block_until_ready()
    assert child._failure(found.value).reason == OutOfMemory.reason


def test_what_lacks_for_a_gpu_is_said(framework, monkeypatch):
    from services.jax import device  # noqa: PLC0415 - whichever is there

    with pytest.raises(DeviceUnavailable, match=r"installed without CUDA; .* install jax"):
        device.prepare(jobs.spec(device=Device.CUDA))
    monkeypatch.setattr(device, "find_spec", lambda _: object())
    with pytest.raises(DeviceUnavailable, match=r"sees no GPU; .* install NVIDIA's driver"):
        device.prepare(jobs.spec(device=Device.CUDA))


@pytest.mark.parametrize(("allowed", "highest"), [(False, True), (True, False)])
def test_on_a_gpu_products_and_convolutions_are_in_tf32_only_where_the_job_allows_it(
    framework, allowed, highest
):
    """XLA takes TF32 unless both factors are marked: what is marked can be seen anywhere."""
    import jax  # noqa: PLC0415 - whichever is there

    from services.jax import device  # noqa: PLC0415

    with pytest.raises(DeviceUnavailable):
        device.prepare(jobs.spec(device=Device.CUDA, allow_tf32=allowed))
    ones = np.ones((1, 4, 4, 4), np.float32)
    try:
        text = jax.jit(lambda x: (jax.lax.conv(x, x, (1, 1), "SAME"), x @ x)).lower(ones).as_text()
    finally:
        device.prepare(jobs.spec())
    assert text.count("HIGHEST") == (4 if highest else 0)  # two factors each


def test_on_a_gpu_xla_leaves_out_no_rounding_and_knows_how_it_is_asked(framework):
    import jax  # noqa: PLC0415 - whichever is there

    from services.jax import device  # noqa: PLC0415

    options = device.compiler_options(jobs.spec(device=Device.CUDA))
    assert options == {"xla_allow_excess_precision": False}
    assert not device.compiler_options(jobs.spec())
    assert jax.jit(lambda x: x + 1, compiler_options=options)(1) == 2
    with pytest.raises(RuntimeError, match="xla_allow_excess_precisio"):
        jax.jit(lambda x: x + 1, compiler_options={"xla_allow_excess_precisio": False})(1)


def test_on_a_gpu_memory_is_taken_when_it_is_needed_and_as_much_as_there_is(framework):
    from jaxlib import xla_client  # noqa: PLC0415 - whichever is there

    asked = xla_client.generate_pjrt_gpu_plugin_options()
    assert asked["preallocate"] is False
    assert asked["memory_fraction"] == float(os.environ["XLA_CLIENT_MEM_FRACTION"]) >= 0.95
