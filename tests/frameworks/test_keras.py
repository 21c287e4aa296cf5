"""Keras on this environment's framework: the same script, held against NumPy and its own name."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from services.frameworks import FRAMEWORKS
from tests.frameworks import jobs, reference
from tests.frameworks.keras_jobs import CONVOLUTIONS, DECAYS, MATCHED, THREADS

OTHER = {"torch": "tensorflow", "tensorflow": "jax", "jax": "torch"}
PLANTED = {"floatx": "float16", "epsilon": 0.5, "image_data_format": "channels_first"}


@pytest.fixture(scope="module")
def backend(name):
    """Return the name of Keras's runner here."""
    requires = FRAMEWORKS[name].requires
    if find_spec("keras") is None:
        pytest.skip(f"'make setup FRAMEWORKS=keras-{requires}' installs Keras here")
    return f"keras-{requires}"


@pytest.fixture(scope="module")
def found(backend, tmp_path_factory):
    """Train in a process whose user has set another backend, in each place where one can."""
    home = tmp_path_factory.mktemp("keras")
    other = OTHER[FRAMEWORKS[backend].requires]
    (home / "keras.json").write_text(json.dumps({**PLANTED, "backend": other}))
    planted = {
        "KERAS_BACKEND": other,
        "KERAS_HOME": str(home),
        "KERAS_MAX_EPOCHS": "0",
        "KERAS_MAX_STEPS_PER_EPOCH": "1",
    }
    # What this environment's own runner has set is not the user's.
    own = {name: v for name, v in os.environ.items() if not name.startswith("XLA_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, backend],
        env={**own, **planted},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


# The runner's own module first, as a child of it does.
PROGRAM = """
import importlib, sys
from services.frameworks import FRAMEWORKS
importlib.import_module(FRAMEWORKS[sys.argv[1]].module)
from tests.frameworks.keras_trial import main
main(sys.argv[1])
"""


def test_it_runs_on_the_backend_of_its_name_with_kerass_own_settings_whatever_the_user_has_set(
    found, backend
):
    assert found["chosen"] == {
        "backend": FRAMEWORKS[backend].requires,
        "floatx": "float32",
        "epsilon": 1e-7,
        "layout": "channels_last",
        "most": [None, None],
    }
    assert found["matched"]["framework"] == backend
    assert "Keras 3." in found["matched"]["notes"]


def test_another_backend_is_refused_in_a_sentence_that_says_what_to_do(found):
    assert "Keras runs on another here" in found["refused"]
    assert "; remove that import" in found["refused"]


@pytest.mark.parametrize(
    ("what", "job", "near"),
    # Keras computes some constants in float32 whatever the precision is.
    [
        ("matched", MATCHED, 1e-6),
        ("convolutions", CONVOLUTIONS, 1e-4),
        *((name, job, 1e-6) for name, job in DECAYS.items()),
    ],
)
def test_with_matched_values_and_order_it_is_the_formula(found, what, job, near):
    data = jobs.data(job.precision)
    losses, weights = reference.train(job, data, jobs.weights(job))
    np.testing.assert_allclose(found[what]["losses"], losses, rtol=near)
    logits = reference.forward(job, weights, data.test_images)
    np.testing.assert_allclose(found[what]["logits"], logits, rtol=near, atol=near)


def test_its_own_values_and_order_follow_from_the_seed_alone(found):
    assert found["own"]["losses"] == pytest.approx(found["again"]["losses"], rel=1e-12)
    assert found["own"]["begun"] == found["again"]["begun"]
    assert found["own"]["begun"] != found["matched"]["begun"]


@pytest.mark.parametrize("what", ["matched", "own"])
def test_a_warm_up_changes_nothing_and_what_is_handed_out_is_a_copy(found, what):
    assert found[what]["kept"]
    assert found[what]["moved"]


def test_it_computes_in_the_precision_and_with_the_threads_of_the_job(found):
    assert found["matched"]["dtype"] == "float64"
    assert found["convolutions"]["dtype"] == "float32"
    assert {found[what]["threads"] for what in ("matched", "own")} == {THREADS}


def test_it_summarises_layers_and_refuses_code(found):
    arrays = jobs.weights(MATCHED).values()
    assert found["summary"] == sum(array.size for array in arrays)
    assert "; give the job layers" in found["code"]


def test_compiled_without_a_compiler_is_refused_as_pytorchs_own_runner_does(found, backend):
    refused = found["compiler"]
    assert ("no-compiler is not to be found; install it" in refused) == (backend == "keras-torch")


def test_on_a_gpu_keras_on_jax_takes_memory_as_jaxs_own_runner_does(found, backend):
    due = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "XLA_CLIENT_MEM_FRACTION": "0.95"}
    assert found["memory"] == (due if backend == "keras-jax" else {})
