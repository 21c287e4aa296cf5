"""The frameworks and where their code is: a third one is one more line here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Framework:
    """Where a framework's code is.

    ``module`` exports `Trainer` and ``environment() -> Environment``, which a child calls right
    after the import; ``requires`` is the package that must be installed; ``port`` is where its
    runner listens by default.
    """

    module: str
    requires: str
    port: int


FRAMEWORKS = {
    "pytorch": Framework("services.pytorch", requires="torch", port=50051),
    "tensorflow": Framework("services.tensorflow", requires="tensorflow", port=50052),
}
