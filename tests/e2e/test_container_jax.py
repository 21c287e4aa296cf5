"""JAX's container, which a plain `make up` leaves out, beside another's."""

import pytest

from tests.e2e.containers import (
    JAX_IMAGE,
    JAX_PORT,
    SMALL,
    container,
    docker,
    inspect,
    left_over,
    make,
    run,
)

WHERE = f"--jax=127.0.0.1:{JAX_PORT}"
PAIR = "--frameworks=tensorflow,jax"


@pytest.fixture
def pair(down) -> str:
    """What was said of JAX's container and TensorFlow's, once healthy."""
    return make("up", FRAMEWORKS="tensorflow,jax").stdout


def test_it_starts_when_it_is_asked_for_and_trains_the_same_job(pair, orchestrator):
    assert not container("pytorch")
    assert f"jax         127.0.0.1:{JAX_PORT}  jax 0." in pair
    assert "The same job" in orchestrator("verify", PAIR, WHERE, *SMALL).stdout
    host = inspect(container("jax"))
    assert host["Config"]["User"] == "10001:10001"
    assert host["HostConfig"]["ReadonlyRootfs"] is True
    assert host["Config"]["Image"] == JAX_IMAGE
    assert "Twinrun: the runner of jax" in host["Config"]["Labels"].values()
    train = ("compose", "run", "--rm", "-T", "orchestrator", "train", "--framework=jax", *SMALL)
    assert "test accuracy" in docker(*train, code=0)
    make("down")
    assert not left_over()


def test_an_image_of_a_build_that_is_none_is_refused():
    done = run(["make", "up-jax", "JAX=rocm"], code=2)
    assert "The build of jax is 'rocm'; give cpu or cuda" in done.stdout + done.stderr
