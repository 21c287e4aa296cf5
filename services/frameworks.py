"""The frameworks and where their code is: a third one is one more line here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Framework:
    """Where a framework's code is.

    ``module`` exports `Trainer` and ``environment() -> Environment``, which a child calls right
    after the import; ``requires`` is the package that must be installed; ``port`` is where its
    runner listens by default. ``lacks``: the fields of a spec of which it refuses values that the
    others take. ``out_of_memory``: how its errors say that memory ran out, by their name or in
    their text. ``keras``: it is Keras on ``requires``, and needs both.
    """

    module: str
    requires: str
    port: int
    lacks: frozenset[str] = frozenset()
    out_of_memory: tuple[str, ...] = ()
    keras: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """The packages that must be installed."""
        return (self.requires, *(["keras"] if self.keras else []))


def _on_keras(backend: str, port: int) -> Framework:
    return Framework(f"services.keras.backends.{backend}", backend, port, keras=True)


FRAMEWORKS = {
    "pytorch": Framework(
        "services.pytorch",
        requires="torch",
        port=50051,
        out_of_memory=("OutOfMemoryError", "can't allocate memory"),  # on a GPU, on a CPU
    ),
    "tensorflow": Framework(
        "services.tensorflow",
        requires="tensorflow",
        port=50052,
        lacks=frozenset({"devices"}),
        out_of_memory=("ResourceExhaustedError",),
    ),
    "jax": Framework(
        "services.jax",
        requires="jax",
        port=50053,
        lacks=frozenset({"dataset.arrays.files", "devices", "execution", "own_ways"}),
        out_of_memory=("RESOURCE_EXHAUSTED",),
    ),
    "keras-tensorflow": _on_keras("tensorflow", 50054),
    "keras-jax": _on_keras("jax", 50055),
    "keras-torch": _on_keras("torch", 50056),
}


def own() -> dict[str, Framework]:
    """Return those with a folder and an environment of their own: Keras is on one of them."""
    return {name: each for name, each in FRAMEWORKS.items() if not each.keras}
