"""The frameworks and where their code is: a third one is one more line here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Framework:
    """Where a framework's code is.

    ``module`` exports `Trainer` and ``environment() -> Environment``, which a child calls right
    after the import; ``requires`` is the package that must be installed; ``port`` is where its
    runner listens by default. ``lacks``: the fields of a spec of which it refuses values that the
    others take.
    """

    module: str
    requires: str
    port: int
    lacks: frozenset[str] = frozenset()


FRAMEWORKS = {
    "pytorch": Framework("services.pytorch", requires="torch", port=50051),
    "tensorflow": Framework("services.tensorflow", requires="tensorflow", port=50052),
    "jax": Framework(
        "services.jax",
        requires="jax",
        port=50053,
        lacks=frozenset({"execution", "layers", "own_ways", "recipe"}),
    ),
}
