"""Whether a runner has the version of its framework that a side asks for."""

from twinrun.v1 import job_pb2

from orchestrator.errors import WrongRunner
from orchestrator.frameworks import FRAMEWORKS
from orchestrator.language.phrases import Phrase, english

_OTHER = Phrase(
    "The {framework} runner at {address} has version {found} of its framework, not {version}. Give "
    "the address of one that has it, or name the side {framework}-{found}; if it was started from "
    ".venv-{framework}-{version} here, remove that directory and run 'make setup "
    "{variable}={version}' again."
)


def is_of(version: str, found: str) -> bool:
    """Return whether ``found`` is the version, or one that begins with it: 2.13.1+cpu is 2.13."""
    known = found.partition("+")[0].replace("-", "").split(".")
    asked = version.split(".")
    return known[: len(asked)] == asked


def require(framework: str, version: str, address: str, environment: job_pb2.Environment) -> None:
    """Check the version of a runner's framework; empty: any. Raises WrongRunner."""
    found = environment.framework_version
    if version and not is_of(version, found):
        names = {"framework": framework, "version": version, "found": found.partition("+")[0]}
        variable = FRAMEWORKS[framework].version_variable
        raise WrongRunner(english(_OTHER, **names, address=address, variable=variable))
