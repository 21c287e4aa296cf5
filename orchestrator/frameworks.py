"""The frameworks: each is listed here once, and a third one is one more line.

Everything else reads `FRAMEWORKS`, so no other module names a framework.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Framework:
    """What the orchestrator knows about a framework.

    ``label``: its own spelling of its name. ``port``: where its runner listens by default.
    ``package``: what its users install.
    ``colour`` and ``marker``, by matplotlib's name, are its look everywhere: from Okabe and Ito's
    colours, which colour-blind people can distinguish. ``op_by_op``: so its default execution runs.
    ``usual``: a command takes it where none is named. ``takes_code``: it trains users' own models.
    """

    name: str
    label: str
    port: int
    colour: str
    marker: str
    op_by_op: bool = False
    package: str = ""
    usual: bool = True
    takes_code: bool = True

    @property
    def version_variable(self) -> str:
        """The variable of 'make setup' for an environment of another version."""
        return f"{self.package or self.name}_version".upper()


FRAMEWORKS = {
    each.name: each
    for each in (
        Framework("pytorch", "PyTorch", 50051, "#D55E00", "o", op_by_op=True, package="torch"),
        Framework("tensorflow", "TensorFlow", 50052, "#0072B2", "D"),
        Framework("jax", "JAX", 50053, "#009E73", "s", usual=False),
    )
}


def usual() -> tuple[str, ...]:
    """Return the names of those that a command takes where none is named."""
    return tuple(name for name, each in FRAMEWORKS.items() if each.usual)


def taking_code() -> tuple[str, ...]:
    """Return the names of those that train users' own models."""
    return tuple(name for name, each in FRAMEWORKS.items() if each.takes_code)
