"""One contract for every framework: run it in each framework's environment."""

import gc
import importlib
import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
from twinrun.contract.enums import Execution, Loop, Precision

from services.errors import Unsupported
from services.frameworks import FRAMEWORKS
from services.trial.trace import Traced
from tests.frameworks import code_models, jobs
from tests.frameworks.device_faults import DEVICES

# Few optimisations, and XLA's older way to write fused operations: less than half the time to
# compile, and the same arithmetic.
XLA_FLAGS = (
    "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0 "
    "--xla_llvm_disable_expensive_passes=true"
)


@pytest.fixture(scope="session")
def name() -> str:
    """Return the framework of this environment."""
    installed = [
        name for name, each in FRAMEWORKS.items() if not each.keras and find_spec(each.requires)
    ]
    if len(installed) != 1:
        pytest.fail(f"one of {sorted(FRAMEWORKS)} must be installed, but there are {installed}")
    return installed[0]


def pytest_sessionstart() -> None:
    """Make the threads and the parts of the CPU, once, before a test's module makes an array."""
    os.environ["XLA_FLAGS"] = XLA_FLAGS
    for name in ("tensorflow", "jax"):
        if find_spec(FRAMEWORKS[name].requires):
            device = importlib.import_module(f"services.{name}.device")
            device.prepare(jobs.spec(devices=DEVICES))


@pytest.fixture(scope="session")
def framework(name: str) -> ModuleType:
    """Return its module: `Trainer` and `environment`."""
    module = importlib.import_module(FRAMEWORKS[name].module)
    gc.collect()
    gc.freeze()  # what the framework consists of is not looked through again and again
    return module


@pytest.fixture(scope="session", autouse=True)
def short_compilations(
    framework: ModuleType, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Have the C++ of PyTorch's compiled graphs built without optimisations, and without SIMD.

    As plain loops, a graph takes a third less to compile than by -O1 and with vectors: it is
    written once, not for vectors and for the rest. And let JAX compile each program once. What
    users get is held by tests/system.
    """
    if name == "jax":
        config = importlib.import_module("jax").config
        config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("compiled")))
        config.update("jax_persistent_cache_min_compile_time_secs", 0)
        config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    if name == "pytorch":
        config = importlib.import_module("torch._inductor.config")
        config.cpp.simdlen = 1
        config.aot_inductor.compile_wrapper_opt_level = "O0"
        builder = importlib.import_module("torch._inductor.cpp_builder")
        flags = builder._get_optimization_cflags
        builder._get_optimization_cflags = lambda compiler, _least=False: flags(compiler, True)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Skip what a framework says that it lacks, and what it would only do again."""
    given = pyfuncitem.funcargs
    if given.get("name") == "jax" and given.get("execution") is Execution.COMPILED:
        pytest.skip("JAX's compiled execution is its default: test_jax.py, test_branches.py")
    if given.get("name") == "jax" and given.get("loop") is Loop.CUSTOM:
        pytest.skip("JAX's loops are one program: test_branches.py")
    try:
        return (yield)
    except Unsupported as refused:
        lacks = FRAMEWORKS[pyfuncitem.funcargs["name"]].lacks
        if refused.metadata.get("field") in lacks:
            pytest.skip(str(refused))
        raise


@pytest.fixture
def rounds_once(framework: ModuleType, name: str) -> None:
    """Skip what takes a CPU whose kernels round a product to bfloat16 once."""
    try:
        importlib.import_module(f"services.{name}.device").prepare(
            jobs.spec(precision=Precision.BFLOAT16)
        )
    except Unsupported as error:
        pytest.skip(str(error))


def _skip_without(name: str, field: str) -> None:
    if field in FRAMEWORKS[name].lacks:
        pytest.skip(f"{name} lacks what this asks of {field}")


@pytest.fixture
def takes_code(name: str) -> None:
    """Skip what is of users' own models where the framework takes none."""
    _skip_without(name, "code")


@pytest.fixture
def has_idiomatic(name: str) -> None:
    """Skip what is of the idiomatic recipe where the framework has none."""
    _skip_without(name, "recipe")


@pytest.fixture
def only_in_tensorflow(name: str) -> None:
    """Skip what is of Keras's models alone."""
    if name != "tensorflow":
        pytest.skip("TensorFlow's")


@pytest.fixture
def trace(framework: ModuleType, tmp_path: Path) -> Callable[..., Traced]:
    """Return what traces the Keras model of a text."""
    return code_models.tracing(framework, tmp_path)
