"""The frameworks: each is listed here once, and a third one is one more line.

Everything else reads `FRAMEWORKS`, so no other module names a framework.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # or the help of a command would import protobuf
    from twinrun.v1 import job_pb2


@dataclass(frozen=True, slots=True)
class Framework:
    """What the orchestrator knows about a framework.

    ``label``: its own spelling of its name. ``port``: where its runner listens by default.
    ``package``: what its users install.
    ``colour`` and ``marker``, by matplotlib's name, are its look everywhere: from Okabe and Ito's
    colours, which colour-blind people can distinguish. ``op_by_op``: so its default execution runs.
    ``usual``: a command takes it where none is named. ``on``: the framework whose environment it
    runs in, if not its own: it is Keras on that one.
    ``in_keras``: its own users write Keras. ``timed``: packages whose version may change a result
    or its time.
    """

    name: str
    label: str
    port: int
    colour: str
    marker: str
    op_by_op: bool = False
    package: str = ""
    usual: bool = True
    on: str = ""
    in_keras: bool = False
    timed: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """Its name where a dash cannot stand: in Python, and in environment variables."""
        return self.name.replace("-", "_")

    @property
    def version_variable(self) -> str:
        """The variable of 'make setup' for an environment of another version."""
        return f"{self.package or self.name}_version".upper()


def _keras(name: str, label: str, on: str, port: int, look: tuple[str, str]) -> Framework:
    """Return Keras on the framework ``on``, whose name in Keras is a part of ``name``."""
    return Framework(name, label, port, *look, usual=False, on=on)


FRAMEWORKS = {
    each.name: each
    for each in (
        Framework(
            *("pytorch", "PyTorch", 50051, "#D55E00", "o"),
            op_by_op=True,
            package="torch",
            timed=("torch", "torchvision", "triton"),
        ),
        Framework(
            *("tensorflow", "TensorFlow", 50052, "#0072B2", "D"),
            in_keras=True,
            timed=("tensorflow", "tensorflow-cpu", "keras"),
        ),
        Framework(
            *("jax", "JAX", 50053, "#009E73", "s"),
            usual=False,
            timed=("jax", "jaxlib", "flax", "optax", "grain"),
        ),
        _keras("keras-tensorflow", "Keras/TensorFlow", "tensorflow", 50054, ("#56B4E9", "P")),
        _keras("keras-jax", "Keras/JAX", "jax", 50055, ("#A6A000", "*")),
        _keras("keras-torch", "Keras/PyTorch", "pytorch", 50056, ("#E69F00", "v")),
    )
}


def parted(name: str) -> tuple[str, str]:
    """Return the framework that the name of a side begins with, and what follows its dash.

    A name may have a dash itself. What no framework is called ends at its first one.
    """
    known = [each for each in FRAMEWORKS if name == each or name.startswith(f"{each}-")]
    framework = max(known, key=len) if known else name.partition("-")[0]
    return framework, name[len(framework) + 1 :]


def usual() -> tuple[str, ...]:
    """Return the names of those that a command takes where none is named."""
    return tuple(name for name, each in FRAMEWORKS.items() if each.usual)


def taking_code() -> tuple[str, ...]:
    """Return the names of those that train users' own models."""
    from twinrun.contract.code import CODED  # noqa: PLC0415 - help needs nothing of twinrun

    return tuple(name for name in FRAMEWORKS if name in CODED)


def with_code(spec: "job_pb2.JobSpec") -> list[str]:
    """Return the names of those for which a job has the user's code."""
    given = {field.name for field, _ in spec.code.ListFields()}
    return [name for name in taking_code() if name in given]


def environment_of(name: str) -> str:
    """Return the folder of the environment that the runner of that name is started from."""
    framework, version = parted(name)
    known = FRAMEWORKS.get(framework)
    return "-".join([f".venv-{(known and known.on) or framework}", *filter(None, [version])])
